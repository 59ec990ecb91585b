import type { ReportHead } from '../../../src/report/document.js'
import { parseReport } from '../../../src/report/file.js'
import { Report } from '../../../src/report/report.js'
import { schema, sectionNames } from '../../../src/report/schema.js'

/** A report of nothing but what a test says of it: each section is whole unless told otherwise. */
export function reportOf(parts: Readonly<Record<string, unknown>> = {}): Report {
  const whole = { status: 'complete', expected: null, obtained: 0, reasons: [], milliseconds: 0 }
  const lists = ['vcpus', 'tasks', 'domains', 'cpuTime', 'numa', 'programs', 'links', 'streams']
  const { sections, ...others } = parts
  const document = {
    schema,
    target: { name: 'made', kind: 'dump', state: 'dump', facts: {} },
    sections: {
      ...Object.fromEntries(sectionNames.map((name) => [name, whole])),
      ...(sections as object | undefined),
    },
    problems: [],
    milliseconds: 1,
    story: [],
    environment: null,
    time: null,
    sched: null,
    structOps: { members: [] },
    ...Object.fromEntries([...lists, 'maps', 'arenas', 'allocators', 'log'].map((name) => [name, []])),
    identity: { tasks: {}, queues: {}, cpus: {}, maps: {}, programs: {}, allocations: {} },
    ...others,
  }
  return new Report(parseReport(JSON.parse(JSON.stringify(document)), 'made'))
}

export const headOf = (parts: Readonly<Record<string, unknown>> = {}): ReportHead => reportOf(parts).head

/** The lines below a title of a report's text, without the title. */
export function below(report: Report, title: string, options = {}): string[] {
  const lines = [...report.text(options)]
  const at = lines.indexOf(title)
  if (at < 0) throw new Error(`there is no ${title} in:\n${lines.join('\n')}`)
  const next = lines.findIndex((line, i) => i > at + 1 && /^=+$/.test(line))
  return lines.slice(at + 2, next < 0 ? undefined : next - 2)
}

/** A map of the report, with its entries. */
export function aMap(members: Readonly<Record<string, unknown>> = {}) {
  const entries = members.entries as readonly unknown[] | undefined
  return {
    id: 4,
    name: 'stats',
    type: 'hash',
    keyType: 'u32',
    valueType: 'u64',
    keySize: 4,
    valueSize: 8,
    maxEntries: 10,
    address: '0xffff888000001000',
    frozen: false,
    state: {},
    status: 'complete',
    count: entries?.length ?? 0,
    problems: [],
    entries: [],
    ...members,
  }
}

export function anArena(members: Readonly<Record<string, unknown>> = {}) {
  return {
    id: 9,
    name: 'heap',
    userStart: '0x100000000000',
    declaredPages: 100,
    presentPages: 7,
    allocatedPages: 6,
    programs: [{ id: 1, name: 'one' }],
    values: null,
    strays: [],
    problems: [],
    ...members,
  }
}

export function anAllocator(members: Readonly<Record<string, unknown>> = {}) {
  return {
    name: 'pool',
    kind: 'sdt',
    arena: 9,
    payload: { type: null, certainty: 'none', evidence: 'nothing stores into it' },
    counts: { live: 2, free: 0 },
    regions: [],
    objects: [],
    leaks: [],
    dangling: [],
    elementSize: 32,
    count: 0,
    problems: [],
    elements: [],
    ...members,
  }
}

/** An element of an allocator. */
export function anElement(index: number, members: Readonly<Record<string, unknown>> = {}) {
  return { index, state: 'live', address: `0x${index}00`, size: 32, generation: 0, ...members }
}
