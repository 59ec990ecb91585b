/** What a reader of reports checks first: another major number means that fields changed their meaning. */
export const schema = { name: 'cryoscope-report', major: 2, minor: 1 } as const

/** The parts of a report, each with a status of its own. */
export const sectionNames = [
  'environment',
  'time',
  'vcpus',
  'tasks',
  'sched',
  'domains',
  'cpuTime',
  'numa',
  'programs',
  'links',
  'streams',
  'structOps',
  'maps',
  'arenas',
  'allocators',
  'containers',
  'log',
  'identity',
  'story',
] as const
export type SectionName = (typeof sectionNames)[number]

/** What kinds of problems there are; scripts may rely on the names. docs/report.md explains each. */
export const problemCodes = [
  'target',
  'kernel',
  'vcpu',
  'stack',
  'task',
  'sched',
  'absent',
  'program',
  'link',
  'map',
  'map-types',
  'map-unsupported',
  'map-entries',
  'arena',
  'allocator',
  'container',
  'leak',
  'dangling',
  'log',
  'storage',
  'internal',
] as const
export type ProblemCode = (typeof problemCodes)[number]

/**
 * `error`: something that should be in the report is not. `warning`: it is, and does not fit together, or the guest itself is
 * at fault. `note`: good to know, nothing is missing.
 */
export type Severity = 'error' | 'warning' | 'note'
