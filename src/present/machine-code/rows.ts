import type { JitedFunction } from '../../bpf/programs/jited.js'
import { hexBytes, lineText } from '../../bpf/programs/listing-text.js'
import { escapeText } from '../../text.js'
import type { MachineInstruction } from './disassembler.js'

/** A line of a listing of machine code. Texts are escaped for a terminal. */
export type CodeRow =
  | { readonly kind: 'function'; readonly name: string; readonly address: bigint; readonly size: number }
  | { readonly kind: 'source'; readonly text: string }
  /** `offset` from the function's start; the text is an instruction, or up to sixteen bytes where there is none. */
  | {
      readonly kind: 'code'
      readonly address: bigint
      readonly offset: number
      readonly bytes: Uint8Array
      readonly text: string
    }

export type Decode = (bytes: Uint8Array, address: bigint) => readonly MachineInstruction[]

/** For where nothing decodes machine code. */
export const undecoded: Decode = () => []

const bytesInLine = 16

/** Machine code under the source lines that it comes from: instructions, and bytes where there are none. */
export function* codeRows(functions: readonly JitedFunction[], decode: Decode): Generator<CodeRow> {
  for (const { symbol, name, address, bytes, lines } of functions) {
    yield { kind: 'function', name: symbol ?? name ?? 'unnamed', address, size: bytes.length }
    const sources = lines.toSorted((a, b) => a.offset - b.offset)
    const starts = new Set(lines.map(({ offset }) => offset))
    let next = 0
    for (const { offset, bytes: own, text } of pieces(bytes, decode(bytes, address), starts)) {
      for (
        let source = sources[next];
        source !== undefined && source.offset <= offset;
        source = sources[++next]
      )
        yield { kind: 'source', text: lineText(source.line) }
      yield { kind: 'code', address: address + BigInt(offset), offset, bytes: own, text }
    }
  }
}

/** As lines of text; `opcodes` puts the bytes of each instruction before it. */
export function* codeLines(
  functions: readonly JitedFunction[],
  decode: Decode,
  { opcodes = false } = {},
): Generator<string> {
  let width = 0
  for (const row of codeRows(functions, decode)) {
    if (row.kind === 'function') {
      width = row.size.toString(16).length
      yield `${escapeText(row.name)} at 0x${row.address.toString(16)}, ${row.size} bytes:`
    } else if (row.kind === 'source') yield row.text
    else {
      const own = hexBytes(row.bytes)
      const before = opcodes && own !== row.text ? `${own.padEnd(opcodeWidth)} ` : ''
      yield `  ${row.offset.toString(16).padStart(width)}: ${before}${row.text}`
    }
  }
}

/** Instructions of x86-64 have fifteen bytes at most, but seldom more than ten. */
const opcodeWidth = 10 * 3 - 1

interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly text: string
}

/** Instructions, then what follows the last as bytes, broken where a source line starts. */
function* pieces(
  bytes: Uint8Array,
  instructions: readonly MachineInstruction[],
  starts: ReadonlySet<number>,
): Generator<Piece> {
  let at = 0
  for (const { bytes: own, text } of instructions) {
    yield { offset: at, bytes: own, text }
    at += own.length
  }
  while (at < bytes.length) {
    let end = at + 1
    while (end < bytes.length && end - at < bytesInLine && !starts.has(end)) end++
    const own = bytes.subarray(at, end)
    yield { offset: at, bytes: own, text: hexBytes(own) }
    at = end
  }
}
