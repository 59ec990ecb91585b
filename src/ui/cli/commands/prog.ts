import { listingLines } from '../../../bpf/programs/listing-text.js'
import type { Program } from '../../../bpf/programs/program-object.js'
import { hexAddress, jsonText } from '../../../contract/json.js'
import { instructionJson, jitedFunctionJson, programJson, streamText } from '../../../contract/programs.js'
import { CryoscopeError } from '../../../errors.js'
import { linkText } from '../../../present/columns/links.js'
import { codeLines, type Decode } from '../../../present/machine-code/rows.js'
import { pairLines } from '../../../present/text/lines.js'
import { figureJson, figureText } from '../../../problems.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import type { Output } from '../output.js'
import { missedText, runsText } from '../program-counters.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'

interface Options {
  readonly xlated?: boolean
  readonly jited?: boolean
  readonly opcodes?: boolean
  readonly linum?: boolean
  readonly json?: boolean
}

export const prog = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<program>', 'its name or id (cryoscope progs)')
      .option('--xlated', 'its instructions as the verifier left them')
      .option('--opcodes', 'the bytes of each instruction too')
      .option('--linum', 'with --xlated: file, line and column of source lines too')
      .option('--jited', 'its machine code, with source lines and symbols')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    check(options)
    await withTarget(required(call, 0), output, async (session) => {
      const found = session.prog(required(call, 1))
      if (options.json) await output.line(jsonText(document(found, options)))
      else if (options.xlated) await printXlated(output, found, options)
      else if (options.jited) await printJited(output, session, found, options)
      else await output.line(pairLines(pairs(session, found), output.columns).join('\n'))
      for (const { where, why } of found.problems) output.note(`${where}: ${why}`)
      noteProblems(output, session.problems)
    })
    return 0
  },
})

function check({ xlated, jited, opcodes, linum }: Options): void {
  if (xlated && jited) {
    throw new CryoscopeError('usage', '--xlated and --jited exclude each other: take one of them')
  }
  if (opcodes && !xlated && !jited) {
    throw new CryoscopeError('usage', '--opcodes says more about --xlated and --jited: add one of them')
  }
  if (linum && !xlated) throw new CryoscopeError('usage', '--linum says more about --xlated: add it')
}

function document(program: Program, { xlated, jited }: Options): Record<string, unknown> {
  return {
    ...programJson(program),
    ...(xlated ? { xlated: program.xlated.map(instructionJson) } : {}),
    ...(jited ? { jited: program.jited.map(jitedFunctionJson) } : {}),
    problems: program.problems,
  }
}

async function printXlated(output: Output, program: Program, options: Options): Promise<void> {
  const { opcodes = false, linum = false } = options
  const lines = listingLines(program.xlated, { opcodes, lineNumbers: linum, names: true })
  await output.line([...lines].join('\n'))
}

async function printJited(
  output: Output,
  { kernel }: Session,
  program: Program,
  { opcodes = false }: Options,
): Promise<void> {
  const functions = program.jited
  if (functions.length === 0) {
    output.note('this program has no machine code that can be read: it is interpreted, or see above')
    return
  }
  // Loaded only here: it takes longer than all else.
  const { Disassembler } = await import('../../../present/machine-code/disassembler.js')
  const disassembler = await Disassembler.load(kernel.space.format.architecture)
  const decode: Decode = (bytes, address) => disassembler.decode(bytes, address, (at) => kernel.symbolize(at))
  await output.line([...codeLines(functions, decode, { opcodes })].join('\n'))
}

function pairs(session: Session, program: Program): [string, string][] {
  const names = new Map(session.maps.map((map) => [map.id, map.name]))
  const maps = program.mapIds.map((id) => `${names.get(id) || 'unnamed'} (${id})`)
  const jited =
    program.jitedAddress === 0n
      ? 'no: interpreted'
      : `${figureText(program.jitedSize)} bytes, entry at ${hexAddress(program.jitedAddress)}`
  const members = program.structOps.map(({ mapName, mapId, member }) => `${member} of ${mapName} (${mapId})`)
  const links = program.links.map(linkText)
  const { streams } = program
  const printed = (['stdout', 'stderr'] as const).flatMap((name): [string, string][] => {
    const text = streams === undefined ? '' : streamText(figureJson(streams[name]))
    return text === '' ? [] : [[name, text]]
  })
  return (
    [
      ['program', `${program.name === '' ? 'unnamed' : program.name} (${program.id})`],
      ['type', program.type],
      ['tag', program.tag],
      ['runs', runsText(program)],
      ['missed', missedText(program)],
      ['verified', `${program.verifiedInstructions} instructions`],
      ['translated', `${program.xlatedSize} bytes`],
      ['jited', jited],
      ['loaded', `${(Number(program.loadTime) / 1e9).toFixed(3)} s after boot`],
      ['maps', maps.length === 0 ? 'none' : maps.join(', ')],
      ['links', links.length === 0 ? 'none' : links.join(', ')],
      ...(members.length === 0 ? [] : [['struct_ops', members.join(', ')] as const]),
      ...printed,
      ['bpf_prog', hexAddress(program.address)],
    ] as const
  ).map(([label, value]) => [label, escapeText(value)])
}
