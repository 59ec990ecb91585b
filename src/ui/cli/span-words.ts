import type { Command } from 'commander'
import type { Span } from '../../history/ask.js'
import type { Output } from './output.js'

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
  let shown = -1
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    signal,
    onProgress(done, total) {
      const percent = Math.floor((done / Math.max(1, total)) * 10) * 10
      if (percent <= shown) return
      shown = percent
      output.progress(`${percent} % of ${(total / 1e6).toFixed(0)} million instructions`)
    },
  }
}

/** A moment for people: seconds of the guest's clock, and instructions. */
export function momentText({
  ns,
  instructions,
}: {
  readonly ns: number
  readonly instructions: number
}): string {
  return `${(ns / 1e9).toFixed(6)}s ${instructions}`
}
