import { strip } from '../btf/layout.js'
import type { Details } from '../contract/details.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { listNodes, type WalkEnd } from '../kernel/lists.js'
import { rbtreeNodes } from '../kernel/rbtree.js'
import type { ValueContext } from '../value/context.js'
import type { Value } from '../value/types.js'
import { makeValue } from '../value/value.js'
import { nameCgroup } from './maps/objects/cgroup.js'
import { nameProgram } from './maps/objects/program.js'
import { nameTask } from './maps/objects/task.js'
import { fieldTypeName, memberOf, type SpecialField } from './special-fields.js'

/** What a special field of one value is doing. */
export interface SpecialValue {
  readonly kind: string
  /** Its member of the value's type. */
  readonly member: string | undefined
  /** Bytes from the start of the value. */
  readonly offset: number
  readonly size: number
  /** What it points at or holds, in C: "struct task_struct". */
  readonly type: string | undefined
  /** By kind: whether a lock is held, what a timer calls, where a kptr leads. */
  readonly details: Details
  /** What a kptr points at; undefined for others, and when it is null. */
  readonly pointee: Value | undefined
  /** What a list or tree holds, in its order. */
  readonly elements: readonly SpecialElement[] | undefined
}

export interface SpecialElement {
  readonly address: bigint
  readonly value: Value | undefined
}

/** Reads the special fields of the value at `address`. */
export function specialValues(
  kernel: Kernel,
  context: ValueContext,
  fields: readonly SpecialField[],
  valueType: Parameters<typeof memberOf>[0],
  address: bigint,
): SpecialValue[] {
  return fields.map((field) => {
    const { kind, offset, size } = field
    const common = { kind, member: memberOf(valueType, field), offset, size, type: fieldTypeName(field) }
    const at = address + BigInt(offset)
    try {
      return { ...common, ...readField(kernel, context, field, at) }
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      return { ...common, details: { problem: error.message }, pointee: undefined, elements: undefined }
    }
  })
}

type Reading = Pick<SpecialValue, 'details' | 'pointee' | 'elements'>

function readField(kernel: Kernel, context: ValueContext, field: SpecialField, at: bigint): Reading {
  const plain = (details: Details): Reading => ({ details, pointee: undefined, elements: undefined })
  switch (field.kind) {
    case 'spin_lock':
    case 'res_spin_lock':
      return plain({ locked: kernel.space.u32(at) !== 0 })
    case 'refcount':
      return plain({ count: kernel.space.u32(at) })
    case 'timer':
    case 'workqueue':
      return plain(asyncCallback(kernel, field.kind, at))
    case 'task_work':
      return plain(taskWork(kernel, at))
    case 'list_head':
      return graph(context, field, listOf(kernel, at))
    case 'rb_root':
      return graph(context, field, rbtreeNodes(kernel, at))
    default:
      return /^(kptr|uptr)/.test(field.kind) ? pointer(kernel, context, field, at) : plain({})
  }
}

/** struct bpf_async_kern (kernel/bpf/helpers.c) is a pointer to a bpf_hrtimer or a bpf_work; null before it is set up. */
function asyncCallback(kernel: Kernel, kind: 'timer' | 'workqueue', at: bigint): Details {
  const address = kernel.struct('bpf_async_kern', at).pointer('cb', 'timer', 'work')
  if (address === 0n) return { set: false }
  const holder = kernel.struct(kind === 'timer' ? 'bpf_hrtimer' : 'bpf_work', address)
  return {
    set: true,
    address,
    ...callbackOf(kernel, holder.pointer('cb.prog'), holder.pointer('cb.callback_fn')),
    ...(kind === 'timer' ? timerState(holder) : {}),
  }
}

/**
 * struct bpf_task_work_kern (kernel/bpf/helpers.c) is a pointer to what one piece of work needs, null before the first.
 * When the work is done, that stays for the next.
 */
function taskWork(kernel: Kernel, at: bigint): Details {
  const address = kernel.struct('bpf_task_work_kern', at).pointer('ctx')
  if (address === 0n) return { set: false }
  const work = kernel.struct('bpf_task_work_ctx', address)
  const state = work.number('state')
  const task = work.pointer('task')
  return {
    set: true,
    address,
    state: kernel.enumName('bpf_task_work_state', state, 'BPF_TW_')?.toLowerCase() ?? state,
    task: task === 0n ? undefined : { ...nameTask(kernel, task) },
    ...callbackOf(kernel, work.pointer('prog'), work.pointer('callback_fn')),
  }
}

function callbackOf(kernel: Kernel, program: bigint, callback: bigint): Details {
  return {
    program: program === 0n ? undefined : { ...nameProgram(kernel, program) },
    callback: callback === 0n ? undefined : kernel.symbolize(callback),
  }
}

/** HRTIMER_STATE_ENQUEUED is bit 0 of `state`, which later kernels call `is_queued`. Times are nanoseconds of its clock. */
function timerState(holder: ReturnType<Kernel['struct']>): Details {
  const armed = (holder.number('timer.is_queued', 'timer.state') & 1) !== 0
  return { armed, expires: armed ? holder.integer('timer.node.expires') : undefined }
}

/** Where the kernel has not set a list up, its head is null. */
function listOf(kernel: Kernel, head: bigint): Generator<bigint, WalkEnd> {
  return kernel.space.u64(head) === 0n ? nothing() : listNodes(kernel, head)
}

// biome-ignore lint/correctness/useYield: a walk over nothing
function* nothing(): Generator<bigint, WalkEnd> {
  return { problem: undefined }
}

function graph(
  context: ValueContext,
  { type, nodeOffset = 0 }: SpecialField,
  walk: Generator<bigint, WalkEnd>,
): Reading {
  const elements: SpecialElement[] = []
  for (;;) {
    const step = walk.next()
    if (step.done === true) {
      const { problem } = step.value
      return { details: { count: elements.length, problem }, pointee: undefined, elements }
    }
    const address = step.value - BigInt(nodeOffset)
    elements.push({
      address,
      get value() {
        return type === undefined ? undefined : makeValue(context, type, address)
      },
    })
  }
}

function pointer(kernel: Kernel, context: ValueContext, { type }: SpecialField, at: bigint): Reading {
  const address = kernel.space.u64(at)
  if (address === 0n) return { details: { address }, pointee: undefined, elements: undefined }
  const bare = type === undefined ? undefined : strip(type)
  const target =
    bare?.name === 'task_struct'
      ? nameTask(kernel, address)
      : bare?.name === 'cgroup'
        ? nameCgroup(kernel, address)
        : undefined
  return {
    details: { address, target: target === undefined ? undefined : { ...target } },
    get pointee() {
      return type === undefined ? undefined : makeValue(context, type, address)
    },
    elements: undefined,
  }
}
