import type { XlatedInstruction } from '../../bpf/programs/listing.js'
import { lineText } from '../../bpf/programs/listing-text.js'
import type { CodeRow } from '../machine-code/rows.js'
import { type Html, html } from './markup.js'

const mostLines = 2000

/** Translated instructions with functions and source lines above them. */
export function xlatedHtml(instructions: readonly XlatedInstruction[]): Html {
  const rows = instructions.slice(0, mostLines).map((instruction) => {
    const { index, text, line, map, symbol } = instruction
    const head = instruction.function === undefined ? undefined : html`<b>${instruction.function.name}:</b>\n`
    const source = line === undefined ? undefined : html`<span class="good">${lineText(line)}</span>\n`
    const named = map === undefined ? symbol : `map ${map.name}`
    const note = named === undefined ? undefined : html`  <span class="a">${named}</span>`
    return html`${head}${source}<span class="d">${String(index).padStart(5)}</span>  ${text}${note}\n`
  })
  return listing(rows, instructions.length - mostLines, 'instructions')
}

/** Machine code with its source lines above it. */
export function machineCodeHtml(rows: Iterable<CodeRow>): Html {
  const all = [...rows]
  const shown = all.slice(0, mostLines).map((row) => {
    if (row.kind === 'source') return html`<span class="good">${row.text}</span>\n`
    if (row.kind === 'code')
      return html`<span class="d">${row.offset.toString(16).padStart(5)}</span>  ${row.text}\n`
    return html`<b>${row.name}</b> <span class="d">at 0x${row.address.toString(16)}, ${row.size} bytes</span>\n`
  })
  return listing(shown, all.length - mostLines, 'lines')
}

function listing(rows: readonly Html[], hidden: number, what: string): Html {
  const more = hidden > 0 ? html`<div class="d">… ${hidden} ${what} more</div>` : undefined
  return html`<pre>${rows}</pre>${more}`
}
