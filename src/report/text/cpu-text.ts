import { textWidth } from '../../present/text/fit.js'
import { tableLines } from '../../present/text/layout.js'
import { escapeText } from '../../text.js'
import { cpuList } from '../../value/mask.js'
import type { ReportEntry } from '../document.js'
import { shownValue } from './entry-text.js'
import { flatMembers, valueLines } from './value-text.js'

type CpuValues = NonNullable<ReportEntry['cpus']>

/** From here on each CPU has its own row: comparing all with all would take too long, and nobody reads groups of hundreds. */
const mostGrouped = 64
/** Members that may differ for a table of them beside a common block. */
const mostDiffering = 7

/** Per-CPU values, told once where CPUs agree. */
export function cpuLines(head: string, cpus: CpuValues, columns: number, indent: string): string[] {
  const lines = [`${indent}${head}`.trimEnd()]
  const inner = `${indent}  `
  const groups = grouped(cpus)
  if (cpus.length > mostGrouped || groups.length > 2) {
    const table = differing(cpus, columns - inner.length)
    if (table !== undefined) return [...lines, ...table.map((line) => inner + line)]
  }
  const listed = cpus.length > mostGrouped ? cpus.map(({ cpu }) => [cpu]) : groups
  for (const numbers of listed) {
    const value = cpus.find(({ cpu }) => cpu === numbers[0])
    const label =
      numbers.length === cpus.length && cpus.length > 1
        ? 'all CPUs: '
        : `${numbers.length === 1 ? 'CPU' : 'CPUs'} ${cpuList(numbers)}: `
    lines.push(...valueLines(label, value === undefined ? null : shownValue(value), columns, inner))
  }
  return lines
}

/** CPU numbers by equal value, in order. */
function grouped(cpus: CpuValues): number[][] {
  const groups = new Map<string, number[]>()
  for (const value of cpus) {
    const text = JSON.stringify(shownValue(value) ?? null)
    const group = groups.get(text)
    if (group === undefined) groups.set(text, [value.cpu])
    else group.push(value.cpu)
  }
  return [...groups.values()]
}

/** What all CPUs have in common, zeros left out, and a table of the rest; undefined where that is no help. */
function differing(cpus: CpuValues, columns: number): string[] | undefined {
  const flat = cpus.map((value) => flatMembers(shownValue(value)))
  const [first] = flat
  if (first === undefined || flat.some((members) => members === undefined)) return undefined
  const names = Object.keys(first)
  const differ = names.filter((name) => flat.some((members) => members?.[name] !== first[name]))
  if (differ.length === 0 || differ.length > mostDiffering) return undefined
  const common = names.filter((name) => !differ.includes(name) && first[name] !== '0')
  const rows = cpus.map(({ cpu }, i) => [String(cpu), ...differ.map((name) => flat[i]?.[name] ?? '-')])
  const headings = ['CPU', ...differ].map((title) => ({
    title: escapeText(title),
    align: 'right' as const,
    rigid: true,
  }))
  const table = tableLines(headings, rows, columns)
  if (table.some((line) => textWidth(line) > columns)) return undefined
  return [
    ...(common.length === 0
      ? []
      : [`all: ${common.map((name) => `.${escapeText(name)} = ${first[name]}`).join(', ')}`]),
    ...table,
  ]
}
