import type { JitedFunction } from '../../bpf/programs/jited.js'
import { hexBytes, lineText } from '../../bpf/programs/listing-text.js'
import { escapeText } from '../../text.js'
import { hexAddress } from '../json/text.js'

/** Machine code as bytes, sixteen to a line, broken where a source line starts. */
export function* jitedLines(functions: readonly JitedFunction[]): Generator<string> {
  for (const { symbol, name, address, bytes, lines } of functions) {
    const title = escapeText(symbol ?? name ?? 'unnamed')
    yield `${title} at ${hexAddress(address)}, ${bytes.length} bytes:`
    const starts = new Map(lines.map(({ offset, line }) => [offset, line]))
    const width = bytes.length.toString(16).length
    for (let at = 0; at < bytes.length; ) {
      const line = starts.get(at)
      if (line !== undefined) yield lineText(line)
      let end = at + 1
      while (end < bytes.length && end - at < 16 && !starts.has(end)) end++
      yield `  ${at.toString(16).padStart(width)}: ${hexBytes(bytes.subarray(at, end))}`
      at = end
    }
  }
}
