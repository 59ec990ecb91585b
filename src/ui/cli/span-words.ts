import type { Command } from 'commander'
import { jsonText } from '../../contract/json.js'
import type { Span } from '../../history/ask.js'
import { escapeText } from '../../text.js'
import type { Moment } from '../../time/engine/run.js'
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

/** An event of an answer, as far as tables tell it alike. */
interface ShownEvent {
  readonly time: Moment
  readonly cpu: number
  readonly pid: number | undefined
  readonly comm: string | undefined
  toJSON(): unknown
}

/** Prints an answer: events as JSON, or as a table that begins with when, where and who. */
export async function printEvents<T extends ShownEvent>(
  output: Output,
  events: readonly T[],
  isJson: boolean,
  more: readonly string[],
  cells: (event: T) => readonly string[],
): Promise<void> {
  if (isJson) {
    await output.line(jsonText(events.map((event) => event.toJSON())))
    return
  }
  const headings = ['TIME', 'CPU', 'TASK', ...more].map((title, index) => ({ title, rigid: index === 0 }))
  const rows = events.map((event) => {
    const { time, cpu, pid, comm } = event
    const task = pid === undefined ? '' : `${comm} (${pid})`
    return [secondsText(time), String(cpu), task, ...cells(event)].map((cell) => escapeText(cell))
  })
  await printTable(output, headings, rows)
}

/** A moment for people: seconds of the guest's clock. */
export function secondsText({ ns }: Moment): string {
  return `${(ns / 1e9).toFixed(6)}s`
}

/** The same with what it counts. */
export function momentText(moment: Moment): string {
  return `${secondsText(moment)}, ${moment.instructions} instructions`
}

/** What became another value, as text: of structs only the members that did. */
export function changeText(member: string, before: unknown, after: unknown): string {
  if (!isObject(before) || !isObject(after)) {
    return `${member} ${JSON.stringify(before)} to ${JSON.stringify(after)}`.trim()
  }
  const inner = (name: string): string => (member === '' ? name : `${member}.${name}`)
  const changed = Object.keys(after).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  )
  if (changed.length === 0) return `${member} unchanged`.trim()
  return changed.map((name) => changeText(inner(name), before[name], after[name])).join(', ')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Symbols of BPF programs begin with a hash of their code, which tells people nothing. */
export function withoutTag(where: string | undefined): string | undefined {
  return where?.replace(/^bpf_prog_[0-9a-f]{16}_/, '')
}
