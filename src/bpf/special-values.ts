import { strip } from '../btf/layout.js'
import { type Details, detailsJson } from '../contract/details.js'
import { hexAddress } from '../contract/json.js'
import { elementJson, specialJson } from '../contract/map-entries.js'
import { objectJson } from '../contract/objects.js'
import { withJson } from '../contract/shape.js'
import type { Kernel } from '../kernel/kernel.js'
import { listNodes } from '../kernel/walk/list.js'
import { rbtreeNodes } from '../kernel/walk/rbtree.js'
import { Problems } from '../problems.js'
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

/** Reads the special fields of the value at `address`. What of one cannot be read is the `problem` of its details. */
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
    const own = new Problems()
    const found = own.attempt(kind, () => readField(kernel, context, field, at, own))
    const problem = own.list[0]?.why
    const value: SpecialValue = {
      ...common,
      details: withJson<Details>(
        { ...found?.details, ...(problem !== undefined && { problem }) },
        detailsJson,
      ),
      pointee: found?.pointee,
      elements: found?.elements,
    }
    return withJson(value, specialJson)
  })
}

type Reading = Pick<SpecialValue, 'details' | 'pointee' | 'elements'>

function readField(
  kernel: Kernel,
  context: ValueContext,
  field: SpecialField,
  at: bigint,
  problems: Problems,
): Reading {
  const plain = (details: Details): Reading => ({ details, pointee: undefined, elements: undefined })
  switch (field.kind) {
    case 'spin_lock':
    case 'res_spin_lock':
      return plain({ locked: kernel.space.u32(at) !== 0 })
    case 'refcount':
      return plain({ count: kernel.space.u32(at) })
    case 'timer':
    case 'workqueue':
      return plain(asyncCallback(kernel, field.kind, at, problems))
    case 'task_work':
      return plain(taskWork(kernel, at, problems))
    case 'list_head':
      return graph(context, field, listOf(kernel, at, problems))
    case 'rb_root':
      return graph(context, field, rbtreeNodes(kernel, at, problems))
    default:
      return /^(kptr|uptr)/.test(field.kind) ? pointer(kernel, context, field, at, problems) : plain({})
  }
}

/** struct bpf_async_kern (kernel/bpf/helpers.c) is a pointer to a bpf_hrtimer or a bpf_work; null before it is set up. */
function asyncCallback(kernel: Kernel, kind: 'timer' | 'workqueue', at: bigint, problems: Problems): Details {
  const address = kernel.struct('bpf_async_kern', at).pointer('cb', 'timer', 'work')
  if (address === 0n) return { set: false }
  const holder = kernel.struct(kind === 'timer' ? 'bpf_hrtimer' : 'bpf_work', address)
  return {
    set: true,
    address: hexAddress(address),
    ...callbackOf(kernel, holder.pointer('cb.prog'), holder.pointer('cb.callback_fn'), problems),
    ...(kind === 'timer' ? timerState(holder) : {}),
  }
}

/**
 * struct bpf_task_work_kern (kernel/bpf/helpers.c) is a pointer to what one piece of work needs, null before the first.
 * When the work is done, that stays for the next.
 */
function taskWork(kernel: Kernel, at: bigint, problems: Problems): Details {
  const address = kernel.struct('bpf_task_work_kern', at).pointer('ctx')
  if (address === 0n) return { set: false }
  const work = kernel.struct('bpf_task_work_ctx', address)
  const state = work.number('state')
  const task = work.pointer('task')
  return {
    set: true,
    address: hexAddress(address),
    state: kernel.enumName('bpf_task_work_state', state, 'BPF_TW_')?.toLowerCase() ?? state,
    task: task === 0n ? undefined : objectJson(nameTask(kernel, task)),
    ...callbackOf(kernel, work.pointer('prog'), work.pointer('callback_fn'), problems),
  }
}

function callbackOf(kernel: Kernel, program: bigint, callback: bigint, problems: Problems): Details {
  return {
    program: program === 0n ? undefined : objectJson(nameProgram(kernel, program, problems)),
    callback: callback === 0n ? undefined : kernel.symbolize(callback),
  }
}

/** HRTIMER_STATE_ENQUEUED is bit 0 of `state`, which later kernels call `is_queued`. Times are nanoseconds of its clock. */
function timerState(holder: ReturnType<Kernel['struct']>): Details {
  const armed = (holder.number('timer.is_queued', 'timer.state') & 1) !== 0
  return { armed, expires: armed ? holder.integer('timer.node.expires') : undefined }
}

/** Where the kernel has not set a list up, its head is null. */
function listOf(kernel: Kernel, head: bigint, problems: Problems): Iterable<bigint> {
  return kernel.space.u64(head) === 0n ? [] : listNodes(kernel, head, problems)
}

function graph(
  context: ValueContext,
  { type, nodeOffset = 0 }: SpecialField,
  walk: Iterable<bigint>,
): Reading {
  const elements: SpecialElement[] = []
  for (const node of walk) {
    const address = node - BigInt(nodeOffset)
    const element: SpecialElement = {
      address,
      get value() {
        return type === undefined ? undefined : makeValue(context, type, address)
      },
    }
    elements.push(withJson(element, elementJson))
  }
  return { details: { count: elements.length }, pointee: undefined, elements }
}

function pointer(
  kernel: Kernel,
  context: ValueContext,
  { type }: SpecialField,
  at: bigint,
  problems: Problems,
): Reading {
  const address = kernel.space.u64(at)
  if (address === 0n)
    return { details: { address: hexAddress(address) }, pointee: undefined, elements: undefined }
  const bare = type === undefined ? undefined : strip(type)
  const target =
    bare?.name === 'task_struct'
      ? nameTask(kernel, address)
      : bare?.name === 'cgroup'
        ? nameCgroup(kernel, address, problems)
        : undefined
  return {
    details: { address: hexAddress(address), target: target === undefined ? undefined : objectJson(target) },
    get pointee() {
      return type === undefined ? undefined : makeValue(context, type, address)
    },
    elements: undefined,
  }
}
