import type { BpfProgram } from '../bpf/program.js'
import type { JitedFunction } from '../bpf/programs/jited.js'
import type { XlatedInstruction } from '../bpf/programs/listing.js'
import type { StructOpsMember } from '../bpf/programs/membership.js'
import type { Program } from '../bpf/programs/program-object.js'
import type { ProgramStreams } from '../bpf/programs/streams.js'
import { type FigureJson, figureJson } from '../problems.js'
import { type Address, hexAddress } from './json.js'
import { type LinkJson, linkJson } from './links.js'
import { jsonOf } from './shape.js'

/**
 * A program: counters are decimal text, since they outgrow what JSON numbers hold; null where the program has none, or they
 * cannot be read.
 */
export interface ProgramJson {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly tag: string
  readonly verifiedInsns: number
  readonly xlatedSize: number
  readonly jitedSize: FigureJson
  readonly runCount: string | null
  readonly runTimeNs: string | null
  readonly recursionMisses: string | null
  readonly mapIds: readonly number[]
  /** 0 when it has none, null when that cannot be read. */
  readonly btfId: number | null
  /** Since boot. */
  readonly loadTimeNs: string
  readonly address: Address
  /** Null when it is interpreted. */
  readonly jitedAddress: Address | null
}

export function progJson(program: BpfProgram): ProgramJson {
  const { id, name, type, tag, verifiedInstructions, xlatedSize, jitedSize, mapIds, btfId } = program
  return {
    id,
    name,
    type,
    tag,
    verifiedInsns: verifiedInstructions,
    xlatedSize,
    jitedSize: figureJson(jitedSize),
    runCount: decimal(program.runCount),
    runTimeNs: decimal(program.runTime),
    recursionMisses: decimal(program.recursionMisses),
    mapIds,
    btfId: btfId ?? null,
    loadTimeNs: String(program.loadTime),
    address: hexAddress(program.address),
    jitedAddress: program.jitedAddress === 0n ? null : hexAddress(program.jitedAddress),
  }
}

function decimal(count: bigint | undefined): string | null {
  return count === undefined ? null : String(count)
}

/** A program of struct_ops and the member that it stands for. */
export const structOpsMemberJson = jsonOf<StructOpsMember>()({ trampoline: 'address' })
export type StructOpsMemberJson = ReturnType<typeof structOpsMemberJson>

/** A program with what only looking closer gives. */
export interface WholeProgramJson extends ProgramJson {
  /** Whether the kernel counts runs; null where that cannot be read. */
  readonly countsRuns: boolean | null
  readonly structOps: readonly StructOpsMemberJson[]
  readonly links: readonly LinkJson[]
  readonly streams: StreamsJson | null
}

/** What a program printed to each stream; what could be read of it, and why not all, where a part is lost. */
export interface StreamsJson {
  readonly stdout: FigureJson<string>
  readonly stderr: FigureJson<string>
}

export function streamsJson({ stdout, stderr }: ProgramStreams): StreamsJson {
  return { stdout: figureJson(stdout), stderr: figureJson(stderr) }
}

/** What is shown of a stream: what it says, and that there was more. */
export function streamText(text: FigureJson<string>): string {
  if (typeof text === 'string') return text
  return text === null ? 'it could not be read' : `${text.atLeast} (not all could be read: ${text.why})`
}

export function programJson(program: Program): WholeProgramJson {
  const { streams } = program
  return {
    ...progJson(program),
    countsRuns: program.countsRuns ?? null,
    structOps: program.structOps.map(structOpsMemberJson),
    links: program.links.map(linkJson),
    streams: streams === undefined ? null : streamsJson(streams),
  }
}

/** An instruction, and what starts at it. */
export function instructionJson(instruction: XlatedInstruction): Record<string, unknown> {
  const { index, text, bytes, function: start, line, map, symbol } = instruction
  return {
    index,
    text,
    hex: Buffer.from(bytes).toString('hex'),
    function: start?.name,
    line: line === undefined ? undefined : { ...line, instruction: undefined },
    map,
    symbol,
  }
}

/** A function's machine code. */
export function jitedFunctionJson({
  symbol,
  name,
  address,
  bytes,
  lines,
}: JitedFunction): Record<string, unknown> {
  return {
    symbol,
    name,
    address: hexAddress(address),
    hex: Buffer.from(bytes).toString('hex'),
    lines: lines.map(({ offset, line }) => ({ offset, ...line, instruction: undefined })),
  }
}
