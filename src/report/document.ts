import type { ArenaContentsJson } from '../contract/arenas.js'
import type { ContainerJson } from '../contract/containers.js'
import type { LinkJson } from '../contract/links.js'
import type { RecordJson } from '../contract/log.js'
import type { ProgramJson } from '../contract/programs.js'
import type { CpuTimeJson, NumaJson, SchedstatJson } from '../contract/sched.js'
import type { Environment } from '../session/environment.js'
import type { Identity } from './identity.js'
import type { ReportAllocator } from './parts/arenas.js'
import type { ReportMap } from './parts/maps.js'
import type { ReportStreams, ReportStructOps } from './parts/programs.js'
import type { ReportSched } from './parts/sched.js'
import type { ReportTask } from './parts/tasks.js'
import type { ReportTime } from './parts/time.js'
import type { ReportVcpu } from './parts/vcpus.js'
import type { ReportProblem, SectionStatus } from './sections.js'
import type { SentenceJson } from './story.js'

/** Everything of a report but the entries of maps and containers and the elements of allocators, as its JSON has it. */
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
  readonly story: readonly SentenceJson[]
  readonly environment: Environment | null
  readonly time: ReportTime | null
  readonly vcpus: readonly ReportVcpu[]
  readonly tasks: readonly ReportTask[]
  readonly sched: ReportSched | null
  readonly domains: readonly SchedstatJson[]
  readonly cpuTime: readonly CpuTimeJson[]
  readonly numa: readonly NumaJson[]
  readonly programs: readonly ProgramJson[]
  readonly links: readonly LinkJson[]
  readonly streams: readonly ReportStreams[]
  readonly structOps: ReportStructOps
  readonly maps: readonly ReportMap[]
  readonly arenas: readonly ArenaContentsJson[]
  readonly allocators: readonly ReportAllocator[]
  readonly containers: readonly ContainerJson[]
  readonly log: readonly RecordJson[]
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
  /** Entries of the container at that place of `head.containers`, as JSON lines. */
  containerLines(container: number): Iterable<string>
}
