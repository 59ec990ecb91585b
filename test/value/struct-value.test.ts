import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { CType } from '../../src/btf/types.js'
import { CryoscopeError } from '../../src/errors.js'
import { EnumValue } from '../../src/value/enum.js'
import { jsonOf } from '../../src/value/render/json.js'
import type { ArrayValue, Scalar, StructValue } from '../../src/value/types.js'
import { makeValue } from '../../src/value/value.js'
import { base } from './fake-guest.js'
import { aTask, btf, taskType, typeOf } from './task.js'
import { build } from './types.js'

describe('members of a struct', () => {
  const { task } = aTask()

  test('are plain properties', () => {
    expect(task.pid).toBe(42)
    expect(task.start).toBe(2n ** 60n)
    expect(task.offset).toBe(-5n)
    expect(task.on).toBe(true)
    expect(task.comm).toBe('swapper')
    expect(task.se.vruntime).toBe(77n)
    expect(task.key).toBe(0x04030201)
    expect(task.big).toBe(2n ** 64n + 1n)
    expect(task.nosuch).toBeUndefined()
  })

  test('can be bitfields', () => {
    expect(task.low).toBe(5)
    expect(task.wide).toBe(0xabcdef0123n)
    expect(task.mode.is('RUN')).toBe(true)
  })

  test('that are enums know name and number', () => {
    expect(task.state).toBeInstanceOf(EnumValue)
    expect(task.state).toMatchObject({ name: 'RUN', value: 1 })
    expect(task.state.is('RUN') && task.state.is(1) && !task.state.is('IDLE')).toBe(true)
    expect(`${task.state} ${task.state + 1}`).toBe('RUN 2')
    expect(task.state).toBe(task.state)
    expect(inspect(task.state)).toBe('RUN (1)')
  })

  test('are listed, spread and looked for by name', () => {
    expect(Object.keys(task)).toContain('key')
    expect(Object.keys(task)).toEqual(task.$members)
    expect('pid' in task && '$address' in task && !('nosuch' in task)).toBe(true)
    expect({ ...task.se }).toMatchObject({ vruntime: 77n })
    expect(Object.entries(task.se)[0]).toEqual(['vruntime', 77n])
  })

  test('stay the same object where they are embedded', () => {
    expect(task.se).toBe(task.se)
    expect(task.se.weights).toBe(task.se.weights)
  })

  test('cannot be written', () => {
    expect(() => Object.assign(task, { pid: 1 })).toThrow(CryoscopeError)
    expect(() => delete (task as { pid?: number }).pid).toThrow('read-only')
    expect(() => Object.defineProperty(task, 'pid', { value: 1 })).toThrow('read-only')
    expect(task.pid).toBe(42)
  })

  test('can be had with their address and type', () => {
    const pid = task.$member('pid') as Scalar
    expect(pid).toMatchObject({ $address: base, $type: 'int', $size: 4, $value: 42 })
    expect(`${pid}`).toBe('42')
    expect(Number(pid) + 1).toBe(43)
    expect(pid.$cast('unsigned char')).toBe(42)
    expect(JSON.stringify({ pid })).toBe('{"pid":42}')
    expect(inspect(pid)).toBe('42')
    const wide = task.$member('wide') as Scalar
    expect(wide).toMatchObject({ $bitOffset: 5, $bitSize: 40, $value: 0xabcdef0123n })
    expect(JSON.stringify(wide)).toBe(`${0xabcdef0123n}`)
    const comm = task.$member('comm') as ArrayValue
    expect(comm[0]).toBe('s'.charCodeAt(0))
    expect(comm.$text).toBe('swapper')
    expect(comm.$address).toBe(base + 25n)
    expect(() => task.$member('nosuch')).toThrow('struct task has no member nosuch')
  })
})

describe('a struct', () => {
  const { guest, task } = aTask()

  test('says what and where it is', () => {
    expect(task.$type).toBe('struct task')
    expect(task.$ctype).toBe(taskType)
    expect(task.$address).toBe(base)
    expect(task.$size).toBe(192)
    expect(task.$bytes).toEqual(guest.bytes.slice(0, 192))
    expect(task.$bytes.buffer).not.toBe(guest.bytes.buffer)
    expect(task.$problem).toBeUndefined()
    expect(`${task}`).toBe('struct task at 0xffff888000000000')
  })

  test('is read when it is looked at, as memory then is', () => {
    const { guest, task } = aTask()
    expect(guest.reads).toBe(0)
    const { se } = task
    expect(guest.reads).toBe(0)
    expect(se.vruntime).toBe(77n)
    guest.setPointer(40, 78n)
    expect(se.vruntime).toBe(78n)
  })

  test('is JSON, and the same JSON as its bytes', () => {
    const { context } = aTask()
    expect(JSON.parse(JSON.stringify(task))).toEqual(jsonOf(context, taskType, guest.bytes))
    expect(JSON.parse(JSON.stringify(task))).toMatchObject({
      pid: 42,
      state: 'RUN',
      start: `${2n ** 60n}`,
      comm: 'swapper',
      mask: '0-1,3',
      bytes: [1, 2, 3, 4],
      parent: { pointer: '0xffff888000000000', type: 'struct task *' },
      run: { pointer: '0xffffffff81000000', type: 'void (*)(void)', to: 'schedule' },
      tail: [],
    })
  })

  test('is text for people', () => {
    expect(inspect(task)).toMatch(/^struct task \{\n {2}\.pid {2,}= 42,\n/)
    expect(task.$format()).toContain('.run      = 0xffffffff81000000 <schedule>')
    expect(inspect({ task }, { depth: 0 })).toContain('.se       = { … }')
    expect(task.se.$format({ columns: 200 })).toBe('struct entity { .vruntime = 77, .weights = { 3, 4 } }')
  })

  test('can be taken for another type, and be found from its member', () => {
    expect((task.$cast('struct entity') as StructValue).vruntime).toBe(0x1_0000_002an)
    expect(task.$cast('unsigned int')).toBe(42)
    expect((task.$cast('unsigned short[2]') as ArrayValue)[0]).toBe(42)
    expect(task.$offsetOf('se.weights[1]')).toBe(52)
    expect((task.se.$container('struct task', 'se') as StructValue).pid).toBe(42)
    expect(() => task.$cast('struct nosuch')).toThrow('There is no type "struct nosuch"')
    expect(() => task.$cast('struct nosuch')).toThrow(CryoscopeError)
    expect(() => task.$offsetOf('se.nosuch')).toThrow('struct task has no member se.nosuch')
  })

  test('is cast to types that only the context knows', () => {
    const other = build((b, { u8 }) => b.struct('foreign', [{ name: 'first', type: u8 }]))
    const { task } = aTask({ findType: (name) => (name === 'struct foreign' ? other : undefined) })
    expect((task.$cast('struct foreign') as StructValue).first).toBe(42)
  })

  test('can be a section of variables', () => {
    const { guest, context } = aTask()
    guest.setPointer(0x800, 9n)
    const section = btf.find('.data', 'section') as CType
    expect((makeValue(context, section, base + 0x800n) as StructValue).counter).toBe(9n)
  })
})

describe('cpumasks', () => {
  const { task } = aTask()

  test('are the CPUs that the machine has', () => {
    expect(task.mask.cpus).toEqual([0, 1, 3])
    expect(`${task.mask}`).toBe('0-1,3')
    expect(JSON.stringify(task.mask)).toBe('"0-1,3"')
    expect(inspect(task.mask)).toBe('{0-1,3}')
    expect(task.mask.bits[0]).toBe(0b1011n)
    expect(task.mask.$member('bits').$size).toBe(16)
    expect('cpus' in task.mask).toBe(true)
    expect(task.cpus_ptr.cpus).toEqual([0, 1, 3])
  })

  test('need only the words that hold CPUs', () => {
    const { guest, context } = aTask()
    guest.bytes[4088] = 1
    const mask = makeValue(context, typeOf('cpumask'), base + 4088n) as StructValue
    expect(mask.cpus).toEqual([0])
    const none = makeValue(context, typeOf('cpumask'), base + 4092n) as StructValue
    expect(`${none}`).toMatch(/^unreadable: page not present at/)
  })
})

describe('members with our names and theirs', () => {
  test('a struct has cpus only where it is a set of CPUs, or has a member of that name', () => {
    const { context, task } = aTask()
    for (const name of ['cpus', 'has', 'member', 'origin', 'shape']) expect(name in task, name).toBe(false)
    expect(task.cpus).toBeUndefined()
    const type = build((b, { u32 }) => b.struct('topology', [{ name: 'cpus', type: u32 }]))
    const topology = makeValue(context, type, base) as StructValue
    expect('cpus' in topology).toBe(true)
    expect(topology.cpus).toBe(42)
    expect(Object.getOwnPropertyDescriptor(task, 'cpus')).toBeUndefined()
    expect(Object.getOwnPropertyDescriptor(task, 'pid')).toEqual({
      value: 42,
      enumerable: true,
      configurable: true,
      writable: false,
    })
  })

  test('symbols are never members, and what every object has is there', () => {
    const { task } = aTask()
    expect(Symbol.iterator in task).toBe(false)
    expect(Object.getOwnPropertyDescriptor(task, Symbol.iterator)).toBeUndefined()
    expect(typeof task.hasOwnProperty).toBe('function')
    expect(Object.hasOwn(task, 'pid')).toBe(true)
    expect(() => Object.assign(task, { [Symbol('x')]: 1 })).toThrow('read-only')
    expect(Object.setPrototypeOf.length).toBe(2)
    expect(Reflect.setPrototypeOf(task, null)).toBe(false)
  })
})

describe('sets of CPUs inside of another struct', () => {
  test('are read where their bits are', () => {
    const { guest, context } = aTask()
    guest.bytes.set([0xff, 0xff, 0, 0, 0, 0, 0, 0, 0b1100], 0x700)
    const type = build((b, { u64, s32 }) =>
      b.struct('bpf_cpumask', [
        { name: 'usage', type: s32 },
        { name: 'cpumask', type: b.struct('cpumask', [{ name: 'bits', type: b.array(u64, 128) }]) },
      ]),
    )
    const mask = makeValue(context, type, base + 0x700n) as StructValue
    expect(mask.cpus).toEqual([2, 3])
    expect(`${mask}`).toBe('2-3')
    expect(mask.usage).toBe(0xffff)
  })
})

describe('variables of a program', () => {
  const type = build((b, { u32, u64 }) => {
    const pair = b.struct('pair', [{ name: 'x', type: u32 }])
    return b.section('.data', [
      { type: b.variable('limit', u64), offset: 8, size: 8 },
      { type: b.variable('pair', pair), offset: 16, size: 4 },
    ])
  })

  test('are written where the context can write, and read anew then', () => {
    const { guest, context } = aTask()
    const written: unknown[] = []
    const writable = {
      ...context,
      assign: (place: { name: string; address: bigint; type: CType }, value: unknown) => {
        written.push([place.name, place.address, place.type.kind, value])
        guest.view.setUint32(0x800 + 16, 9, true)
      },
    }
    const data = makeValue(writable, type, base + 0x800n) as StructValue & Record<string, unknown>
    const before = data.pair
    expect(data.pair).toBe(before)
    data.limit = 5n
    expect(written).toEqual([['limit', base + 0x808n, 'int', 5n]])
    expect(data.pair).not.toBe(before)
    expect(data.pair.x).toBe(9)
    expect(() => {
      data.nothing = 1
    }).toThrow('read-only')
    // A struct is no section, and its members no variables.
    const task = makeValue(writable, taskType, base) as StructValue & Record<string, unknown>
    expect(() => {
      task.pid = 1
    }).toThrow('read-only')
    expect(written).toHaveLength(1)
  })

  test('are not written where nothing can write', () => {
    const { context } = aTask()
    const data = makeValue(context, type, base) as StructValue & Record<string, unknown>
    expect(() => {
      data.limit = 5n
    }).toThrow('read-only')
  })
})

test('what was allocated behind a header is had by its flexible array', () => {
  const { guest, context } = aTask()
  guest.setPointer(0x808, 77n)
  const payload = build((b, { u64 }) => b.struct('payload', [{ name: 'value', type: u64 }]))
  const header = build((b, { u64 }) =>
    b.struct('header', [
      { name: 'id', type: u64 },
      { name: 'payload', type: b.array(u64, 0) },
      { name: 'two', type: b.array(u64, 2), offset: 8 },
    ]),
  )
  const at = (found: bigint) =>
    makeValue(
      {
        ...context,
        objectAt: (address) => (address === base + 0x800n ? { type: payload, address: found } : undefined),
      },
      header,
      base + 0x800n,
    ) as StructValue
  expect(at(base + 0x808n).payload.value).toBe(77n)
  expect(at(base + 0x808n).two[0]).toBe(77n)
  // What lies elsewhere is not what the array is.
  expect(at(base + 0x810n).payload.length).toBe(0)
  expect((makeValue(context, header, base + 0x800n) as StructValue).payload.length).toBe(0)
})

test('a struct has the name of what lies at its address', () => {
  const { context } = aTask()
  const at = (address: bigint) => (makeValue(context, taskType, address) as StructValue).$symbol
  expect([at(0xffffffff81000000n), at(base)]).toEqual(['schedule', undefined])
})

test('a struct is text with the limits of whoever looks', () => {
  const { task } = aTask()
  expect(inspect(task, { depth: null, breakLength: Number.POSITIVE_INFINITY })).toContain('\n  .pid ')
  expect(inspect(task.se, { breakLength: 30 })).toBe(
    'struct entity {\n  .vruntime = 77,\n  .weights  = { 3, 4 },\n}',
  )
  expect(inspect(task.se.weights, { maxArrayLength: 1 })).toBe('{ 3, … 1 more }')
  expect(inspect(task.se, { depth: -1 })).toContain('.weights = [2 elements]')
})
