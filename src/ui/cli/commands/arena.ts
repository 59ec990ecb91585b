import type { Arena, ArenaPlace } from '../../../bpf/arena/arena.js'
import { typeName } from '../../../btf/type-name.js'
import { arenaContentsJson, placeJson } from '../../../contract/arenas.js'
import { hexAddress, jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import { describeProblem } from '../../../memory/types.js'
import { pairLines } from '../../../present/text/lines.js'
import { problemText } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import { sizeText } from '../../../units.js'
import { hexOf } from '../../../value/bytes.js'
import type { Value } from '../../../value/types.js'
import { defineCommand, required } from '../definition.js'
import { parseWhole } from '../numbers.js'
import type { Output } from '../output.js'
import {
  noteProblems,
  objectOption,
  onlyProvenOption,
  type PointerOptions,
  targetHelp,
  withTarget,
} from '../target.js'

interface Options extends PointerOptions {
  readonly read?: string
  readonly as?: string
  readonly length?: string
  readonly json?: boolean
}

const defaultLength = 64

export const arena = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<arena>', 'its name or id (cryoscope arenas)')
      .option('--read <address>', 'what lies at this address: 0x…, as programs have it, or its low 32 bits')
      .option('--as <type>', "with --read: as this C type ('struct task_ctx')")
      .option('--length <bytes>', `with --read: so many bytes (${defaultLength} unless told)`)
      .option(...objectOption)
      .option(...onlyProvenOption)
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    if (options.read === undefined && (options.as !== undefined || options.length !== undefined)) {
      throw new CryoscopeError('usage', '--as and --length say how to read; say where with --read ADDRESS')
    }
    if (options.as !== undefined && options.length !== undefined) {
      throw new CryoscopeError('usage', '--as and --length exclude each other: a type has its own length')
    }
    await withTarget(
      required(call, 0),
      output,
      async (session) => {
        const found = session.arena(required(call, 1))
        if (options.read !== undefined) await readAt(output, found, options.read, options)
        else if (options.json) await output.line(jsonText(arenaContentsJson(found)))
        else await printArena(output, found)
        noteProblems(output, [...session.problems, ...found.problems.map(problemText)])
      },
      options,
    )
    return 0
  },
})

async function printArena(output: Output, found: Arena): Promise<void> {
  const { window, pages, allocatedPages, globalSections, users, allocators, strays } = found
  const pairs: [string, string][] = [
    ['arena', `${found.name} (${found.id})`],
    ['user', `${hexAddress(window.userStart)} to ${hexAddress(window.userEnd)}`],
    ['kernel', window.kernelStart === 0n ? 'not known' : `${hexAddress(window.kernelStart)} is place 0`],
    ['pages', `${pages.length} of ${window.declaredPages} (${sizeText(pages.length * 4096)})`],
    ['handed out', allocatedPages === undefined ? 'not known' : `${allocatedPages} pages`],
    ['programs', users.length === 0 ? 'none' : users.map(({ name }) => name).join(', ')],
    ['allocators', allocators.length === 0 ? 'none known' : allocators.map(({ name }) => name).join(', ')],
    ...globalSections.map(({ evidence }): [string, string] => ['variables', evidence]),
  ]
  const escaped = pairs.map(([label, text]): [string, string] => [label, escapeText(text)])
  await output.line(pairLines(escaped, output.columns).join('\n'))
  const { globals } = found
  if (typeof globals === 'object' && '$format' in globals)
    await output.line(globals.$format({ columns: output.columns }))
  for (const { from, why } of strays) output.note(`${escapeText(from)} leads nowhere: ${why}`)
}

async function readAt(output: Output, found: Arena, where: string, options: Options): Promise<void> {
  if (!/^0x[0-9a-f]{1,16}$/i.test(where)) {
    throw new CryoscopeError('usage', `"${escapeText(where)}" is no address; write it as 0x100000001000`)
  }
  const address = BigInt(where)
  const place = found.describe(address)
  const value = options.as === undefined ? undefined : found.at(address, options.as)
  const length = options.length === undefined ? defaultLength : parseWhole(options.length, '--length', 1)
  const read = found.read(address, options.as === undefined ? length : 1)
  if (!read.ok && read.bytes.length === 0) {
    throw new CryoscopeError('unreadable', `${describeProblem(read.problem)}; ${pageText(place)}`)
  }
  const hex = options.as === undefined ? hexOf(read.bytes) : undefined
  if (options.json) {
    const shown = value === undefined ? {} : { type: options.as, value }
    await output.line(
      jsonText({
        ...placeJson(place, place.object?.type === undefined ? undefined : typeName(place.object.type)),
        ...(hex === undefined ? shown : { hex }),
      }),
    )
    return
  }
  await output.line(output.bold(escapeText(`${hexAddress(place.address)} ${place.text}`)))
  await output.line(
    value === undefined ? hexLines(hex ?? '', output.columns) : valueText(value, output.columns),
  )
}

function pageText({ page }: ArenaPlace): string {
  switch (page) {
    case 'free':
      return 'the page is free'
    case 'absent':
      return 'the page is handed out, but has no memory'
    case 'present':
      return 'the page is there'
    case 'unreadable':
      return 'the page may be there; this target does not hold it'
  }
}

function valueText(value: Value, columns: number): string {
  return typeof value === 'object' && '$format' in value
    ? value.$format({ columns })
    : escapeText(String(value))
}

function hexLines(hex: string, columns: number): string {
  const bytesPerLine = columns >= 64 ? 32 : 16
  return (hex.match(new RegExp(`.{1,${bytesPerLine * 2}}`, 'g')) ?? []).join('\n')
}
