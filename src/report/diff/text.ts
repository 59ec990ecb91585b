import { cutText, textWidth } from '../../present/text/fit.js'
import { escapeText } from '../../text.js'
import type { Change } from './compare.js'
import type { Diff, Side } from './diff.js'

export interface DiffTextOptions {
  /** Changes shown of each section; all by default. */
  readonly limit?: number
  /** Clocks and counters that always move, too. */
  readonly all?: boolean
  readonly columns?: number
}

const titles: Readonly<Record<string, string>> = {
  cpuTime: 'CPU time',
  numa: 'NUMA',
  vcpus: 'vCPUs',
  streams: 'what programs printed',
  structOps: 'struct_ops',
  log: 'Kernel log',
}

/** Sections whose numbers are mostly counts. */
const counting = new Set(['maps', 'allocators', 'programs', 'cpuTime', 'domains', 'numa'])

/** Differences by section: + came, - went, ~ changed. */
export function diffText(diff: Diff, options: DiffTextOptions = {}): string {
  const { limit = Number.POSITIVE_INFINITY, all = false, columns = 80 } = options
  const lines = [
    `- ${escapeText(sideText(diff.before))}`,
    `+ ${escapeText(sideText(diff.after))}`,
    ...(diff.sameBoot ? [] : ['  different boots: addresses and ids are not compared']),
  ]
  const shown = all ? diff.changes : diff.lasting
  for (const [section, changes] of bySection(shown)) {
    lines.push('', `${titles[section] ?? section.charAt(0).toUpperCase() + section.slice(1)}`)
    for (const change of changes.slice(0, limit)) lines.push(...changeLines(change, columns))
    if (changes.length > limit) lines.push(`  … and ${changes.length - limit} more`)
  }
  const hidden = diff.changes.length - shown.length
  if (shown.length === 0)
    lines.push('', hidden === 0 ? 'Nothing differs.' : 'Nothing differs but clocks and counters.')
  if (hidden > 0) lines.push('', `${hidden} changes of clocks, counters and registers are not shown.`)
  return lines.join('\n')
}

/** "vmcore (6.18.15, up 12.3 s)". */
function sideText({ target, release, uptimeMs }: Side): string {
  const up = uptimeMs === null ? '' : `, up ${uptimeMs / 1000} s`
  return `${target} (${release ?? 'no kernel'}${up})`
}

function bySection(changes: readonly Change[]): Map<string, Change[]> {
  const sections = new Map<string, Change[]>()
  for (const change of changes) {
    const list = sections.get(change.section)
    if (list === undefined) sections.set(change.section, [change])
    else list.push(change)
  }
  return sections
}

function changeLines({ path, change, before, after, section }: Change, columns: number): string[] {
  const name = escapeText(path.startsWith(`${section}.`) ? path.slice(section.length + 1) : path)
  if (change === 'added') return joined(`+ ${name}`, valueText(after), columns)
  if (change === 'removed') return joined(`- ${name}`, valueText(before), columns)
  return joined(
    `~ ${name}`,
    `${valueText(before)} -> ${valueText(after)}${counting.has(section) ? deltaText(before, after) : ''}`,
    columns,
  )
}

/** On one line where it fits, else the value below. */
function joined(name: string, value: string, columns: number): string[] {
  const line = `  ${name}  ${value}`
  if (textWidth(line) <= columns) return [line]
  return [cutText(`  ${name}`, columns), cutText(`      ${value}`, columns)]
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return '-'
  if (typeof value === 'object' && 'pointer' in value && typeof value.pointer === 'string') {
    const to = 'to' in value && typeof value.to === 'string' ? ` <${value.to}>` : ''
    return escapeText(`${value.pointer}${to}`)
  }
  if (typeof value === 'object' && 'text' in value && typeof value.text === 'string')
    return escapeText(value.text)
  if (typeof value === 'object' && 'message' in value && typeof value.message === 'string')
    return escapeText(value.message)
  return escapeText(typeof value === 'string' ? value : JSON.stringify(value))
}

/** " (+12)" behind a number that grew. */
function deltaText(before: unknown, after: unknown): string {
  const old = numberOf(before)
  const now = numberOf(after)
  if (old === undefined || now === undefined) return ''
  const delta = now - old
  return ` (${delta > 0n ? '+' : ''}${delta})`
}

function numberOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && /^-?\d{1,40}$/.test(value) ? BigInt(value) : undefined
}
