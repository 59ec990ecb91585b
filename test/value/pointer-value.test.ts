import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { PointerValue, StructValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { makeValue } from '../../src/value/value.js'
import { base, FakeGuest } from './fake-guest.js'
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

describe('pointers as objects', () => {
  const { task } = aTask()

  test('have the members of their target as their own', () => {
    const { parent } = task
    for (const name of ['nosuch', 'whyNot', 'struct', 'origin']) expect(name in parent, name).toBe(false)
    expect('$value' in parent).toBe(true)
    expect(Symbol.iterator in parent).toBe(false)
    expect(Object.getOwnPropertyDescriptor(parent, 'pid')).toEqual({
      value: 42,
      enumerable: true,
      configurable: true,
      writable: false,
    })
    expect(Object.getOwnPropertyDescriptor(parent, 'nosuch')).toBeUndefined()
    expect(Object.getOwnPropertyDescriptor(parent, Symbol.iterator)).toBeUndefined()
    expect(parent.nosuch).toBeUndefined()
    expect(typeof parent.hasOwnProperty).toBe('function')
    expect(parent[1].$address).toBe(base + 192n)
    expect(parent['-1'].$address).toBe(base - 192n)
    expect(() => Object.assign(parent, { pid: 1 })).toThrow('read-only')
  })

  test('have none where their target has none, and say so', async () => {
    const { numbers, data, secret } = task
    expect(Object.keys(numbers)).toEqual([])
    expect('pid' in numbers).toBe(false)
    expect(Object.getOwnPropertyDescriptor(numbers, 'pid')).toBeUndefined()
    expect(numbers.pid.$reason).toBe('init.numbers points at unsigned short: unsigned short has no members')
    expect(data.pid.$reason).toBe('null pointer in init.data')
    expect(() => numbers.$member('pid')).toThrow('unsigned short has no member pid')
    expect(() => numbers.$offsetOf('pid')).toThrow('unsigned short has no member pid')
    expect(() => secret.$member('pid')).toThrow('struct secret has no member pid')
    expect(task.cpus_ptr.$member('bits').$address).toBe(base + 64n)
    // Promises, and what every object has, are asked for without anyone meaning a member.
    expect(await numbers).toBe(numbers)
    expect(typeof numbers.hasOwnProperty).toBe('function')
    expect(typeof secret.toString).toBe('function')
  })

  test('that are null have no object around, no CPU and no cast but to numbers and pointers', () => {
    const { guest, task } = aTask()
    guest.setPointer(56, 0n)
    guest.setPointer(112, 0n)
    const why = 'unreadable: null pointer in init.parent'
    expect(String(task.parent.$container('struct task', 'se'))).toBe(why)
    expect(String(task.parent.$cast('struct entity'))).toBe(why)
    expect(task.parent.$cast('unsigned long')).toBe(0n)
    expect(task.parent.$cast('struct entity *').$isNull).toBe(true)
    expect(String(task.parent.$array(2))).toBe(why)
    expect(String(task.parent.$payload)).toBe(why)
    expect(String(task.stats.$cpu(1))).toBe('unreadable: null pointer in init.stats')
    expect(task.parent.$members).toEqual([])
    expect(task.parent.$symbol).toBeUndefined()
  })

  test('to per-CPU objects of BPF whose first word is missing say so', () => {
    const { guest, task } = aTask()
    guest.setPointer(152, base + 4096n)
    expect(String(task.kstats.$cpu(1))).toMatch(/^unreadable: page not present at 0xffff888000001000/)
    expect(task.kstats.$tags).toEqual(['percpu_kptr'])
    expect(String(task.kstats.runs)).toContain('per-CPU pointer: $cpu(n) follows it')
  })

  test('cast keep the address that they held, as any type', () => {
    expect(task.parent.$cast('struct entity').vruntime).toBe(0x1_0000_002an)
    const cast = task.parent.$cast('struct entity *')
    expect([cast.$value, cast.$address, cast.$type]).toEqual([base, base + 56n, 'struct entity *'])
    expect(task.parent.$cast('unsigned int')).toBe(0)
    expect(`${task.parent.$cast('enum state')}`).toBe('IDLE')
  })

  test('read as numbers, and text', () => {
    expect([`${task.parent}`, String(task.parent), task.parent + 0n]).toEqual([
      '0xffff888000000000',
      '0xffff888000000000',
      base,
    ])
  })
})

describe('text behind a pointer', () => {
  const texts = (size = 3 * 4096) => {
    const guest = new FakeGuest(size)
    const type = build((b, { char }) => b.pointer(char))
    return (target: number, longest?: number) => {
      guest.bytes.fill(0x61, 0x100)
      guest.bytes[8195] = 0
      guest.setPointer(0, base + BigInt(target))
      return (makeValue(guest.context(), type, base) as PointerValue).$string(longest)
    }
  }

  test('goes on over pages, to its end or to the longest that is asked for', () => {
    const text = texts()
    expect(text(8190)).toBe('aaaaa')
    expect(text(4096 - 100, 5000)).toHaveLength(4199)
    expect(text(4096 - 100)).toHaveLength(4096)
    expect(text(4096 - 100, 100)).toHaveLength(100)
    expect(text(4096 - 100, 101)).toHaveLength(101)
    expect(text(8195)).toBe('')
    expect(text(8190, 0)).toBe('')
  })

  test('is unreadable where memory ends before it does', () => {
    const text = texts(2 * 4096)
    expect(String(text(8192 - 5))).toBe('unreadable: page not present at 0xffff888000002000 (pte)')
    expect(text(8192 - 5, 5)).toBe('aaaaa')
  })
})
