import type { JitedFunction } from '../../bpf/programs/jited.js'
import { hexBytes, lineText } from '../../bpf/programs/listing-text.js'
import type { MachineInstruction } from './disassembler.js'

/** A line of a listing of machine code. Texts are escaped for a terminal. */
export type CodeRow =
  | { readonly kind: 'function'; readonly name: string; readonly address: bigint; readonly size: number }
  | { readonly kind: 'source'; readonly text: string }
  /** `offset` from the function's start; the text is an instruction or up to sixteen bytes. */
  | { readonly kind: 'code'; readonly offset: number; readonly text: string }

export type Decode = (bytes: Uint8Array, address: bigint) => readonly MachineInstruction[]

/** Machine code under the source lines that it comes from: instructions, and bytes where there are none. */
export function* codeRows(functions: readonly JitedFunction[], decode: Decode): Generator<CodeRow> {
  for (const { symbol, name, address, bytes, lines } of functions) {
    yield { kind: 'function', name: symbol ?? name ?? 'unnamed', address, size: bytes.length }
    const sources = lines.toSorted((a, b) => a.offset - b.offset)
    let next = 0
    const instructions = decode(bytes, address)
    for (const { offset, text } of [...placed(instructions, address), ...rest(bytes, instructions)]) {
      for (
        let source = sources[next];
        source !== undefined && source.offset <= offset;
        source = sources[++next]
      )
        yield { kind: 'source', text: lineText(source.line) }
      yield { kind: 'code', offset, text }
    }
  }
}

function* placed(
  instructions: readonly MachineInstruction[],
  start: bigint,
): Generator<{ offset: number; text: string }> {
  for (const { address, text } of instructions) yield { offset: Number(address - start), text }
}

/** What follows the last instruction, as bytes. */
function* rest(
  bytes: Uint8Array,
  instructions: readonly MachineInstruction[],
): Generator<{ offset: number; text: string }> {
  const decoded = instructions.reduce((sum, { bytes: own }) => sum + own.length, 0)
  for (let offset = decoded; offset < bytes.length; offset += 16)
    yield { offset, text: hexBytes(bytes.subarray(offset, offset + 16)) }
}
