import type { BpfLink } from '../bpf/programs/links.js'
import type { LogRecord } from '../kernel/dmesg.js'
import type { CpuTime } from '../sched/cpu-time.js'
import type { Schedstat } from '../sched/domains.js'
import type { NumaNode } from '../sched/numa.js'
import type { Environment } from '../session/environment.js'
import type { Identity } from './identity.js'
import type { ReportAllocator, ReportArena } from './parts/arenas.js'
import type { ReportMap } from './parts/maps.js'
import type { ReportProgram, ReportStreams, ReportStructOps } from './parts/programs.js'
import type { ReportSched } from './parts/sched.js'
import type { ReportTask } from './parts/tasks.js'
import type { ReportTime } from './parts/time.js'
import type { ReportVcpu } from './parts/vcpus.js'
import type { Plain } from './plain.js'
import type { ReportProblem, SectionStatus } from './sections.js'
import type { StorySentence } from './story.js'

/** Everything of a report but the entries of maps and the elements of allocators, as its JSON has it. */
export interface ReportHead {
  readonly schema: { readonly name: string; readonly major: number; readonly minor: number }
  readonly target: {
    readonly name: string
    readonly kind: 'dump' | 'guest'
    readonly state: string
    readonly facts: Readonly<Record<string, unknown>>
  }
  readonly sections: Readonly<Record<string, SectionStatus>>
  readonly problems: readonly ReportProblem[]
  /** Milliseconds that putting the report together took. */
  readonly milliseconds: number
  readonly story: readonly Plain<StorySentence>[]
  readonly environment: Environment | null
  readonly time: ReportTime | null
  readonly vcpus: readonly ReportVcpu[]
  readonly tasks: readonly ReportTask[]
  readonly sched: ReportSched | null
  readonly domains: readonly Plain<Schedstat>[]
  readonly cpuTime: readonly Plain<CpuTime>[]
  readonly numa: readonly Plain<NumaNode>[]
  readonly programs: readonly ReportProgram[]
  readonly links: readonly Plain<BpfLink>[]
  readonly streams: readonly ReportStreams[]
  readonly structOps: ReportStructOps
  readonly maps: readonly ReportMap[]
  readonly arenas: readonly ReportArena[]
  readonly allocators: readonly ReportAllocator[]
  readonly log: readonly Plain<LogRecord>[]
  readonly identity: Identity
}

/** One value of a map entry. */
export interface ReportValue {
  readonly hex?: string
  readonly value?: unknown
  readonly target?: Readonly<Record<string, unknown>>
  readonly special?: readonly Readonly<Record<string, unknown>>[]
}

/** One entry of a map, as docs/maps.md describes it. */
export interface ReportEntry {
  readonly key: {
    readonly hex: string
    readonly value?: unknown
    readonly owner?: Readonly<Record<string, unknown>>
  }
  readonly value?: ReportValue
  readonly cpus?: readonly (ReportValue & { readonly cpu: number })[]
  readonly notes?: Readonly<Record<string, unknown>>
}

/** One element of an allocator. */
export interface ReportElement {
  readonly index: number
  readonly state: string
  readonly address: string | null
  readonly size: number
  readonly generation: number
  readonly value?: unknown
  readonly hex?: string
  readonly unreadable?: string
}

/** What views and comparisons are made from: a report that was taken, or one that was read from a file. */
export interface ReportContents {
  readonly head: ReportHead
  /** Entries of the map at that place of `head.maps`, as JSON lines. */
  entryLines(map: number): Iterable<string>
  /** Elements of the allocator at that place of `head.allocators`, as JSON lines. */
  elementLines(allocator: number): Iterable<string>
}
