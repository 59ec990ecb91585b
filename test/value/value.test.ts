import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CType } from '../../src/btf/types.js'
import { CryoscopeError } from '../../src/errors.js'
import type { StructValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { makeReference, makeValue, valueOfBytes } from '../../src/value/value.js'
import { anyType } from './arbitrary.js'
import { base } from './fake-guest.js'
import { aTask, taskType } from './task.js'
import { build } from './types.js'

test('a forward declaration is completed by the context where it is asked for, and a struct is as it is', () => {
  const forward = build((b) => b.forward('hidden'))
  const [whole, other] = ['hidden', 'other'].map((name) =>
    build((b, { u32 }) => b.struct(name, [{ name: 'code', type: u32 }], 4)),
  ) as [CType, CType]
  const asked: string[] = []
  const { context } = aTask({
    resolveForward: (type) => {
      asked.push(type.name)
      return whole
    },
  })
  const made = [forward, other].map((type) => makeValue(context, type, base) as StructValue)
  expect(made.map(({ $kind, $type }) => [$kind, $type])).toEqual([
    ['struct', 'struct hidden'],
    ['struct', 'struct other'],
  ])
  expect(asked).toEqual(['hidden'])
})

describe('what cannot be read', () => {
  const { context } = aTask()
  const task = makeValue(context, taskType, 0xffff_9000_0000_0000n) as StructValue
  const missing = task.pid

  test('says why, and so does whatever is asked of it', () => {
    expect(isUnreadable(missing)).toBe(true)
    expect(missing.$reason).toBe('page not present at 0xffff900000000000 (pte)')
    expect(missing.$problem).toEqual({ kind: 'not-present', address: 0xffff_9000_0000_0000n, level: 'pte' })
    expect(missing.a.b[3].c).toBe(missing)
    expect(`${missing}`).toBe('unreadable: page not present at 0xffff900000000000 (pte)')
    expect(inspect(missing)).toBe('<unreadable: page not present at 0xffff900000000000 (pte)>')
    expect(JSON.stringify({ missing })).toBe(
      '{"missing":{"unreadable":"page not present at 0xffff900000000000 (pte)"}}',
    )
    expect(Number(missing)).toBeNaN()
    for (const name of ['comm', 'parent', 'state', 'on']) expect(isUnreadable(task[name])).toBe(true)
    expect(task.$problem).toMatchObject({ kind: 'not-present' })
    expect(task.$bytes).toHaveLength(0)
  })

  test('can be awaited, but not gone through or written', async () => {
    expect(isUnreadable(await missing)).toBe(true)
    expect(() => [...missing]).toThrow('page not present')
    expect(() => Object.assign(missing, { x: 1 })).toThrow(CryoscopeError)
  })

  test('does not take down what can', () => {
    const { guest, context } = aTask()
    guest.view.setInt32(4096 - 8, 43, true)
    guest.view.setInt32(4096 - 4, 1, true)
    const task = makeValue(context, taskType, base + 4088n) as StructValue
    expect(task.pid).toBe(43)
    expect(`${task.state}`).toBe('RUN')
    expect(isUnreadable(task.start)).toBe(true)
    expect(task.$json()).toMatchObject({
      pid: 43,
      state: 'RUN',
      start: { unreadable: expect.stringContaining('not present') },
    })
    expect(task.$format()).toContain('<unreadable: page not present at 0xffff888000001000 (pte)>')
  })

  test('is text that ends before it', () => {
    const { guest, context } = aTask()
    const type = build((b, { char }) => b.array(char, 16))
    guest.setText(4092, 'abcd')
    expect(isUnreadable(makeValue(context, type, base + 4092n))).toBe(true)
    guest.bytes[4095] = 0
    expect(makeValue(context, type, base + 4092n)).toBe('abc')
  })
})

describe('values without a value', () => {
  test('say so', () => {
    const { context } = aTask()
    const opaque = makeValue(
      context,
      build((b) => b.forward('secret')),
      base,
    )
    expect(opaque).toMatchObject({
      $kind: 'opaque',
      $reason: 'only a forward declaration of struct secret is known',
    })
    expect(JSON.stringify(opaque)).toBe(
      '{"hex":"","reason":"only a forward declaration of struct secret is known"}',
    )
  })
})

describe('values of bytes', () => {
  test('read their own bytes there and pointers in memory', () => {
    const { guest, context } = aTask()
    const bytes = guest.bytes.slice(0, 192)
    new DataView(bytes.buffer).setInt32(0, 99, true)
    const task = valueOfBytes(context, taskType, bytes, base) as StructValue
    expect(task.pid).toBe(99)
    expect(task.$member('pid').$address).toBe(base)
    expect(task.parent.pid).toBe(42)
    expect(valueOfBytes(context, taskType, bytes)).toMatchObject({ pid: 99 })
  })
})

test('references are objects whatever the type', () => {
  const { context } = aTask()
  expect(
    makeReference(
      context,
      build((_, { u32 }) => u32),
      base,
    ),
  ).toMatchObject({ $kind: 'scalar', $value: 42 })
  expect(makeReference(context, taskType, base)).toMatchObject({ $kind: 'struct', pid: 42 })
})

test('no value of any type throws when it is looked at', () => {
  const { guest, context } = aTask()
  fc.assert(
    fc.property(
      anyType,
      fc.uint8Array({ minLength: 4096, maxLength: 4096 }),
      fc.nat({ max: 4200 }),
      (type, bytes, offset) => {
        guest.bytes.set(bytes)
        const value: unknown = makeValue(context, type, base + BigInt(offset))
        inspect(value)
        String(value)
        look(value, 3)
        const reference = makeReference(context, type, base + BigInt(offset))
        JSON.parse(JSON.stringify(reference))
      },
    ),
    { numRuns: 300 },
  )
})

/** Touches everything that a user could, some levels down. */
function look(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || depth === 0) return
  if (Array.isArray(value)) {
    for (let n = 0; n < Math.min(value.length, 3); n++) look(value[n], depth - 1)
    return
  }
  for (const key of Object.keys(value).slice(0, 5)) {
    look((value as Record<string, unknown>)[key], depth - 1)
  }
}
