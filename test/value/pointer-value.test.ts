import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { PointerValue, StructValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { makeValue } from '../../src/value/value.js'
import { base } from './fake-guest.js'
import { aTask, btf, taskType } from './task.js'
import { build } from './types.js'

describe('pointers', () => {
  const { task } = aTask()

  test('follow on property access', () => {
    expect(task.parent.parent.pid).toBe(42)
    expect(task.parent.se.weights[1]).toBe(4)
    expect('pid' in task.parent).toBe(true)
    expect(Object.keys(task.parent)).toEqual(task.$members)
  })

  test('know their value, their place and their target', () => {
    const parent = task.parent as PointerValue
    expect(parent.$value).toBe(base)
    expect(parent.$address).toBe(base + 56n)
    expect(parent.$isNull).toBe(false)
    expect((parent.$target as StructValue).$address).toBe(base)
    expect(parent.$type).toBe('struct task *')
    expect(parent.$member('pid').$address).toBe(base)
    expect(parent.$offsetOf('se')).toBe(40)
    expect(`${parent}`).toBe('0xffff888000000000')
    expect(inspect(parent)).toBe('(struct task *) 0xffff888000000000')
    expect(JSON.stringify(parent)).toBe('{"pointer":"0xffff888000000000","type":"struct task *"}')
    // biome-ignore lint/suspicious/noDoubleEquals: comparing with a number is what this is about
    expect((parent as unknown) == base).toBe(true)
  })

  test('that are null give the reason instead of zeros', () => {
    const { guest, task } = aTask()
    guest.setPointer(56, 0n)
    expect(task.parent.$isNull).toBe(true)
    expect(String(task.parent.pid)).toBe('unreadable: null pointer in init.parent')
    expect(isUnreadable(task.parent.parent.parent.comm)).toBe(true)
    expect(isUnreadable(task.parent.$target)).toBe(true)
    expect(isUnreadable(task.parent.$index(3))).toBe(true)
    expect(isUnreadable(task.parent.$string())).toBe(true)
    expect(task.parent.$symbol).toBeUndefined()
    expect(inspect(task.parent)).toBe('NULL')
  })

  test('name the path that led to a null one', () => {
    const { guest, task } = aTask()
    guest.setPointer(0x200 + 56, 0n)
    guest.setPointer(56, base + 0x200n)
    expect(task.parent.parent.pid.$reason).toBe('null pointer in init.parent.parent')
    expect(task.second[0].parent.pid.$reason).toBe('null pointer in init.second.parent')
  })

  test('count elements as C does', () => {
    expect(task.numbers.$target).toBe(0)
    expect(task.numbers[2]).toBe(22)
    expect(task.numbers.$index(3)).toBe(33)
    expect(task.numbers.$index(-1)).toBe(0)
    expect([...task.numbers.$array(4)]).toEqual([0, 11, 22, 33])
    expect(task.numbers.$array(4).$type).toBe('unsigned short[4]')
    expect((task.parent.$index(1) as StructValue).$address).toBe(base + 192n)
  })

  test('to pointers go one step at a time', () => {
    expect(task.second.$target.$value).toBe(base)
    expect(task.second.$target.pid).toBe(42)
    expect(task.second.pid.$reason).toContain('struct task * has no members')
  })

  test('to text give it', () => {
    expect(task.name.$string()).toBe('a name')
    expect(task.name.$string(3)).toBe('a n')
    expect(task.name.$target).toBe('a'.charCodeAt(0))
    const { guest, task: other } = aTask()
    guest.setPointer(80, base + 4090n)
    guest.setText(4090, 'abcdef')
    expect(isUnreadable(other.name.$string())).toBe(true)
    guest.bytes[4095] = 0
    expect(other.name.$string()).toBe('abcde')
  })

  test('to functions have a symbol, and to void nothing', () => {
    expect(task.run.$symbol).toBe('schedule')
    expect(inspect(task.run)).toBe('0xffffffff81000000 <schedule>')
    const { guest, task: other } = aTask()
    guest.setPointer(104, base)
    expect(other.data.x.$reason).toBe('init.data points at void: void has no value')
    expect(other.data.$cast('struct task').pid).toBe(42)
    expect(other.data.$cast('struct task *').comm).toBe('swapper')
    expect(other.data.$cast('unsigned long')).toBe(base)
  })

  test('to per-CPU memory are followed per CPU', () => {
    expect(task.stats.$tags).toEqual(['percpu'])
    expect(task.stats.runs.$reason).toContain('per-CPU pointer')
    expect(isUnreadable(task.stats.$target)).toBe(true)
    expect(task.stats.$cpu(2).runs).toBe(102n)
    const all: [number, bigint][] = (task.stats as PointerValue).$cpus.map(({ cpu, value }) => [
      cpu,
      (value as StructValue).runs,
    ])
    expect(all).toEqual([
      [0, 100n],
      [1, 101n],
      [2, 102n],
      [3, 103n],
    ])
  })

  test('to per-CPU objects of BPF are followed through their first word', () => {
    expect(task.kstats.$cpu(1).runs).toBe(201n)
  })

  test('into user memory are followed only on request', () => {
    expect(task.user.vruntime.$reason).toContain('user memory')
    expect(task.user.$target.vruntime).toBe(77n)
  })

  test('to forward declarations are completed by the context', () => {
    expect(task.secret.$tags).toEqual(['untrusted', 'rcu'])
    expect(task.secret.code.$reason).toContain('only a forward declaration of struct secret')
    const { task: other } = aTask({ resolveForward: (type) => btf.findStruct(type.name) })
    expect(other.secret.code).toBe(42)
  })

  test('of other kinds are translated by the context', () => {
    const { guest, task } = aTask({ resolvePointer: (value) => (value < 0x1000n ? base + value : undefined) })
    guest.setPointer(56, 8n)
    expect(task.parent.$value).toBe(8n)
    expect(task.parent.pid).toBe(0)
    expect((task.parent.$target as StructValue).$address).toBe(base + 8n)
  })

  test('tell what is kept of their target, as the target does, when it is asked for', () => {
    const asked: string[] = []
    const { guest, task } = aTask({
      keptOf: (struct, address) => {
        asked.push(struct)
        return struct === 'task' ? [address - base] : undefined
      },
    })
    guest.setPointer(56, base)
    expect(task.$format()).not.toContain('$bpf')
    expect(asked).toEqual([])
    const kept = (value: unknown) => (value as { readonly $bpf: unknown }).$bpf
    expect(kept(task)).toEqual([0n])
    expect(kept(task.parent)).toEqual([0n])
    expect(kept(task.se)).toBeUndefined()
    expect(kept(task.data)).toBeUndefined()
    expect(kept(aTask().task)).toBeUndefined()
    expect(asked).toEqual(['task', 'task', 'entity'])
  })

  test('keep the address they held', () => {
    const { guest, task } = aTask()
    const { parent } = task
    guest.setPointer(56, 0n)
    expect(parent.pid).toBe(42)
    expect(task.parent.$isNull).toBe(true)
  })

  test('find the struct around their target', () => {
    const { guest, context } = aTask()
    guest.setPointer(0x900, base + 40n)
    const pointer = makeValue(
      context,
      build((b, { u64 }) => b.pointer(b.struct('entity', [{ name: 'vruntime', type: u64 }]))),
      base + 0x900n,
    ) as PointerValue
    expect((pointer.$container(taskType, 'se') as StructValue).pid).toBe(42)
  })
})
