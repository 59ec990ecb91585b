import type { BpfProgram } from '../../bpf/program.js'
import type { BpfLink } from '../../bpf/programs/links.js'
import { structOpsMembers } from '../../bpf/programs/membership.js'
import { countsRuns } from '../../bpf/programs/statistics.js'
import { readStreams } from '../../bpf/programs/streams.js'
import {
  type StreamsJson,
  type StructOpsMemberJson,
  streamsJson,
  structOpsMemberJson,
} from '../../contract/programs.js'
import { idrEntries } from '../../kernel/walk/xarray.js'
import { Problems } from '../../problems.js'
import type { Session } from '../../session/session.js'
import type { ProblemCode } from '../schema.js'
import type { SectionNotes } from '../sections.js'

export interface ReportStructOps {
  /** Every function of every struct_ops map that has a program. */
  readonly members: readonly StructOpsMemberJson[]
}

/** What a program printed to its streams and nobody has read yet, as it wrote it. */
export interface ReportStreams extends StreamsJson {
  readonly programId: number
  readonly name: string
}

export function readPrograms(vm: Session, notes: SectionNotes): BpfProgram[] {
  const found = [...vm.progs]
  expectIds(vm, 'prog_idr', 'program', found, notes)
  if (countsRuns(vm.kernel) === false)
    notes.note(
      'program',
      'section:programs',
      'the kernel does not count runs (sysctl kernel.bpf_stats_enabled)',
    )
  return found
}

/** Those of programs that printed anything. */
export function readPrinted(
  { kernel }: Session,
  programs: readonly BpfProgram[],
  notes: SectionNotes,
): ReportStreams[] {
  return programs.flatMap(({ id, name, address }) => {
    const problems = new Problems()
    const streams = notes.attempt('program', `program:${id}`, () =>
      readStreams(kernel, kernel.struct('bpf_prog', address).pointer('aux'), problems),
    )
    for (const { where, why } of problems.list) notes.lost('program', `program:${id}`, `${where}: ${why}`)
    if (streams === undefined) return []
    const json = streamsJson(streams)
    return json.stdout === '' && json.stderr === '' ? [] : [{ programId: id, name, ...json }]
  })
}

export function readLinks(vm: Session, notes: SectionNotes): BpfLink[] {
  const found = [...vm.links]
  expectIds(vm, 'link_idr', 'link', found, notes)
  return found
}

export function readStructOps(vm: Session, notes: SectionNotes): ReportStructOps {
  const infos = vm.maps.map(({ info }) => info)
  const problems = new Problems()
  const members = structOpsMembers(vm.kernel, infos, problems)
  for (const { where, why } of problems.list) notes.lost('program', where, why)
  notes.obtained = members.length
  return { members: members.map(structOpsMemberJson) }
}

/** Objects that have an id and are not among the found ones are named, each with its reason. */
export function expectIds(
  vm: Session,
  idr: string,
  kind: 'program' | 'link' | 'map',
  found: readonly { readonly id: number }[],
  notes: SectionNotes,
): void {
  const code: ProblemCode = kind
  const at = vm.kernel.findSymbol(idr)
  if (at === undefined) {
    notes.unavailable('absent', `the kernel has no ${idr}`)
    return
  }
  const problems = new Problems()
  const ids = [...idrEntries(vm.kernel, at, problems, idr)].map(({ index }) => index)
  for (const sentence of problems.sentences) notes.lost(code, idr, sentence)
  const known = new Set(found.map(({ id }) => id))
  notes.expected = ids.length
  notes.obtained = found.length
  const about = new RegExp(`\\b${kind} (\\d+)\\b`)
  const said = new Map<number, string>()
  for (const problem of vm.problems) {
    const id = Number(about.exec(problem)?.[1] ?? Number.NaN)
    if (!Number.isNaN(id)) said.set(id, problem)
  }
  for (const id of ids)
    if (!known.has(id)) notes.lost(code, `${kind}:${id}`, said.get(id) ?? 'it has an id and cannot be read')
    else if (said.has(id)) notes.lost(code, `${kind}:${id}`, said.get(id) ?? '')
}
