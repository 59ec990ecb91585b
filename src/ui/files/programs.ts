import { listingLines } from '../../bpf/programs/listing-text.js'
import type { Program } from '../../bpf/programs/program-object.js'
import { programJson } from '../../contract/programs.js'
import { escapeText } from '../../text.js'
import { byNameEntries } from './by-name.js'
import { fileName } from './names.js'
import { type Directory, type Entry, link } from './node.js'
import { type ProblemNotes, section } from './section.js'
import { bytesFile, jsonFile, placed, textFile, type View } from './view.js'

export function programsDirectory(view: View): Directory {
  return section({
    title: 'BPF programs',
    about: 'Every BPF program of the kernel.',
    parts: [
      ['by-id/<id>/', 'one program, by the id that bpftool shows'],
      ['by-name/<name>', 'the same by name; programs that share a name are called `<name>@<id>`'],
    ],
    commands: ['progs', 'prog'],
    cache: view.cache,
    entries: (notes) => [
      ['by-id', byId(view, notes)],
      [
        'by-name',
        section({
          title: 'BPF programs by name',
          about: 'Links to the programs, by name.',
          parts: [['<name>', 'a link to `../by-id/<id>`']],
          commands: ['progs', 'prog'],
          cache: view.cache,
          entries: () => byNameEntries(view.session.progs, (id) => `../by-id/${id}`),
        }),
      ],
    ],
  })
}

function byId(view: View, notes: ProblemNotes): Directory {
  return section({
    title: 'BPF programs by id',
    about: 'One directory for each program.',
    parts: [['<id>/', 'one program']],
    commands: ['progs', 'prog'],
    cache: view.cache,
    entries: () => {
      const found = view.session.progs
      for (const problem of view.session.problems) notes.add('progs', problem)
      return found.map(({ id }): Entry => [String(id), () => programDirectory(view, view.session.prog(id))])
    },
  })
}

function programDirectory(view: View, program: Program): Directory {
  const name = program.name === '' ? 'unnamed' : program.name
  return section({
    title: `Program ${program.id}`,
    about: `${escapeText(name)}, ${program.type}, at 0x${program.address.toString(16)}.`,
    parts: [['maps/', 'links to the maps that it uses']],
    commands: ['prog'],
    attributes: placed(`struct bpf_prog (${program.type})`, program.address),
    cache: view.cache,
    entries: (notes) => [
      [
        'info.json',
        jsonFile(view, 'the whole: `cryoscope prog TARGET ID --json`', () => {
          const fresh = view.session.prog(program.id)
          const made = { ...programJson(fresh), problems: fresh.problems }
          noteAll(notes, fresh)
          return made
        }),
      ],
      [
        'xlated.txt',
        textFile(view, 'its instructions: `cryoscope prog TARGET ID --xlated`', () => {
          const text = [...listingLines(program.xlated, { opcodes: false, lineNumbers: false, names: true })]
          noteAll(notes, program)
          return `${text.join('\n')}\n`
        }),
      ],
      [
        'jited.bin',
        bytesFile(
          view,
          'its machine code, all functions one after the other; empty when it is interpreted',
          () => {
            const code = Buffer.concat(program.jited.map(({ bytes }) => bytes))
            noteAll(notes, program)
            return code
          },
        ),
      ],
      ['stats.json', jsonFile(view, 'how often it ran and how long', () => statistics(program))],
      ['maps', usedMaps(view, program)],
    ],
  })
}

function noteAll(notes: ProblemNotes, program: Program): void {
  for (const { where, why } of program.problems) notes.add(where, why)
}

/** The counters among what `prog --json` says. */
function statistics(program: Program): Record<string, unknown> {
  const { id, runCount, runTimeNs, recursionMisses, countsRuns } = programJson(program)
  return { id, runCount, runTimeNs, recursionMisses, countsRuns }
}

function usedMaps(view: View, program: Program): Directory {
  return section({
    title: `Maps of program ${program.id}`,
    about: 'Links to the maps that the program uses, by id and name.',
    commands: ['map'],
    cache: view.cache,
    entries: () => {
      const names = new Map(view.session.maps.map(({ id, name }) => [id, name]))
      return program.mapIds.map((id): Entry => {
        const name = names.get(id) ?? ''
        return [name === '' ? String(id) : `${id}-${fileName(name)}`, link(`../../../../maps/by-id/${id}`)]
      })
    },
  })
}
