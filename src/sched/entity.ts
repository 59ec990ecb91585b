import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'
import { capNames } from './caps.js'
import { hex, type SchedContext } from './context.js'
import { enumValue, fieldOf, flagNames, unnamed, valueName } from './flags.js'

/** What sched_ext keeps of a task (struct sched_ext_entity, include/linux/sched/ext.h). */
export interface ExtEntity {
  readonly weight: number
  /** Nanoseconds left; all ones is a slice without end. */
  readonly slice: bigint
  readonly virtualTime: bigint
  /** The DSQ it is on, 0n on none. */
  readonly queueAddress: bigint
  readonly onPriorityTree: boolean
  readonly flags: readonly string[]
  /** NONE, INIT, READY, ENABLED …; undefined where the kernel's types do not say which it is. */
  readonly state: string | undefined
  /** NONE, QUEUEING, QUEUED, DISPATCHING: who holds the task right now, kernel or BPF scheduler. */
  readonly opsState: string
  /** CPU it must go to next; undefined for any. */
  readonly stickyCpu: number | undefined
  /** CPU on whose behalf it is being moved; undefined when it is not. */
  readonly holdingCpu: number | undefined
  readonly selectedCpu: number | undefined
  /** DSQ that a direct dispatch decided on and that it has not reached yet. */
  readonly directQueue: string | undefined
  /** It may not be switched to sched_ext. */
  readonly disallow: boolean | undefined
  /** Since it became runnable; only for one that waits or runs. */
  readonly runnableMs: number | undefined
  /** Why it was put back to the scheduler; NONE when it was not. */
  readonly reenqueue: string | undefined
  /**
   * Capabilities that its scheduler lacked where the task was to be queued, by name: of one that was turned away (on a reject
   * queue, or reenqueue CAP); undefined of all others.
   */
  readonly missingCaps: readonly string[] | undefined
  /** Address of its scx_sched: since Linux 7.1, where there may be several. */
  readonly scheduler: bigint | undefined
}

const entityFlags = 'scx_ent_flags'

export function readEntity(context: SchedContext, task: bigint): ExtEntity | undefined {
  const { kernel, problems, absences, jiffies } = context
  const place = kernel.layouts.find('task_struct')?.find('scx')
  if (place === undefined || kernel.layouts.find('sched_ext_entity') === undefined)
    return absences.lacks('scx entity', 'task_struct has no scx: the kernel is built without sched_ext')
  return problems.attempt(`scx entity of the task at ${hex(task)}`, () => {
    const entity = kernel.struct('sched_ext_entity', task + BigInt(place.offset))
    const flags = BigInt(entity.number('flags') >>> 0)
    const stamp = entity.integer('runnable_at')
    const queued = enumValue(kernel, entityFlags, 'SCX_TASK_QUEUED') ?? 1n
    const reset = enumValue(kernel, entityFlags, 'SCX_TASK_RESET_RUNNABLE_AT') ?? 0n
    const isStamped = stamp !== 0n && (flags & queued) !== 0n && (flags & reset) === 0n
    const named = flagsOf(kernel, flags)
    const dsqFlags = entity.integer('dsq_flags')
    return {
      weight: entity.number('weight'),
      slice: entity.integer('slice'),
      virtualTime: entity.integer('dsq_vtime'),
      queueAddress: entity.pointer('dsq'),
      onPriorityTree:
        (dsqFlags & (enumValue(kernel, 'scx_ent_dsq_flags', 'SCX_TASK_DSQ_ON_PRIQ') ?? 1n)) !== 0n,
      ...named,
      missingCaps: problems.attempt(`missing capabilities of the task at ${hex(task)}`, () =>
        missingCaps(kernel, entity, named.reenqueue),
      ),
      opsState: opsState(kernel, entity.integer('ops_state')),
      stickyCpu: cpuOf(entity.number('sticky_cpu')),
      holdingCpu: cpuOf(entity.number('holding_cpu')),
      selectedCpu: entity.has('selected_cpu') ? cpuOf(entity.number('selected_cpu')) : undefined,
      directQueue: directQueue(kernel, entity.integer('ddsp_dsq_id')),
      disallow: entity.has('disallow') ? entity.number('disallow') !== 0 : undefined,
      runnableMs: isStamped ? jiffies?.millisecondsSince(stamp) : undefined,
      scheduler: entity.has('sched') ? entity.pointer('sched') : undefined,
    }
  })
}

/** The kernel leaves the member as it was when the task was queued after all. */
function missingCaps(
  kernel: Kernel,
  entity: StructReader,
  reenqueue: string | undefined,
): string[] | undefined {
  if (!entity.has('reenq_reason_caps')) return undefined
  const queue = entity.pointer('dsq')
  const rejected = enumValue(kernel, 'scx_dsq_id_flags', 'SCX_DSQ_REJECT')
  const isRejected =
    queue !== 0n &&
    rejected !== undefined &&
    kernel.struct('scx_dispatch_q', queue).integer('id') === rejected
  if (!isRejected && reenqueue !== 'CAP') return undefined
  const word = entity.integer('reenq_reason_caps')
  return capNames(kernel).filter((_, cap) => ((word >> BigInt(cap)) & 1n) !== 0n)
}

function flagsOf(kernel: Kernel, flags: bigint): Pick<ExtEntity, 'flags' | 'state' | 'reenqueue'> {
  const state = fieldOf(kernel, entityFlags, 'SCX_TASK_STATE', flags)
  const reason = fieldOf(kernel, entityFlags, 'SCX_TASK_REENQ_REASON', flags)
  const fields = (state?.mask ?? 0n) | (reason?.mask ?? 0n)
  return {
    flags: flagNames(kernel, entityFlags, flags, fields),
    state: state === undefined ? undefined : stateName(kernel, state),
    reenqueue: reason === undefined ? undefined : reenqueueName(kernel, reason.shifted),
  }
}

/** enum scx_task_state counts from 0; later kernels name the shifted values in scx_ent_flags. */
function stateName(kernel: Kernel, { shifted, plain }: { shifted: bigint; plain: bigint }): string {
  const own = valueName(kernel, 'scx_task_state', plain)
  return (
    own ??
    namedAmong(kernel, shifted, /^SCX_TASK_(NONE|INIT\w*|READY|ENABLED|DEAD)$/) ??
    unnamed(kernel, plain)
  )
}

function reenqueueName(kernel: Kernel, shifted: bigint): string {
  return namedAmong(kernel, shifted, /^SCX_TASK_REENQ_(?!REASON)(\w+)$/) ?? unnamed(kernel, shifted)
}

/** Several values of scx_ent_flags may be equal (state none and reason none are 0): the pattern tells which is meant. */
function namedAmong(kernel: Kernel, value: bigint, pattern: RegExp): string | undefined {
  const type = kernel.types.find(entityFlags, 'enum')
  if (type?.kind !== 'enum') return undefined
  for (const named of type.values) {
    const match = named.value === value ? pattern.exec(named.name) : null
    if (match !== null) return match[1]
  }
  return undefined
}

function opsState(kernel: Kernel, value: bigint): string {
  const enumeration = kernel.types.find('scx_ops_state', 'enum') ? 'scx_ops_state' : 'scx_opss'
  const shift = enumValue(kernel, enumeration, 'SCX_OPSS_QSEQ_SHIFT') ?? 2n
  const state = value & ((1n << shift) - 1n)
  return ['NONE', 'QUEUEING', 'QUEUED', 'DISPATCHING'][Number(state)] ?? String(state)
}

function cpuOf(cpu: number): number | undefined {
  return cpu < 0 ? undefined : cpu
}

function directQueue(kernel: Kernel, id: bigint): string | undefined {
  const invalid = enumValue(kernel, 'scx_dsq_id_flags', 'SCX_DSQ_INVALID') ?? 1n << 63n
  return id === invalid ? undefined : queueIdText(kernel, id)
}

/** "LOCAL_ON CPU 3", "GLOBAL", "0x77". */
export function queueIdText(kernel: Kernel, id: bigint): string {
  const onCpu = enumValue(kernel, 'scx_dsq_id_flags', 'SCX_DSQ_LOCAL_ON') ?? 3n << 62n
  if ((id & onCpu) === onCpu) return `LOCAL_ON CPU ${id & 0xffffffffn}`
  if (id >> 63n === 0n) return hex(id)
  return valueName(kernel, 'scx_dsq_id_flags', id) ?? hex(id)
}
