import { Btf } from '../../src/btf/btf.js'
import type { CType } from '../../src/btf/types.js'
import type { ValueContext } from '../../src/value/context.js'
import type { StructValue } from '../../src/value/types.js'
import { makeValue } from '../../src/value/value.js'
import { BtfBuilder } from '../btf/builder.js'
import { base, FakeGuest } from './fake-guest.js'
import { integers } from './types.js'

/** A task with a bit of everything, and the types around it. */
function kernelTypes(): Btf {
  const b = new BtfBuilder()
  const { u8, u16, u32, u64, s32, s64, u128, bool, char } = integers(b)
  const state = b.enum('state', { IDLE: 0, RUN: 1 })
  const pointer = (type: number, ...tags: string[]) =>
    b.pointer(tags.reduce((at, tag) => b.typeTag(tag, at), type))
  const entity = b.struct('entity', [
    { name: 'vruntime', type: u64 },
    { name: 'weights', type: b.array(u32, 2) },
  ])
  const mask = b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 2) }])
  const stats = b.struct('stats', [{ name: 'runs', type: u64 }])
  b.struct('task', (task) => [
    { name: 'pid', type: s32 }, // 0
    { name: 'state', type: state }, // 4
    { name: 'start', type: u64 }, // 8
    { name: 'offset', type: s64 }, // 16
    { name: 'on', type: bool }, // 24
    { name: 'comm', type: b.array(char, 15) }, // 25
    { name: 'se', type: entity }, // 40
    { name: 'parent', type: b.pointer(task) }, // 56
    { name: 'mask', type: b.typedef('cpumask_t', mask) }, // 64
    { name: 'name', type: b.pointer(b.const(char)) }, // 80
    {
      type: b.union('', [
        { name: 'key', type: u32 },
        { name: 'bytes', type: b.array(u8, 4) },
      ]),
    }, // 88
    { name: 'run', type: b.pointer(b.prototype(0)) }, // 96
    { name: 'data', type: b.pointer(0) }, // 104
    { name: 'stats', type: pointer(stats, 'percpu') }, // 112
    { name: 'user', type: pointer(entity, 'user') }, // 120
    { name: 'secret', type: pointer(b.forward('secret'), 'rcu', 'untrusted') }, // 128
    { name: 'numbers', type: b.pointer(u16) }, // 136
    { name: 'second', type: b.pointer(b.pointer(task)) }, // 144
    { name: 'kstats', type: pointer(stats, 'percpu_kptr') }, // 152
    { name: 'big', type: u128, offset: 160 },
    { name: 'cpus_ptr', type: b.pointer(mask), offset: 176 },
    { name: 'low', type: u32, bitOffset: 184 * 8, bitSize: 3 },
    { name: 'mode', type: state, bitOffset: 184 * 8 + 3, bitSize: 2 },
    { name: 'wide', type: u64, bitOffset: 184 * 8 + 5, bitSize: 40 },
    { name: 'tail', type: b.array(u32, 0), offset: 192 },
  ])
  b.struct('secret', [{ name: 'code', type: u32 }])
  b.section('.data', [{ type: b.variable('counter', u64), offset: 0, size: 8 }])
  b.array(b.array(u16, 3), 2)
  return Btf.parse(b.build())
}

export const btf = kernelTypes()
export const taskType = typeOf('task')

export function typeOf(name: string): CType {
  const type = btf.find(name)
  if (type === undefined) throw new Error(`no ${name} in the test's types`)
  return type
}

export function aTask(more: Partial<ValueContext> = {}) {
  const guest = new FakeGuest()
  guest.view.setInt32(0, 42, true)
  guest.view.setInt32(4, 1, true)
  guest.setPointer(8, 2n ** 60n)
  guest.view.setBigInt64(16, -5n, true)
  guest.bytes[24] = 1
  guest.setText(25, 'swapper')
  guest.setPointer(40, 77n)
  guest.view.setUint32(48, 3, true)
  guest.view.setUint32(52, 4, true)
  guest.setPointer(56, base)
  guest.bytes[64] = 0b1011
  guest.setPointer(80, base + 0x300n)
  guest.setText(0x300, 'a name\0')
  guest.view.setUint32(88, 0x04030201, true)
  guest.setPointer(96, 0xffffffff81000000n)
  guest.setPointer(112, 0x400n)
  guest.setPointer(120, base + 40n)
  guest.setPointer(128, base)
  guest.setPointer(136, base + 0x200n)
  for (let n = 0; n < 4; n++) guest.view.setUint16(0x200 + n * 2, n * 11, true)
  guest.setPointer(144, base + 56n)
  guest.setPointer(152, base + 0xc00n)
  guest.setPointer(0xc00, 0xd00n)
  for (let cpu = 0; cpu < 4; cpu++) {
    guest.setPointer(0x400 + cpu * 0x100, BigInt(100 + cpu))
    if (cpu !== 3) guest.setPointer(0xd00 + cpu * 0x100, BigInt(200 + cpu))
  }
  guest.setPointer(160, 1n)
  guest.setPointer(168, 1n)
  guest.setPointer(176, base + 64n)
  guest.setPointer(184, 5n | (1n << 3n) | (0xabcdef0123n << 5n))
  guest.view.setUint32(192, 7, true)
  guest.view.setUint32(196, 8, true)
  const context = guest.context(more)
  return { guest, context, task: makeValue(context, taskType, base, 'init') as StructValue }
}
