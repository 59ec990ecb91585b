import type { Found } from '../found.js'
import { loadedSchedulers, operationsOf } from '../kernel/sched-ext.js'
import type { StructReader } from '../kernel/struct-reader.js'
import type { Problems } from '../problems.js'
import { type Capability, type EffectiveCapability, readCaps, readEffectiveCaps } from './caps.js'
import { foundBy, hex, type SchedContext } from './context.js'
import { type ExitInfo, readExit } from './exit.js'
import { flagNames } from './flags.js'

/** A loaded BPF scheduler (struct scx_sched, kernel/sched/ext_internal.h). */
export interface Scheduler {
  /** 0n on kernels that keep the scheduler in static variables. */
  readonly address: bigint
  readonly name: string
  /** sched_ext_ops.flags by name. */
  readonly flags: readonly string[]
  /** What the scheduler asked for; 0 means the kernel's default. */
  readonly timeoutMs: number | undefined
  /** `cid`: it numbers CPUs by topology (struct sched_ext_ops_cid). */
  readonly form: 'cpu' | 'cid'
  /** How long its tasks may wait; undefined where one watchdog has one time for all. */
  readonly watchdogMs: number | undefined
  /** What it was granted on which CPUs; undefined where the kernel does not grant that one by one. */
  readonly caps: readonly Capability[] | undefined
  /** Of a sub-scheduler: what of that is in force on which CPUs, with what it implies. */
  readonly ecaps: readonly EffectiveCapability[] | undefined
  /** Undefined where that cannot be read. */
  readonly isRoot: boolean | undefined
  /** Of a sub-scheduler: how deep, of which cgroup, below which scheduler. */
  readonly level: number | undefined
  /** Undefined for the root, and where it cannot be read. */
  readonly cgroupPath: string | undefined
  readonly parent: bigint | undefined
  /** Not 0: the BPF scheduler is ignored and the kernel runs tasks in order of arrival. */
  readonly bypassDepth: number | undefined
  readonly aborting: boolean | undefined
  /** Nanoseconds. */
  readonly defaultSlice: bigint | undefined
  readonly exit: ExitInfo | undefined
}

/** The scx_sched objects, the root first; empty without a scheduler or where the kernel has no such object. */
export function schedulerAddresses({ kernel, problems, absences }: SchedContext): bigint[] {
  if (kernel.findSymbol('scx_root') === undefined) return []
  // Schedulers below the root since Linux 7.1.
  if (
    kernel.findSymbol('scx_sched_all') === undefined ||
    kernel.layouts.find('scx_sched')?.has('all') === false
  )
    absences.lacks('sub-schedulers', 'this kernel has one scheduler at most (no scx_sched.all)')
  return loadedSchedulers(kernel, problems)
}

export function readSchedulers(context: SchedContext): Found<Scheduler> {
  return foundBy(context, (within) => {
    return context.kernel.findSymbol('scx_root') === undefined
      ? staticScheduler(within)
      : readAll(within, context.problems)
  })
}

/** What is wrong with a scheduler that was found goes to `odd`. */
function readAll(context: SchedContext, odd: Problems): Scheduler[] {
  const { kernel, problems } = context
  const root = problems.attempt('scx_root', () => kernel.space.u64(kernel.symbol('scx_root')))
  return schedulerAddresses(context).flatMap((address) => {
    const isRoot = root === undefined ? undefined : address === root
    const scheduler = problems.attempt(`scx_sched at ${hex(address)}`, () =>
      readScheduler({ ...context, problems: odd }, address, isRoot),
    )
    return scheduler === undefined ? [] : [scheduler]
  })
}

function readScheduler(context: SchedContext, address: bigint, isRoot: boolean | undefined): Scheduler {
  const { kernel, problems } = context
  const sched = kernel.struct('scx_sched', address)
  const level = sched.has('level') ? sched.number('level') : undefined
  return {
    address,
    ...readOps(context, operationsOf(kernel, address)),
    watchdogMs: watchdogOf(context, sched),
    caps: readCaps(context, sched, `scx_sched at ${hex(address)}`),
    ecaps: readEffectiveCaps(context, sched, `scx_sched at ${hex(address)}`),
    isRoot: isRoot ?? (level === undefined ? undefined : level === 0),
    level,
    cgroupPath: cgroupPath(context, sched),
    parent: problems.attempt(`scx_sched at ${hex(address)}, ancestors`, () =>
      parentOf(context, sched, level),
    ),
    bypassDepth: count(own(context, sched, 'bypass_depth', ['scx_bypass_depth', 'scx_ops_bypass_depth'], 4)),
    aborting: truth(own(context, sched, 'aborting', ['scx_aborting'], 1)),
    defaultSlice: own(context, sched, 'slice_dfl', ['scx_slice_dfl'], 8),
    exit: readExit(context, sched.number('exit_kind'), sched.pointer('exit_info')),
  }
}

/** Before struct scx_sched (Linux 6.16), one scheduler lived in static variables of kernel/sched/ext.c. */
function staticScheduler(context: SchedContext): Scheduler[] {
  const { kernel, problems, absences } = context
  const ops = kernel.findSymbol('scx_ops')
  if (ops === undefined) {
    absences.lacks('scheduler', 'the kernel has neither scx_root nor scx_ops: it is built without sched_ext')
    return []
  }
  const found = problems.attempt('scx_ops', (): Scheduler | undefined => {
    const described = readOps(context, { type: 'sched_ext_ops', at: ops })
    if (described.name === '') return undefined
    const kind = kernel.findSymbol('scx_exit_kind')
    const info = kernel.findSymbol('scx_exit_info')
    return {
      address: 0n,
      ...described,
      watchdogMs: undefined,
      caps: undefined,
      ecaps: undefined,
      isRoot: true,
      level: undefined,
      cgroupPath: undefined,
      parent: undefined,
      bypassDepth: count(globalValue(context, ['scx_bypass_depth', 'scx_ops_bypass_depth'], 4)),
      aborting: truth(globalValue(context, ['scx_aborting'], 1)),
      defaultSlice: globalValue(context, ['scx_slice_dfl'], 8),
      exit:
        kind === undefined || info === undefined
          ? undefined
          : readExit(context, kernel.space.u32(kind), kernel.space.u64(info)),
    }
  })
  return found === undefined ? [] : [found]
}

function readOps(
  { kernel }: SchedContext,
  { type, at }: { readonly type: string; readonly at: bigint },
): Pick<Scheduler, 'name' | 'flags' | 'timeoutMs' | 'form'> {
  const ops = kernel.struct(type, at)
  return {
    name: ops.text('name'),
    flags: flagNames(kernel, 'scx_ops_flags', ops.integer('flags')),
    timeoutMs: ops.has('timeout_ms') ? ops.number('timeout_ms') : undefined,
    form: type === 'sched_ext_ops_cid' ? 'cid' : 'cpu',
  }
}

/** In the scheduler since Linux 7.1, in jiffies. */
function watchdogOf({ jiffies }: SchedContext, sched: StructReader): number | undefined {
  const timeout = sched.has('watchdog_timeout') ? sched.integer('watchdog_timeout') : undefined
  return timeout === undefined || timeout >= 1n << 40n ? undefined : jiffies?.milliseconds(timeout)
}

/** A member of the scheduler where it is one (since Linux 7.1), else the global that it was before. */
function own(
  context: SchedContext,
  sched: StructReader,
  member: string,
  globals: readonly string[],
  size: 1 | 4 | 8,
): bigint | undefined {
  return sched.has(member) ? sched.integer(member) : globalValue(context, globals, size)
}

function globalValue(
  { kernel, problems, absences }: SchedContext,
  names: readonly string[],
  size: 1 | 4 | 8,
): bigint | undefined {
  for (const name of names) {
    const at = kernel.findSymbol(name)
    if (at === undefined) continue
    return problems.attempt(name, () => {
      if (size === 8) return kernel.space.u64(at)
      return BigInt(size === 4 ? kernel.space.i32(at) : kernel.space.u8(at))
    })
  }
  return absences.lacks(names[0] ?? '', `this kernel keeps no ${names.join(' or ')}`)
}

function count(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function truth(value: bigint | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 0n
}

/** Of the root "/" on kernels that have sub-schedulers. */
export function cgroupPath({ kernel, problems }: SchedContext, sched: StructReader): string | undefined {
  // Linux 7.1 and later.
  if (!sched.has('cgrp_path')) return undefined
  const at = sched.pointer('cgrp_path')
  return at === 0n ? undefined : problems.attempt('scx_sched.cgrp_path', () => kernel.space.text(at, 4096))
}

/** scx_sched.ancestors (since Linux 7.1) ends with the scheduler itself. */
function parentOf(
  { kernel }: SchedContext,
  sched: StructReader,
  level: number | undefined,
): bigint | undefined {
  if (level === undefined || level < 1 || level > 64 || !sched.has('ancestors')) return undefined
  return kernel.space.u64(sched.at('ancestors') + BigInt((level - 1) * 8))
}
