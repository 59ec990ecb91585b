import { describe, expect, it } from 'vitest'
import { memberOf as memberOfField } from '../../src/bpf/special-fields.js'
import { Btf } from '../../src/btf/btf.js'
import { BtfBuilder } from '../btf/builder.js'
import { addArray, addBtf, addProgram, elementAt } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { readAgain, readWhole } from '../support/map-objects.js'
import type { MemberValues } from '../support/object-writer.js'
import { writeList, writeRbtree } from '../support/structures.js'

/** Value and element types as a program's BTF has them. */
function types() {
  const b = new BtfBuilder()
  const u64 = b.int('unsigned long', 8)
  const u32 = b.int('unsigned int', 4)
  const lock = b.struct('bpf_spin_lock', [{ name: 'val', type: u32 }])
  const opaque = (name: string) => b.struct(name, [{ name: '__opaque', type: b.array(u64, 2) }])
  const task = b.struct('task_struct', [{ name: 'pid', type: u32 }])
  const words = b.struct('words', [{ name: 'first', type: u64 }])
  const value = b.struct('value', [
    { name: 'lock', type: lock },
    { name: 'timer', type: opaque('bpf_timer') },
    { name: 'list', type: opaque('bpf_list_head') },
    { name: 'tree', type: opaque('bpf_rb_root') },
    { name: 'tasks', type: b.array(b.pointer(task), 2) },
    { name: 'work', type: opaque('bpf_wq') },
    { name: 'words', type: b.pointer(words) },
    { name: 'later', type: b.struct('bpf_task_work', [{ name: '__opaque', type: u64 }]) },
  ])
  const item = b.struct('item', [
    { name: 'number', type: u64 },
    { name: 'link', type: b.array(u64, 3) },
  ])
  return { bytes: b.build(), u32, value, item, task, words }
}

const nodeOffset = 8
const valueSize = 104

/** An array of one value with a field of every kind. */
function make() {
  const guest = new KernelGuest()
  const { objects } = guest
  const { bytes, u32, value, item, task, words } = types()
  const btf = addBtf(guest, 3, bytes)
  const graph = {
    'graph_root.btf': btf,
    'graph_root.value_btf_id': item,
    'graph_root.node_offset': nodeOffset,
  }
  const fields: MemberValues[] = [
    { type: 1, offset: 0, size: 4 },
    { type: 2, offset: 8, size: 16 },
    { type: 32, offset: 24, size: 16, ...graph },
    { type: 128, offset: 40, size: 16, ...graph },
    { type: 8, offset: 56, size: 8, 'kptr.btf': btf, 'kptr.btf_id': task },
    { type: 8, offset: 64, size: 8, 'kptr.btf': btf, 'kptr.btf_id': task },
    { type: 1024, offset: 72, size: 16 },
    { type: 2048, offset: 88, size: 8, 'kptr.btf': btf, 'kptr.btf_id': words },
    { type: 4096, offset: 96, size: 8 },
  ]
  const stride = objects.sizeOf('btf_field')
  const record = objects.make('btf_record', { cnt: fields.length }, { extra: fields.length * stride })
  const first = record + BigInt(objects.offsetOf('btf_record', 'fields'))
  // The kernel's own order is not that of the offsets.
  for (const [i, field] of fields.toReversed().entries()) {
    objects.set('btf_field', first + BigInt(i * stride), field)
  }
  const map = addArray(guest, {
    valueSize,
    maxEntries: 1,
    members: { record, btf, btf_key_type_id: u32, btf_value_type_id: value },
  })
  const at = elementAt(guest, map, 0, valueSize)
  const items = [10, 20, 30].map((number) => {
    const address = guest.alloc(32)
    guest.u64(address, BigInt(number))
    return address + BigInt(nodeOffset)
  })
  return { guest, map, at, items, record }
}

const special = ({ entries }: { entries: readonly { value?: { special?: unknown } }[] }) =>
  entries[0]?.value?.special as Record<string, unknown>[]

describe('special fields', () => {
  it('that the kernel did not set up are empty', () => {
    const { guest, map } = make()
    expect(special(readWhole(guest, map))).toEqual([
      { kind: 'spin_lock', member: 'lock', offset: 0, size: 4, locked: false },
      { kind: 'timer', member: 'timer', offset: 8, size: 16, set: false },
      {
        kind: 'list_head',
        member: 'list',
        offset: 24,
        size: 16,
        type: 'struct item',
        count: 0,
        elements: [],
      },
      { kind: 'rb_root', member: 'tree', offset: 40, size: 16, type: 'struct item', count: 0, elements: [] },
      {
        kind: 'kptr_ref',
        member: 'tasks[0]',
        offset: 56,
        size: 8,
        type: 'struct task_struct',
        address: '0x0',
      },
      {
        kind: 'kptr_ref',
        member: 'tasks[1]',
        offset: 64,
        size: 8,
        type: 'struct task_struct',
        address: '0x0',
      },
      { kind: 'workqueue', member: 'work', offset: 72, size: 16, set: false },
      { kind: 'uptr', member: 'words', offset: 88, size: 8, type: 'struct words', address: '0x0' },
      { kind: 'task_work', member: 'later', offset: 96, size: 8, set: false },
    ])
  })

  it('say what they do', () => {
    const { guest, map, at, items } = make()
    const { objects } = guest
    const { address: prog } = addProgram(guest, { id: 5, name: 'tick' })
    const callback = guest.symbol('callback_of_timer', guest.image(64), 'T')
    const timer = objects.make('bpf_hrtimer', {
      'cb.prog': prog,
      'cb.callback_fn': callback,
      'timer.is_queued': true,
      'timer.node.expires': 12345n,
    })
    const task = objects.make('task_struct', { pid: 7, tgid: 7, comm: 'watched' })
    guest.u32(at, 1)
    objects.set('bpf_async_kern', at + 8n, { cb: timer })
    writeList(guest, at + 24n, items.slice(0, 2))
    const tree = items.slice(2)
    writeRbtree(guest, at + 40n, tree)
    guest.u64(at + 64n, task)
    objects.set('bpf_async_kern', at + 72n, {
      cb: objects.make('bpf_work', { 'cb.prog': prog, 'cb.callback_fn': callback }),
    })
    const words = guest.alloc(8)
    guest.u64(words, 11n)
    guest.u64(at + 88n, words)
    const later = { state: 3, task, prog, callback_fn: callback }
    objects.set('bpf_task_work_kern', at + 96n, { ctx: objects.make('bpf_task_work_ctx', later) })
    const [lock, clock, list, root, , second, work, user, pending] = special(readWhole(guest, map))
    expect(lock).toMatchObject({ locked: true })
    expect(clock).toMatchObject({
      set: true,
      armed: true,
      expires: 12345,
      callback: 'callback_of_timer',
      program: { kind: 'program', id: 5, name: 'tick' },
    })
    const numbers = (field: Record<string, unknown> | undefined) =>
      ((field?.elements ?? []) as { value: { number: number } }[]).map(({ value }) => value.number)
    expect(numbers(list)).toEqual([10, 20])
    expect(numbers(root)).toEqual([30])
    expect(second).toMatchObject({ target: { kind: 'task', pid: 7, comm: 'watched' } })
    const called = { program: { id: 5, name: 'tick' }, callback: 'callback_of_timer' }
    expect(work).toMatchObject({ set: true, ...called })
    expect(work).not.toHaveProperty('armed')
    expect(user).toMatchObject({ kind: 'uptr', address: `0x${words.toString(16)}` })
    expect(pending).toMatchObject({ state: 'scheduled', task: { pid: 7, comm: 'watched' }, ...called })
  })

  it('that are broken say so, and leave the others', () => {
    const { guest, map, at, items } = make()
    const kernel = guest.kernel()
    const [one = 0n, two = 0n] = items
    guest.u64(at + 24n, one)
    guest.u64(one, two)
    guest.u64(two, one)
    guest.objects.set('bpf_async_kern', at + 8n, { cb: 0xffff_dead_0000_0000n })
    guest.objects.set('bpf_task_work_kern', at + 96n, { ctx: 0xffff_dead_0000_0000n })
    const fields = special(readAgain(kernel, map))
    expect(fields[8]).toMatchObject({ kind: 'task_work', problem: expect.stringContaining('not present') })
    expect(fields[1]).toMatchObject({ kind: 'timer', problem: expect.stringContaining('not present') })
    expect(fields[2]).toMatchObject({ count: 2, problem: expect.stringContaining('list loops') })
    expect(fields[3]).toMatchObject({ kind: 'rb_root', count: 0 })
  })

  it('of a count that cannot be are bounded', () => {
    const { guest, map, record } = make()
    const kernel = guest.kernel()
    guest.objects.set('btf_record', record, { cnt: 0xffffffff })
    expect(special(readAgain(kernel, map)).length).toBeLessThanOrEqual(22)
  })
})

describe('the member that a field is', () => {
  it('is found through arrays, and is none in padding', () => {
    const { bytes, value } = types()
    const type = Btf.parse(bytes).type(value)
    const field = (offset: number, size: number) => memberOfField(type, { kind: 'kptr_ref', offset, size })
    expect(field(64, 8)).toBe('tasks[1]')
    expect(field(4, 4)).toBeUndefined()
    expect(field(1000, 8)).toBeUndefined()
    expect(memberOfField(undefined, { kind: 'timer', offset: 0, size: 16 })).toBeUndefined()
  })
})
