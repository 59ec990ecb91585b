import { describe, expect, it } from 'vitest'
import { identifyCpus, registersThatFit } from '../../src/kernel/cpu-identity.js'
import type { RegisterSet } from '../../src/kernel/cpu-signs.js'
import { crashNotes } from '../../src/kernel/crash-notes.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { encodeNotes } from '../../src/memory/core-layout.js'
import { prstatusNote } from '../../src/memory/core-notes.js'
import { BtfBuilder } from '../btf/builder.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeTasks } from '../support/kernel-objects.js'

const cpus = [0, 1, 2, 3]
const userCode = {
  rip: 0x401000n,
  rsp: 0x7ffc00000000n,
  rbp: 0n,
  rax: 1n,
  rbx: 2n,
  rdi: 3n,
  rsi: 4n,
  eflags: 0x246n,
}

interface World {
  readonly guest: KernelGuest
  readonly kernel: Kernel
  /** Bottom of the stack of the task that each CPU runs. */
  readonly stacks: readonly bigint[]
  /** Per-CPU offsets. */
  readonly bases: readonly bigint[]
}

interface WorldOptions {
  readonly online?: readonly number[]
  readonly present?: readonly number[]
  /** What the kernel kept of its CPUs when it crashed. */
  readonly notes?: ReadonlyMap<number, { registers: Record<string, bigint>; pid: number }>
  /** Of the tasks that CPUs 0 and 1 run. */
  readonly pids?: readonly [number, number]
}

/** Four CPUs that run tasks 10, 11, 0 and 0. */
function world({ online = cpus, present = cpus, notes, pids = [10, 11] }: WorldOptions = {}): World {
  const guest = new KernelGuest({ cpus })
  const stacks = cpus.map(() => guest.alloc(16_384, 16_384))
  const tasks = writeTasks(guest, [
    { pid: pids[0], comm: 'ten', members: { stack: stacks[0] as bigint } },
    { pid: pids[1], comm: 'eleven', members: { stack: stacks[1] as bigint } },
  ])
  const current = guest.symbol('current_task', guest.allocPerCpu(8))
  const crashNotes = guest.allocPerCpu(512)
  guest.u64(guest.global('crash_notes', 8), crashNotes)
  const init = guest.symbols.find(({ name }) => name === 'init_task')?.address ?? 0n
  for (const cpu of cpus) {
    let task = tasks.get(pids[cpu] ?? -1) ?? init
    if (cpu === 3) task = guest.objects.make('task_struct', { pid: 0, comm: 'swapper/3' })
    if (cpu > 1) guest.objects.set('task_struct', task, { stack: stacks[cpu] as bigint })
    guest.u64(guest.perCpu(current, cpu), task)
    const note = notes?.get(cpu)
    if (note === undefined) continue
    const bytes = Buffer.from(encodeNotes([prstatusNote(note.registers, note.pid)]))
    guest.write(guest.perCpu(crashNotes, cpu), bytes)
  }
  const mask = (set: readonly number[]): bigint => set.reduce((bits, cpu) => bits | (1n << BigInt(cpu)), 0n)
  guest.u64(guest.global('__cpu_online_mask', 8), mask(online))
  guest.u64(guest.global('__cpu_present_mask', 8), mask(present))
  const kernel = guest.kernel()
  return { guest, kernel, stacks, bases: cpus.map((cpu) => kernel.cpus.offset(cpu) ?? 0n) }
}

const cpuOf = (kernel: Kernel, sets: readonly RegisterSet[]): (number | undefined)[] =>
  identifyCpus(kernel, sets).map(({ cpu }) => cpu)

describe('identifyCpus', () => {
  it('takes notes for those of the CPUs that the kernel kept them of, not for those at their places', () => {
    const registers = (rsp: bigint): Record<string, bigint> => ({ ...userCode, rsp })
    const notes = new Map([
      [0, { registers: registers(0x7f00n), pid: 10 }],
      [2, { registers: registers(0x7f02n), pid: 0 }],
      [3, { registers: registers(0x7f03n), pid: 0 }],
    ])
    const { kernel } = world({ online: [0, 2, 3], notes })
    const sets = [...notes.values()].map(({ registers: values, pid }) => ({
      registers: values,
      pid,
      privilege: 3,
    }))
    expect(identifyCpus(kernel, sets)[1]).toEqual({
      cpu: 2,
      evidence: ['it is the note that the kernel kept of CPU 2'],
      problem: undefined,
      isForeign: false,
    })
    expect(cpuOf(kernel, sets)).toEqual([0, 2, 3])
    // Notes of which two are the same tell neither; the stack and the pid may.
    expect(cpuOf(kernel, [sets[2] as RegisterSet, sets[0] as RegisterSet])).toEqual([3, 0])
  })

  it('knows the per-CPU base of x86-64, also while user code runs, and of arm64', () => {
    const { kernel, bases } = world()
    const [zero = 0n, one = 0n, two = 0n, three = 0n] = bases
    expect(
      cpuOf(kernel, [
        { registers: { ...userCode, gs_base: 0x7f0000001000n, k_gs_base: three }, privilege: 3 },
        { registers: { rip: 1n, gs_base: zero }, privilege: 0 },
        { registers: { pc: 1n, tpidr_el1: two }, privilege: 0 },
        { registers: { rip: 1n, kernel_gs_base: one }, privilege: 3 },
      ]),
    ).toEqual([3, 0, 2, 1])
  })

  it('knows the stack of the task that a CPU runs', () => {
    const { kernel, stacks } = world()
    const [first] = identifyCpus(kernel, [{ registers: { rsp: (stacks[3] ?? 0n) + 100n }, privilege: 0 }])
    expect(first).toMatchObject({
      cpu: 3,
      evidence: ['its stack pointer is in the stack of the task of CPU 3'],
    })
    // One byte beyond it is no more that stack.
    const [beyond] = identifyCpus(kernel, [{ registers: { rsp: (stacks[3] ?? 0n) + 16_384n }, privilege: 0 }])
    expect(beyond?.cpu).toBeUndefined()
  })

  it('knows the pid of the task that a CPU runs, but not that of idle tasks and not the numbers of QEMU', () => {
    const { kernel } = world()
    const user = (pid: number): RegisterSet => ({ registers: userCode, privilege: 3, pid })
    expect(identifyCpus(kernel, [user(11)])[0]).toMatchObject({
      cpu: 1,
      evidence: ['its pid 11 is that of the task which CPU 1 runs'],
    })
    expect(identifyCpus(kernel, [user(0)])[0]).toMatchObject({ cpu: undefined })
    // Notes numbered 1, 2 are not those of tasks with these pids; others may be.
    const numbered = world({ pids: [2, 1] }).kernel
    expect(cpuOf(numbered, [user(1), user(2)])).toEqual([undefined, undefined])
    expect(cpuOf(numbered, [user(2), user(1)])).toEqual([0, 1])
  })

  it('knows the entry area by TR and GDTR', () => {
    const types = new BtfBuilder()
    const u64 = types.int('long unsigned int', 8)
    types.struct('cpu_entry_area', [
      { name: 'gdt', type: types.array(u64, 0x100) },
      { name: 'estacks', type: types.array(u64, 0x100) },
    ])
    const guest = new KernelGuest({ cpus: [0, 5], btf: types.build() })
    const pointer = guest.symbol('cea_exception_stacks', guest.allocPerCpu(8))
    guest.u64(guest.perCpu(pointer, 0), 0xfffffe0000000800n)
    guest.u64(guest.perCpu(pointer, 5), 0xfffffe0000010800n)
    const kernel = guest.kernel()
    const at = (tr: bigint, gdt = 0n): RegisterSet => ({
      registers: userCode,
      privilege: 3,
      tables: { tr, gdt },
    })
    expect(cpuOf(kernel, [at(0xfffffe0000010fffn), at(0n, 0xfffffe0000000000n)])).toEqual([5, 0])
    expect(identifyCpus(kernel, [at(0xfffffe0000011000n)])[0]).toMatchObject({
      cpu: undefined,
      isForeign: true,
      problem: expect.stringContaining('registers of another'),
    })
  })

  it('takes TR for a sign of another kernel only where it can be one, and entry areas are known', () => {
    const { kernel } = world()
    const at = (tr: bigint): RegisterSet => ({ registers: userCode, privilege: 3, tables: { tr, gdt: 0n } })
    // This kernel has no entry areas to compare with.
    expect(identifyCpus(kernel, [at(0xfffffe0000011000n), at(1n)])).toMatchObject([
      { cpu: undefined, isForeign: false },
      { cpu: undefined, isForeign: false },
    ])
  })

  it('takes no base of 0 for that of a CPU: code that runs before it is set has one, and user code', () => {
    const kernel = {
      cpus: { possible: [0], online: [0], present: [0], offset: () => 0n },
      findSymbol: () => undefined,
      layouts: { find: () => undefined },
    } as unknown as Kernel
    const [only] = identifyCpus(kernel, [{ registers: { gs_base: 0n }, privilege: 3 }])
    expect(only).toMatchObject({ cpu: 0, evidence: ['it is in place 0 of 1, and 1 CPUs are online'] })
  })

  it('says when more registers came than CPUs are there', () => {
    const { kernel, bases } = world({ online: [0], present: [0] })
    const known = (cpu: number): RegisterSet => ({ registers: { gs_base: bases[cpu] }, privilege: 0 })
    const blank: RegisterSet = { registers: userCode, privilege: 3 }
    const [, second] = identifyCpus(kernel, [known(0), blank])
    expect(second).toMatchObject({
      cpu: undefined,
      problem: 'nothing in its registers tells which CPU it is; no online CPU is left',
    })
  })

  it('says where what tells does not agree, and when two sets are of one CPU', () => {
    const { kernel, stacks, bases } = world()
    const [split] = identifyCpus(kernel, [
      { registers: { rsp: (stacks[2] ?? 0n) + 8n }, privilege: 0, pid: 11 },
    ])
    expect(split?.cpu).toBeUndefined()
    expect(split?.problem).toMatch(/does not agree: its stack pointer .* CPU 2; its pid 11 .* CPU 1/)
    const same = { registers: { gs_base: bases[1] }, privilege: 0 }
    const [first, second] = identifyCpus(kernel, [same, same])
    expect(first?.cpu).toBe(1)
    expect(second).toMatchObject({
      cpu: undefined,
      problem: expect.stringContaining('so are those of vCPU 0'),
    })
  })

  it('takes neither registers of another kernel nor a processor without one for any CPU', () => {
    const { kernel, bases } = world()
    const answers = identifyCpus(kernel, [
      { registers: { gs_base: bases[0] }, privilege: 0 },
      { registers: { gs_base: bases[1] }, privilege: 0 },
      { registers: { gs_base: bases[2] }, privilege: 0 },
      { registers: { gs_base: 0xff11000012345000n, cr0: 0x80050033n }, privilege: 0 },
    ])
    // CPU 3 is left, and still these are not its registers.
    expect(answers[3]).toMatchObject({ cpu: undefined, isForeign: true })
    expect(answers[3]?.problem).toContain('0xff11000012345000, that of no CPU of this kernel')
    const [reset] = identifyCpus(kernel, [{ registers: { rip: 0xfff0n, cr0: 0x60000010n }, privilege: 0 }])
    expect(reset).toMatchObject({
      cpu: undefined,
      isForeign: true,
      problem: 'it runs no kernel: paging is off',
    })
  })

  it('takes what runs another kernel by its code, and after a crash by user space, for no CPU of its own', () => {
    const { guest, stacks } = world()
    const { address: text = 0n } = guest.symbols.find(({ name }) => name === '_stext') ?? {}
    guest.symbol('_etext', text + 0x100n)
    const kernel = guest.kernel()
    const otherText = new Map([
      ['_stext', 0xffffffff91000000n],
      ['_etext', 0xffffffff92000000n],
    ])
    const other = { findSymbol: (name: string) => otherText.get(name) } as Kernel
    const sets: RegisterSet[] = [
      { registers: { rip: 0xffffffff91000000n, rsp: (stacks[0] ?? 0n) + 8n }, privilege: 0 },
      { registers: { rip: text + 0x10n, rsp: (stacks[1] ?? 0n) + 8n }, privilege: 0 },
      { registers: userCode, privilege: 3 },
      { registers: { rip: 0xffffffff92000000n, rsp: 0xffffc90000000000n }, privilege: 0 },
    ]
    const answers = identifyCpus(kernel, sets, { kernel: other, hasReplaced: true })
    expect(answers.map(({ cpu, isForeign }) => [cpu, isForeign])).toEqual([
      [undefined, true],
      [1, false],
      [undefined, true],
      [undefined, false],
    ])
    expect(answers.map(({ problem }) => problem)).toEqual([
      'it executes 0xffffffff91000000, in the text of another kernel',
      undefined,
      'it runs user space, which after a crash only another kernel has',
      'nothing in its registers tells which CPU it is, and another kernel runs by now',
    ])
    // User space may be that of the kernel that runs, and there the rest has its places.
    const running = identifyCpus(kernel, sets, { kernel: other, hasReplaced: false })
    expect(running.map(({ isForeign }) => isForeign)).toEqual([true, false, false, false])
  })

  it('takes the CPU that is left, or places where their number fits, and says so', () => {
    const { kernel, bases } = world({ online: [0, 2, 3] })
    const known = (cpu: number): RegisterSet => ({ registers: { gs_base: bases[cpu] }, privilege: 0 })
    const blank: RegisterSet = { registers: userCode, privilege: 3 }
    expect(identifyCpus(kernel, [known(2), known(0), blank])[2]).toMatchObject({
      cpu: 3,
      evidence: ['all other online CPUs are those of other registers'],
    })
    expect(identifyCpus(kernel, [blank, blank, known(3)])[1]).toMatchObject({
      cpu: 2,
      evidence: ['it is in place 1 of 3, and 3 CPUs are online'],
    })
    // All four possible ones are there too, in order.
    expect(cpuOf(kernel, [blank, known(1), blank, blank])).toEqual([0, 1, 2, 3])
    // What is known speaks against the order: nothing is guessed.
    const mixed = identifyCpus(kernel, [blank, known(0), blank])
    expect(mixed.map(({ cpu }) => cpu)).toEqual([undefined, 0, undefined])
    expect(mixed[0]?.problem).toBe('nothing in its registers tells which CPU it is; CPU 2, 3 would be left')
  })
})

describe('notes that the kernel kept when it crashed', () => {
  /** Per-CPU notes 0x2000 apart from 0x1000 on. */
  const kernel = (notes: readonly Uint8Array[], perCpu = 0x1000n): Kernel => {
    const bytes = new Uint8Array(0x10000)
    for (const [cpu, note] of notes.entries()) bytes.set(note, 0x1000 + cpu * 0x2000)
    return {
      findSymbol: (name: string) => (name === 'crash_notes' ? 0x800n : undefined),
      cpus: { possible: [0, 1, 2], address: (at: bigint, cpu: number) => at + BigInt(cpu) * 0x2000n },
      space: {
        format: { architecture: 'x86_64' },
        u64: (at: bigint) => (at === 0x800n ? perCpu : 0n),
        bytes: (at: bigint, length: number) => bytes.slice(Number(at), Number(at) + length),
      },
    } as unknown as Kernel
  }
  const note = (size: number, name = 'CORE'): Uint8Array => {
    const data = new Uint8Array(size)
    new DataView(data.buffer).setInt32(32, 7, true)
    return encodeNotes([{ name, type: 1, data }])
  }
  const found = (...args: Parameters<typeof kernel>): number[] =>
    crashNotes(kernel(...args)).map(({ cpu }) => cpu)

  it('are those of the CPUs that have one', () => {
    expect(crashNotes(kernel([note(336), new Uint8Array(), note(336)]))).toMatchObject([
      { cpu: 0, note: { pid: 7 } },
      { cpu: 2, note: { pid: 7 } },
    ])
    expect(found([note(336)], 0n)).toEqual([])
    expect(crashNotes({ findSymbol: () => undefined } as unknown as Kernel)).toEqual([])
  })

  it('have 4096 bytes at most, and a name', () => {
    expect(found([note(4076), note(4077)])).toEqual([0])
    const nameless = note(336)
    new DataView(nameless.buffer, nameless.byteOffset).setUint32(0, 0, true)
    expect(found([nameless, note(336, 'LINUX'), note(336)])).toEqual([2])
  })
})

describe('registers that tell nothing', () => {
  it("are another kernel's only where its code runs, with a base in the upper half", () => {
    const { kernel, bases } = world()
    const counted = (registers: Record<string, bigint | undefined>, privilege = 0) =>
      registersThatFit(kernel, [{ registers, privilege }])
    const [none, foreign, own] = [
      { own: 0, foreign: 0 },
      { own: 0, foreign: 1 },
      { own: 1, foreign: 0 },
    ]
    expect(counted({ gs_base: 2n ** 63n })).toEqual(foreign)
    expect(counted({ gs_base: 2n ** 63n - 1n })).toEqual(none)
    expect(counted({ gs_base: 2n ** 63n }, 3)).toEqual(none)
    expect(counted({ tpidr_el1: 2n ** 63n })).toEqual(foreign)
    expect(counted({})).toEqual(none)
    expect(counted({ gs_base: bases[1] }, 3)).toEqual(own)
  })

  it('are placed where as many CPUs are present or possible', () => {
    const blank: RegisterSet = { registers: userCode, privilege: 3 }
    const evidence = (online: readonly number[], present: readonly number[], count: number) =>
      identifyCpus(world({ online, present }).kernel, Array(count).fill(blank)).map(
        ({ cpu, evidence }) => `${cpu}: ${evidence.join()}`,
      )
    expect(evidence([0], [0, 2], 2)).toEqual([
      '0: it is in place 0 of 2, and 2 CPUs are present',
      '2: it is in place 1 of 2, and 2 CPUs are present',
    ])
    expect(evidence([0], [0, 2], 4)[3]).toBe('3: it is in place 3 of 4, and 4 CPUs are possible')
    // Two where one is left are both unknown.
    expect(evidence([0], [0], 2)).toEqual(['undefined: ', 'undefined: '])
  })

  it('of a kernel may be on its interrupt stack: its top is known on x86-64, its bottom on arm64', () => {
    const types = new BtfBuilder()
    const word = types.int('long unsigned int', 8)
    types.struct('pcpu_hot', [
      { name: 'current_task', type: word },
      { name: 'hardirq_stack_ptr', type: word },
    ])
    const on = (name: string, rsp: (stack: bigint) => bigint) => {
      const guest = new KernelGuest({ cpus, ...(name === 'pcpu_hot' && { btf: types.build() }) })
      const stack = guest.alloc(16_384, 16_384)
      const place = guest.symbol(name, guest.allocPerCpu(16)) + (name === 'pcpu_hot' ? 8n : 0n)
      guest.u64(guest.perCpu(place, 2), name === 'irq_stack_ptr' ? stack : stack + 16_384n - 8n)
      guest.symbol('current_task', guest.allocPerCpu(8))
      return identifyCpus(guest.kernel(), [
        { registers: { rsp: rsp(stack) }, privilege: 0 },
        { registers: { rsp: rsp(stack) }, privilege: 3 },
      ])[0]?.cpu
    }
    for (const name of ['hardirq_stack_ptr', 'irq_stack_ptr', 'pcpu_hot']) {
      expect(on(name, (stack) => stack)).toBe(2)
      expect(on(name, (stack) => stack + 16_383n)).toBe(2)
      expect(on(name, (stack) => stack + 16_384n)).toBeUndefined()
      expect(on(name, (stack) => stack - 1n)).toBeUndefined()
    }
  })
})
