import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import type { PhysicalMemory } from '../../src/memory/types.js'
import { Session } from '../../src/session/session.js'
import type { Control, StopCondition, Target } from '../../src/session/target.js'
import type { StructValue } from '../../src/value/types.js'
import { isUnreadable } from '../../src/value/unreadable.js'
import { addArray, addProgram } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeTasks } from '../support/kernel-objects.js'

const wild = 0xffff800000001000n

/** A guest that does nothing but take down what it is told. */
class FakeControl implements Control {
  state: 'running' | 'frozen' = 'frozen'
  epoch = 1
  readonly calls: unknown[][] = []

  async #call(...call: unknown[]): Promise<{ reason: 'freeze' }> {
    this.calls.push(call)
    return { reason: 'freeze' }
  }

  freeze = (options?: unknown) => this.#call('freeze', options)
  hold = async () => undefined
  thaw = async () => void this.#call('thaw')
  advance = (time: unknown, options?: unknown) => this.#call('advance', time, options)
  step = (cpu: number, count: number) => this.#call('step', cpu, count)
  runUntil = (condition: unknown, options: unknown) => this.#call('runUntil', condition, options)
  trace = async () => ({ reason: 'time', stops: 0, ranMs: 0, tookMs: 0 }) as const
  dump = async (file: string, format: string, options?: unknown) =>
    void this.#call('dump', file, format, options)
  close = async () => void this.#call('close')
  stop = async () => void this.#call('stop')

  /** The guest runs for a while, and stops. */
  run(): void {
    this.epoch++
  }
}

interface Opened {
  readonly vm: Session
  readonly guest: KernelGuest
  readonly control: FakeControl
}

/** A frozen guest with what `make` puts in. */
function frozen(make: (guest: KernelGuest) => void = () => {}, target: Partial<Target> = {}): Opened {
  const guest = new KernelGuest()
  make(guest)
  guest.finish()
  const control = new FakeControl()
  const vm = new Session({
    name: '@test',
    memory: guest.memory,
    control,
    vcpus: () => [],
    problems: [],
    facts: {},
    ...target,
  })
  return { vm, guest, control }
}

const dumped = (make?: (guest: KernelGuest) => void): Session =>
  frozen(make, { control: undefined, name: 'vmcore' }).vm

describe('vm.map', () => {
  const { vm } = frozen((guest) => {
    addArray(guest, { id: 3, name: 'task_stats', valueSize: 8, maxEntries: 1 })
    addArray(guest, { id: 4, name: 'twin', valueSize: 8, maxEntries: 1 })
    addArray(guest, { id: 9, name: 'twin', valueSize: 8, maxEntries: 1 })
    addArray(guest, { id: 10, name: '', valueSize: 8, maxEntries: 1 })
  })

  it('finds a map by name, by id, and by an id as text', () => {
    expect(vm.map('task_stats').id).toBe(3)
    expect(vm.map(9)).toMatchObject({ id: 9, name: 'twin' })
    expect(vm.map('10').id).toBe(10)
    expect(vm.map(3)).toBe(vm.map('task_stats'))
    expect(vm.maps.map(({ id }) => id)).toEqual([3, 4, 9, 10])
  })

  it.each([
    ['twin', 'usage', '2 maps are called twin; name one by id: 4, 9'],
    ['task_stat', 'not-found', 'there is no map task_stat; there are task_stats'],
    ['task_stats_old', 'not-found', 'there is no map task_stats_old; there are task_stats'],
    ['zzz', 'not-found', 'there is no map zzz; there are task_stats, twin, twin, 10'],
    [77, 'not-found', 'there is no map 77; there are task_stats, twin, twin, 10'],
    [1.5, 'not-found', 'there is no map 1.5; there are'],
  ])('has a sentence for %s', (asked, code, message) => {
    const ask = (): unknown => vm.map(asked)
    expect(ask).toThrow(CryoscopeError)
    expect(ask).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  it('says that there are none, or names only some', () => {
    expect(() => frozen().vm.map('x')).toThrow('there is no map x; there are no maps at all')
    const many = frozen((guest) => {
      for (let id = 1; id < 12; id++) addArray(guest, { id, name: `m${id}`, valueSize: 8, maxEntries: 1 })
    })
    expect(() => many.vm.map('x')).toThrow(/there are m1, m2, m3, m4, m5, m6, m7, m8 …$/)
  })
})

describe('vm.prog', () => {
  it('finds a program by name or id', () => {
    const { vm } = frozen((guest) => {
      addProgram(guest, { id: 6, name: 'demo_enqueue' })
      addProgram(guest, { id: 7, name: 'demo_dispatch' })
    })
    expect(vm.prog('demo_dispatch').id).toBe(7)
    expect(vm.prog(6).name).toBe('demo_enqueue')
    expect(vm.prog('6').name).toBe('demo_enqueue')
    expect(() => vm.prog('demo')).toThrow('there is no program demo; there are demo_enqueue, demo_dispatch')
  })
})

describe('vm.variable', () => {
  const { vm, guest } = frozen((guest) => {
    writeTasks(guest, [{ pid: 1 }])
    guest.u64(guest.global('jiffies', 8), 4_295_000_000n)
    guest.integer(guest.global('panic_timeout', 4), -1, 4)
    guest.global('secret', 8)
    guest.global('boot_params', 8)
    const current = guest.symbol('current_task', guest.allocPerCpu(8))
    for (const cpu of guest.cpus) guest.u64(guest.perCpu(current, cpu), BigInt(0x1000 + cpu))
  })

  it('reads globals whose type the table knows, and those that BTF has', () => {
    expect(vm.variable('jiffies')).toBe(4_295_000_000n)
    expect(vm.variable('init_task')).toMatchObject({
      $kind: 'struct',
      $type: 'struct task_struct',
      comm: 'swapper/0',
    })
    // A variable in BTF that is in no per-CPU section has one value.
    expect(vm.variable('panic_timeout')).toBe(-1)
  })

  it('reads per-CPU variables, for one CPU or all', () => {
    const runqueues = vm.variable('runqueues') as StructValue[]
    expect(runqueues).toHaveLength(2)
    const address = guest.symbols.find(({ name }) => name === 'runqueues')?.address ?? 0n
    expect(runqueues.map((rq) => rq.$address)).toEqual(guest.cpus.map((cpu) => guest.perCpu(address, cpu)))
    expect(vm.variable('current_task', 2)).toMatchObject({ $kind: 'pointer', $value: 0x1002n })
    expect(() => vm.variable('current_task', 1)).toThrow('there is no CPU 1; CPUs are 0, 2')
  })

  it.each([
    ['secret', 'the type of secret is not known'],
    ['no_such_thing', 'has no symbol no_such_thing'],
    ['toString', 'has no symbol toString'],
    // The table knows its type, and this kernel's BTF does not.
    ['boot_params', 'boot_params'],
  ])('has a sentence for %s', (name, sentence) => {
    expect(() => vm.variable(name)).toThrow(CryoscopeError)
    expect(() => vm.variable(name)).toThrow(sentence)
  })
})

describe('vm.symbol', () => {
  const { vm, guest } = frozen((guest) => guest.symbol('schedule', guest.image(0x100), 'T'))
  const address = guest.symbols.find(({ name }) => name === 'schedule')?.address ?? 0n

  it('finds a symbol by name and by an address in it', () => {
    const schedule = { name: 'schedule', address, type: 'T' }
    expect(vm.symbol('schedule')).toEqual(schedule)
    expect(vm.symbol(address + 5n)).toEqual(schedule)
    expect(vm.symbol(`0x${(address + 5n).toString(16)}`)).toEqual(schedule)
    // As the CPU has it: the 64 bits of a negative number are the same address.
    expect(vm.symbol(BigInt.asIntN(64, address))).toEqual(schedule)
  })

  it('has a sentence for what is none', () => {
    expect(() => vm.symbol('schedul')).toThrow('has no symbol schedul; near it: schedule')
    expect(() => vm.symbol(0x10n)).toThrow(
      '0x10 lies in no symbol of the kernel, its modules or BPF programs',
    )
  })
})

describe('vm.at and vm.type', () => {
  const { vm, guest } = frozen((guest) => {
    const place = guest.global('place', 16)
    guest.u64(place, 7n)
    guest.u64(place + 8n, 8n)
  })
  const place = guest.symbols.find(({ name }) => name === 'place')?.address ?? 0n

  it('read what lies at an address or a symbol', () => {
    expect(vm.at(place, 'long unsigned int')).toBe(7n)
    expect(vm.at('place', 'unsigned long')).toBe(7n)
    expect(vm.at('place+8', 'unsigned long')).toBe(8n)
    expect(vm.at('place+0x8', 'unsigned int')).toBe(8)
    expect(vm.at(`0x${place.toString(16)}`, vm.type('struct list_head'))).toMatchObject({
      $type: 'struct list_head',
      $address: place,
    })
    expect(vm.at(BigInt.asIntN(64, place), 'struct list_head')).toMatchObject({ $address: place })
  })

  it('have a sentence for types and places that are none', () => {
    expect(() => vm.type('struct nothing_like_it')).toThrow(CryoscopeError)
    expect(() => vm.at('nowhere', 'int')).toThrow('has no symbol nowhere')
    expect(() => vm.at('place+x', 'int')).toThrow('has no symbol place+x')
    expect(() => vm.at(5 as unknown as bigint, 'int')).toThrow('give a symbol, an address, or a value')
    expect(isUnreadable(vm.at(wild, 'int'))).toBe(true)
  })
})

describe('vm.task and vm.tasks', () => {
  it('give every thread, and one as the kernel has it', () => {
    const { vm } = frozen((guest) => writeTasks(guest, [{ pid: 20, comm: 'server', threads: [{ pid: 21 }] }]))
    expect(vm.tasks.map(({ pid }) => pid)).toEqual([0, 0, 20, 21])
    expect(vm.task(21)).toMatchObject({ $type: 'struct task_struct', pid: 21, tgid: 20 })
    expect(() => vm.task(5)).toThrow('there is no task with pid 5')
  })
})

describe('vm.runUntil', () => {
  const { vm, guest, control } = frozen((guest) => {
    guest.symbol('schedule', guest.image(0x100), 'T')
    for (let n = 0; n < 4; n++) guest.symbol('s_next', guest.image(0x40), 't')
    writeTasks(guest, [{ pid: 1 }])
  })
  const address = guest.symbols.find(({ name }) => name === 'schedule')?.address ?? 0n
  const shared = guest.symbols.filter(({ name }) => name === 's_next').map((symbol) => symbol.address)
  const init = guest.symbols.find(({ name }) => name === 'init_task')?.address ?? 0n

  it.each<[string, () => StopCondition, unknown]>([
    ['a symbol', () => 'schedule', { addresses: [address] }],
    ['a place in it', () => 'schedule+0x1c', { addresses: [address + 0x1cn] }],
    ['an address', () => address + 4n, { addresses: [address + 4n] }],
    ['an address as text', () => `0x${address.toString(16)}`, { addresses: [address] }],
    ['a name of several functions', () => 's_next', { addresses: shared }],
    ['a place in each of them', () => 's_next+0x4', { addresses: shared.map((each) => each + 4n) }],
    ['a write to a symbol', () => ({ write: 'init_task' }), { write: init, length: 8 }],
    ['a write of a length', () => ({ write: init, length: 2 }), { write: init, length: 2 }],
    [
      'a write to a struct',
      () => ({ write: vm.variable('init_task') as StructValue }),
      { write: init, length: 8 },
    ],
    [
      'a write to a member',
      () => ({ write: (vm.variable('init_task') as StructValue).$member('pid') as StructValue }),
      { write: init + BigInt(guest.objects.offsetOf('task_struct', 'pid')), length: 4 },
    ],
  ])('takes %s', async (_, condition, expected) => {
    const options = { timeoutMs: 5 }
    await vm.runUntil(condition(), options)
    expect(control.calls.at(-1)).toEqual(['runUntil', expected, options])
  })

  it('asks which, where one symbol of a name is wanted', () => {
    expect(() => vm.symbol('s_next')).toThrow(
      `4 symbols are called s_next; give the address of one: ${shared.map((each) => `0x${each.toString(16)}`).join(', ')}`,
    )
    expect(() => vm.at('s_next', 'int')).toThrow('4 symbols are called s_next')
  })

  it.each<[unknown, string]>([
    ['no_such_function', 'has no symbol no_such_function'],
    [{ write: 's_next' }, '4 symbols are called s_next; give the address of one: 0xffffffff8'],
    [{ write: 'no_such_thing' }, 'has no symbol no_such_thing'],
    [5, 'give a symbol, an address, or a value that has a place in memory'],
    [{ write: 5 }, 'give a symbol, an address, or a value'],
    [{ write: null }, 'give a symbol, an address, or a value'],
    [{}, 'give a symbol, an address, or a value'],
    [null, 'give a symbol, an address, or a value'],
    [undefined, 'give a symbol, an address, or a value'],
  ])('refuses %o with a sentence', async (condition, sentence) => {
    const before = control.calls.length
    const run = vm.runUntil(condition as StopCondition)
    await expect(run).rejects.toThrow(CryoscopeError)
    await expect(run).rejects.toThrow(sentence)
    expect(control.calls).toHaveLength(before)
  })
})

describe('vm.vcpus', () => {
  it('of a target without registers are none, and no kernel is looked for', () => {
    const memory = new Proxy({} as PhysicalMemory, {
      get(_, name) {
        throw new Error(`memory was asked for ${String(name)}`)
      },
    })
    const vm = new Session({
      name: 'raw',
      memory,
      control: undefined,
      vcpus: () => [],
      problems: [],
      facts: {},
    })
    expect([...vm.vcpus]).toEqual([])
  })
})

describe('vm.cpus', () => {
  it('are all that are possible, with the vCPU where there are registers', () => {
    const { vm } = frozen(undefined, {
      vcpus: () => [0, 1].map((index) => ({ index, registers: { rip: 1n }, halted: false, privilege: 3 })),
    })
    expect(vm.cpus.map(({ cpu, vcpu }) => [cpu, vcpu?.index])).toEqual([
      [0, 0],
      [2, 1],
    ])
    expect(frozen().vm.cpus.map(({ cpu, vcpu }) => [cpu, vcpu])).toEqual([
      [0, undefined],
      [2, undefined],
    ])
  })

  it('have as a problem registers that are no CPU of the only kernel that there is', () => {
    const { vm } = frozen(undefined, {
      vcpus: () => [
        { index: 7, registers: { rip: wild, gs_base: 0xffff888100000000n }, halted: false, privilege: 0 },
      ],
    })
    expect(vm.kernels).toHaveLength(1)
    expect(vm.vcpus[0]?.identity).toMatchObject({ cpu: undefined, isForeign: true })
    expect(vm.cpuProblems).toEqual([expect.stringMatching(/^vCPU 7: /)])
    expect(frozen().vm.cpuProblems).toEqual([])
  })
})

describe('control', () => {
  it('is handed on', async () => {
    const { vm, control } = frozen()
    const { signal } = new AbortController()
    await vm.freeze({ signal })
    await vm.thaw()
    await vm.advance({ ms: 5 })
    await vm.step(1)
    await vm.step(0, 10)
    expect(control.calls).toEqual([
      ['freeze', { signal }],
      ['thaw'],
      ['advance', { ms: 5 }, {}],
      ['step', 1, 1],
      ['step', 0, 10],
    ])
    expect(vm.state).toBe('frozen')
    control.state = 'running'
    expect(vm.state).toBe('running')
  })

  it('leaves a dump to QEMU where no kernel is found', async () => {
    const control = new FakeControl()
    const guest = new KernelGuest()
    const vm = new Session({
      name: '@empty',
      memory: guest.memory,
      control,
      vcpus: () => [],
      problems: [],
      facts: {},
    })
    await vm.dump('core', 'kdump')
    expect(control.calls).toEqual([['dump', 'core', 'kdump', {}]])
  })

  it('is refused for a dump, with a sentence', async () => {
    const vm = dumped()
    expect(vm.state).toBe('dump')
    const requests: [string, () => Promise<unknown>][] = [
      ['freeze', () => vm.freeze()],
      ['thaw', () => vm.thaw()],
      ['advance', () => vm.advance({ ms: 1 })],
      ['step', () => vm.step(0)],
      ['runUntil', () => vm.runUntil('schedule')],
      ['dump', () => vm.dump('x')],
      ['stop', () => vm.stop()],
    ]
    for (const [what, request] of requests) {
      await expect(request()).rejects.toThrow(`${what} needs a guest; vmcore is a dump and does not run`)
    }
  })

  it('ends with the session, and memory with it', async () => {
    const { vm, control } = frozen((guest) => addArray(guest, { id: 1, valueSize: 8, maxEntries: 3 }))
    const map = vm.map(1)
    {
      await using session = vm
      expect(session).toBe(vm)
    }
    expect(control.calls).toEqual([['close']])
    const { kernel } = vm
    expect(kernel.space.read(map.address, 8)).toMatchObject({ ok: false, problem: { kind: 'absent' } })
    // What was read before has a sentence now.
    expect(() => [...map.entries()]).toThrow(CryoscopeError)
  })
})

describe('what was read', () => {
  it('is kept while the guest stands still, and dropped when it has run', () => {
    const { vm, guest, control } = frozen((guest) => {
      addArray(guest, { id: 1, name: 'before', valueSize: 8, maxEntries: 1 })
    })
    const page = guest.allocPages(1)
    guest.u64(page, 1n)
    const { kernel, maps } = vm
    expect(vm.maps).toBe(maps)
    expect(kernel.space.u64(page)).toBe(1n)

    guest.map(page, guest.frame())
    guest.u64(page, 2n)
    guest.objects.set('bpf_map', maps[0]?.address ?? 0n, { name: 'after\0' })
    expect(vm.map(1).name).toBe('before')
    expect(vm.kernel.space.u64(page)).toBe(1n)

    control.run()
    expect(vm.map(1).name).toBe('after')
    expect(vm.kernel).toBe(kernel)
    expect(kernel.space.u64(page)).toBe(2n)
    expect(vm.maps).not.toBe(maps)
  })

  it('is not kept while the guest runs', () => {
    const { vm, guest, control } = frozen((guest) => {
      addArray(guest, { id: 1, name: 'one', valueSize: 8, maxEntries: 1 })
    })
    control.state = 'running'
    const [map] = vm.maps
    guest.objects.set('bpf_map', map?.address ?? 0n, { name: 'two' })
    expect(vm.maps[0]?.name).toBe('two')
  })

  it('is kept for good in a dump', () => {
    const vm = dumped((guest) => addArray(guest, { id: 1, valueSize: 8, maxEntries: 1 }))
    expect(vm.maps).toBe(vm.maps)
    expect(vm.kernel).toBe(vm.kernel)
  })
})

describe('vm.problems', () => {
  const broken = (guest: KernelGuest): void => {
    guest.maps.set(5, wild)
    guest.programs.set(6, wild)
    writeTasks(guest, [{ pid: 1, members: { 'tasks.next': 0 } }])
    const init = guest.symbols.find(({ name }) => name === 'init_task')?.address ?? 0n
    guest.u64(init + BigInt(guest.objects.offsetOf('task_struct', 'tasks')), wild)
  }

  it('are those of opening, and of what was looked at, each once', () => {
    const { vm } = frozen(broken, { problems: ['the file is cut short'], control: undefined })
    expect(vm.problems).toEqual(['the file is cut short'])
    for (let i = 0; i < 3; i++) [vm.maps, vm.progs, vm.tasks]
    expect(vm.problems).toEqual([
      'the file is cut short',
      expect.stringMatching(/^map 5: page not present/),
      expect.stringMatching(/^program 6: page not present/),
      expect.stringMatching(/^tasks: list breaks after 0 entries/),
    ])
  })

  it('are forgotten when the guest has run', () => {
    const { vm, control } = frozen(broken)
    expect(vm.maps).toEqual([])
    expect(vm.problems).toHaveLength(1)
    control.run()
    expect(vm.kernel).toBeDefined()
    expect(vm.problems).toEqual([])
  })
})

describe('what is recovered from programs', () => {
  it('is kept while the guest runs on, and found anew when it has run', () => {
    const { vm, control } = frozen()
    const first = vm.recovery
    expect(vm.recovery).toBe(first)
    control.run()
    const second = vm.recovery
    expect(second).not.toBe(first)
    control.state = 'running'
    expect(vm.recovery).toBe(second)
  })

  it('says what is wrong with an object file that is added', () => {
    const { vm } = frozen()
    expect(() => vm.addObject('/nonexistent/scheduler')).toThrow(/cannot read .*ENOENT/)
    expect(() => vm.addObject(new URL(import.meta.url).pathname)).toThrow(/is no 64-bit ELF file/)
  })
})
