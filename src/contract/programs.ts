import type { BpfProgram } from '../bpf/program.js'
import type { JitedFunction } from '../bpf/programs/jited.js'
import type { BpfLink } from '../bpf/programs/links.js'
import type { XlatedInstruction } from '../bpf/programs/listing.js'
import type { Program } from '../bpf/programs/program-object.js'
import { detailsJson } from './details.js'
import { hexAddress } from './json.js'

/**
 * A program as the contract has it: counters are decimal text, since they outgrow what JSON numbers hold; null where the
 * program has none.
 */
export function progJson(program: BpfProgram): Record<string, unknown> {
  const { id, name, type, tag, verifiedInstructions, xlatedSize, jitedSize, mapIds, btfId } = program
  return {
    id,
    name,
    type,
    tag,
    verifiedInsns: verifiedInstructions,
    xlatedSize,
    jitedSize,
    runCount: decimal(program.runCount),
    runTimeNs: decimal(program.runTime),
    recursionMisses: decimal(program.recursionMisses),
    mapIds,
    btfId,
    loadTimeNs: String(program.loadTime),
    address: hexAddress(program.address),
    jitedAddress: program.jitedAddress === 0n ? null : hexAddress(program.jitedAddress),
  }
}

function decimal(count: bigint | undefined): string | null {
  return count === undefined ? null : String(count)
}

/** A program as the contract has it, with what only looking closer gives. */
export function programJson(program: Program): Record<string, unknown> {
  return {
    ...progJson(program),
    countsRuns: program.countsRuns ?? null,
    structOps: program.structOps.map((member) => detailsJson(member)),
    links: program.links.map(linkJson),
    streams: program.streams ?? null,
  }
}

export function xlatedJson(listing: readonly XlatedInstruction[]): unknown[] {
  return listing.map(({ index, text, bytes, function: start, line, map, symbol }) => ({
    index,
    text,
    hex: Buffer.from(bytes).toString('hex'),
    function: start?.name,
    line: line === undefined ? undefined : { ...line, instruction: undefined },
    map,
    symbol,
  }))
}

export function jitedJson(functions: readonly JitedFunction[]): unknown[] {
  return functions.map(({ symbol, name, address, bytes, lines }) => ({
    symbol,
    name,
    address: hexAddress(address),
    hex: Buffer.from(bytes).toString('hex'),
    lines: lines.map(({ offset, line }) => ({ offset, ...line, instruction: undefined })),
  }))
}

function linkJson({ id, type, programId, attachType, target, address }: BpfLink): Record<string, unknown> {
  return {
    id,
    type,
    programId,
    attachType,
    target: detailsJson(target),
    address: hexAddress(address),
  }
}
