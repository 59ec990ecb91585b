import type { Command } from 'commander'
import { jsonText } from '../../contract/json.js'
import type { Span } from '../../history/ask.js'
import { type Column, terminalCells } from '../../present/columns/column.js'
import type { Output } from './output.js'
import { printTable } from './table.js'

/** Options of commands that ask about a part of a record. */
export interface SpanWords {
  readonly from?: string
  readonly to?: string
  readonly json?: boolean
}

export const recordingHelp = 'a recording (cryoscope record)'

export function addSpanOptions(command: Command): void {
  command
    .option(
      '--from <time>',
      'from here on: instructions (1.5e9), time of the guest (250ms), start (the default)',
    )
    .option('--to <time>', 'up to here (default: end, as far as it was recorded)')
    .option('--json', 'print one JSON document')
}

export function spanOf({ from, to }: SpanWords, output: Output, signal: AbortSignal): Span {
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    signal,
    onProgress: progressOf(output, (total) => `of ${(total / 1e6).toFixed(0)} million instructions`),
  }
}

/** Says each tenth that is done; `ofWhat` says of what. */
export function progressOf(
  output: Output,
  ofWhat: (total: number) => string,
): (done: number, total: number) => void {
  let shown = -1
  return (done, total) => {
    const percent = Math.floor((done / Math.max(1, total)) * 10) * 10
    if (percent <= shown) return
    shown = percent
    output.progress(`${percent} % ${ofWhat(total)}`)
  }
}

/** Prints an answer: events as JSON, or as a table. */
export async function printEvents<T extends { toJSON(): unknown }>(
  output: Output,
  events: readonly T[],
  isJson: boolean,
  columns: readonly Column<T>[],
): Promise<void> {
  if (isJson) await output.line(jsonText(events.map((event) => event.toJSON())))
  else {
    const rows = events.map((event) => terminalCells(columns, event))
    await printTable(output, columns, rows)
  }
}
