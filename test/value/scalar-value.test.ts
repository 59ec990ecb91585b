import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Scalar, StructValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { makeReference, makeValue } from '../../src/value/value.js'
import { base, FakeGuest } from './fake-guest.js'
import { aTask } from './task.js'
import { build } from './types.js'

const member = (task: StructValue, name: string): Scalar => task.$member(name) as Scalar

describe('a scalar', () => {
  const { task } = aTask()

  test('counts, compares and reads as its value', () => {
    const pid = member(task, 'pid')
    expect([Number(pid), `${pid}`, String(pid)]).toEqual([42, '42', '42'])
    const start = member(task, 'start') as unknown as bigint
    expect(start > 2n ** 59n).toBe(true)
    const on = member(task, 'on')
    expect([on.$value, on.$format(), JSON.stringify(on)]).toEqual([true, 'true', 'true'])
    const state = member(task, 'state')
    expect([`${state}`, Number(state), JSON.stringify(state), inspect(state)]).toEqual([
      'RUN',
      1,
      '"RUN"',
      'RUN (1)',
    ])
  })

  test('knows its bits, where it is a bitfield', () => {
    expect(member(task, 'pid')).toMatchObject({ $bitOffset: 0, $bitSize: 0 })
    expect(member(task, 'low')).toMatchObject({ $bitOffset: 0, $bitSize: 3, $value: 5 })
    const mode = member(task, 'mode')
    expect(mode).toMatchObject({ $bitOffset: 3, $bitSize: 2 })
    expect([`${mode}`, JSON.stringify(mode), mode.$format({ hex: true })]).toEqual([
      'RUN',
      '"RUN"',
      'RUN (0x1)',
    ])
    expect(member(task, 'low').$format({ hex: true })).toBe('0x5')
  })

  test.each([
    [2n ** 53n - 1n, 9007199254740991],
    [2n ** 53n, '9007199254740992'],
    [7n, 7],
  ])('of %i in a wide bitfield is JSON as any other integer is', (value, json) => {
    const guest = new FakeGuest()
    guest.setPointer(0, value << 3n)
    const type = build((b, { u64 }) =>
      b.struct('wide', [{ name: 'x', type: u64, bitOffset: 3, bitSize: 60 }], 8),
    )
    const wide = makeValue(guest.context(), type, base) as StructValue
    expect(member(wide, 'x').$json()).toBe(json)
    expect(wide.$json()).toEqual({ x: json })
  })

  test('of one bit is that bit in JSON, and nothing beside it', () => {
    const guest = new FakeGuest()
    guest.view.setUint8(0, 0b1101)
    const type = build((b, { u32 }) =>
      b.struct(
        'bits',
        [0, 1, 2].map((bit) => ({ name: `b${bit}`, type: u32, bitOffset: bit, bitSize: 1 })),
        4,
      ),
    )
    const bits = makeValue(guest.context(), type, base) as StructValue
    expect(['b0', 'b1', 'b2'].map((name) => member(bits, name).$json())).toEqual([1, 0, 1])
    expect(['b0', 'b1', 'b2'].map((name) => member(bits, name).$bitOffset)).toEqual([0, 1, 2])
  })

  test('that cannot be read says why, and is no number', () => {
    const { context } = aTask()
    const type = build((b, { u32 }) =>
      b.struct('bits', [
        { name: 'x', type: u32, bitOffset: 0, bitSize: 3 },
        { name: 'y', type: u32, bitOffset: 32, bitSize: 32 },
      ]),
    )
    const task = makeValue(context, type, base - 4096n) as StructValue
    const why = 'page not present at 0xffff887ffffff000 (pte)'
    const x = member(task, 'x')
    expect(isUnreadable(x.$value)).toBe(true)
    expect([`${x}`, x.$format(), inspect(x)]).toEqual(Array(3).fill(`unreadable: ${why}`))
    expect(x.$json()).toEqual({ unreadable: why })
    expect(Number(x)).toBeNaN()
    expect(member(task, 'y').$json()).toEqual({ unreadable: why.replace('000 (', '004 (') })
  })

  test('of floating point reads as it is', () => {
    const guest = new FakeGuest()
    guest.view.setFloat32(4, 1.5, true)
    guest.view.setFloat64(8, -2.5, true)
    const reference = (size: number) =>
      makeReference(
        guest.context(),
        build((b) => b.float('float', size)),
        base + BigInt(size),
      ) as Scalar
    expect([4, 8].map((size) => reference(size).$value)).toEqual([1.5, -2.5])
    expect(Number(reference(4)) + 1).toBe(2.5)
  })
})
