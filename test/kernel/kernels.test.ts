import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import type { RegisterSet } from '../../src/kernel/cpu-signs.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { chosenKernel, kernelsIn, kernelText } from '../../src/kernel/kernels.js'
import { KernelGuest, type KernelGuestOptions } from '../support/kernel-guest.js'

const MiB = 2 ** 20
const reserved = 18 * MiB
const size = 32 * MiB
const none = 2n ** 64n - 1n

interface Marks {
  /** Where in `crashk_res` memory is reserved. */
  readonly reserved?: readonly [start: number, end: number]
  readonly panicCpu?: number
  /** elfcorehdr_addr. */
  readonly coreHeader?: bigint
  readonly commandLine?: string
}

function build(
  options: KernelGuestOptions,
  marks: Marks,
  change: (guest: KernelGuest) => void = () => {},
): KernelGuest {
  const guest = new KernelGuest(options)
  guest.u32(guest.global('panic_cpu', 4), marks.panicCpu ?? 0xffff_ffff)
  guest.u64(guest.global('elfcorehdr_addr', 8), marks.coreHeader ?? none)
  const [start = 0, end = 0] = marks.reserved ?? []
  guest.objects.set('resource', guest.global('crashk_res', 16), { start, end })
  const line = guest.alloc(256)
  guest.text(line, marks.commandLine ?? 'quiet')
  guest.u64(guest.global('saved_command_line', 8), line)
  const text = guest.symbols.find(({ name }) => name === '_stext')?.address ?? 0n
  guest.symbol('_etext', text + 64n, 'T')
  change(guest)
  guest.finish()
  return guest
}

/** One kernel below 16 MiB, another one from 18 MiB on, in one memory: that of the second. */
function twoKernels(
  lower: Marks,
  upper: Marks,
  cpus: readonly number[] = [0, 2],
  change: (second: KernelGuest) => void = () => {},
) {
  const first = build({ memory: 16 * MiB, imagePhysical: 2 * MiB }, lower)
  const second = build({ memory: size, imagePhysical: reserved, cpus }, upper, change)
  second.memory.bytes.set(first.memory.bytes, 0)
  return { first, second, memory: second.memory }
}

/** An ELF header as a capture kernel gets it: a note of a CPU, and that of VMCOREINFO. */
function coreHeader(note: number): Buffer {
  const header = Buffer.alloc(64 + 2 * 56)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(2, 56)
  for (const [i, at] of [0x1234, note].entries()) {
    header.writeUInt32LE(4, 64 + i * 56)
    header.writeBigUInt64LE(BigInt(at), 64 + i * 56 + 24)
  }
  return header
}

const rolesOf = (kernels: ReturnType<typeof kernelsIn>): unknown[] =>
  kernels.map(({ kernel, role }) => [role, kernel.noteAt])

describe('kernelsIn', () => {
  it('finds one kernel alone, however much is reserved for another', () => {
    const { first, memory } = twoKernels({ panicCpu: 1 }, {})
    memory.remove(reserved, size - reserved)
    expect(rolesOf(kernelsIn(memory, {}, []))).toEqual([[undefined, first.notePhysical]])
  })

  it('finds the capture kernel in what the crashed one reserved', () => {
    const { first, second, memory } = twoKernels(
      { reserved: [reserved, size - 1], panicCpu: 1 },
      { coreHeader: none - 1n },
    )
    const kernels = kernelsIn(memory, {}, [])
    expect(rolesOf(kernels)).toEqual([
      ['crashed', first.notePhysical],
      ['capture', second.notePhysical],
    ])
    expect(chosenKernel(kernels, undefined).role).toBe('crashed')
    expect(chosenKernel(kernels, 'capture').kernel).toBe(kernels[1]?.kernel)
    expect(chosenKernel(kernels, second.notePhysical).role).toBe('capture')
    expect(() => chosenKernel(kernels, 0x5000)).toThrow(
      `there is no kernel at 0x5000 in this memory; there is ${kernels.map(kernelText).join(', and ')}`,
    )
    expect(kernelText(kernels[1] as never)).toBe(
      `the capture kernel 6.99.0-test at 0x${second.notePhysical.toString(16)}`,
    )
  })

  it('does not take a kernel that captures nothing for a capture kernel', () => {
    const { first, memory } = twoKernels({ reserved: [reserved, size - 1], panicCpu: 1 }, {})
    expect(rolesOf(kernelsIn(memory, {}, []))).toEqual([[undefined, first.notePhysical]])
    // And one that did not panic has left nothing to capture.
    const calm = twoKernels({ reserved: [reserved, size - 1] }, { coreHeader: none - 1n })
    expect(rolesOf(kernelsIn(calm.memory, {}, []))).toEqual([[undefined, calm.first.notePhysical]])
  })

  it.each([
    ['its address', (at: number): Marks => ({ coreHeader: BigInt(at) })],
    [
      'the command line',
      (at: number): Marks => ({
        coreHeader: none - 1n,
        commandLine: `quiet elfcorehdr=${at / 1024}K panic=-1`,
      }),
    ],
    ['looking for it, where no header is', (): Marks => ({ coreHeader: none - 1n })],
  ])('finds the kernel that crashed from the capture kernel, by %s', (_how, marks) => {
    const headerAt = 17 * MiB
    const { first, second, memory } = twoKernels({ panicCpu: 1 }, marks(headerAt))
    memory.bytes.set(coreHeader(first.notePhysical), headerAt)
    // The capture kernel's note is what is found first.
    const kernels = kernelsIn(memory, { noteAt: asPhysical(second.notePhysical) }, [])
    expect(rolesOf(kernels)).toEqual([
      ['crashed', first.notePhysical],
      ['capture', second.notePhysical],
    ])
  })

  it('knows the kernel that runs after kexec by the registers', () => {
    const { first, second, memory } = twoKernels({}, {}, [0, 1, 2, 3])
    // The first has CPUs 0 and 2 only: per-CPU memory of CPU 3 is the second's.
    const registers = (guest: KernelGuest, cpu: number) => [
      { registers: { gs_base: BigInt.asUintN(64, guest.perCpu(0n, cpu)) }, privilege: 0 },
    ]
    expect(rolesOf(kernelsIn(memory, {}, registers(second, 3)))).toEqual([
      ['running', second.notePhysical],
      ['left', first.notePhysical],
    ])
    expect(rolesOf(kernelsIn(memory, {}, registers(first, 0)))).toEqual([[undefined, first.notePhysical]])
  })

  it('knows it by stacks where no per-CPU base came with the registers, as of arm64', () => {
    let stack = 0n
    const { first, second, memory } = twoKernels({}, {}, [0], (guest) => {
      stack = guest.alloc(16_384, 16_384)
      const task = guest.objects.make('task_struct', { stack })
      guest.u64(guest.perCpu(guest.symbol('current_task', guest.allocPerCpu(8)), 0), task)
    })
    const left = [[undefined, first.notePhysical]]
    const at = (sp: bigint, pc: bigint) => [{ registers: { sp, pc }, privilege: 0 }]
    const elsewhere = 0xffff900000001000n
    expect(rolesOf(kernelsIn(memory, {}, at(stack + 100n, elsewhere)))).toEqual([
      ['running', second.notePhysical],
      ['left', first.notePhysical],
    ])
    // On a stack of none, in code of the first one, or in user space nothing tells of another.
    expect(rolesOf(kernelsIn(memory, {}, at(elsewhere, elsewhere)))).toEqual(left)
    const text = first.symbols.find(({ name }) => name === '_stext')?.address ?? 0n
    expect(rolesOf(kernelsIn(memory, {}, at(stack + 100n, text)))).toEqual(left)
    const user = [{ registers: { sp: stack + 100n, pc: 0x1000n }, privilege: 3 }]
    expect(rolesOf(kernelsIn(memory, {}, user))).toEqual(left)
  })
})

describe('the kernel that crashed', () => {
  const headerAt = 17 * MiB
  /** What is found from a capture kernel with this command line, where a header is. */
  const found = (marks: Marks, edit: (header: Buffer, second: KernelGuest) => void = () => {}) => {
    const { first, second, memory } = twoKernels({ panicCpu: 1 }, marks)
    const header = coreHeader(first.notePhysical)
    edit(header, second)
    memory.bytes.set(header, headerAt)
    const kernels = kernelsIn(memory, { noteAt: asPhysical(second.notePhysical) }, [])
    return {
      first,
      second,
      roles: kernels.map(({ role }) => role),
      notes: kernels.map(({ kernel }) => kernel.noteAt),
    }
  }
  const line = (text: string): Marks => ({
    coreHeader: none - 1n,
    commandLine: `quiet elfcorehdr=${text} panic=-1`,
  })
  /** Without notes in its header it is not found: that tells whether the header was read. */
  const empty = (header: Buffer): void => void header.writeUInt16LE(0, 56)

  it.each([
    `0x${headerAt.toString(16)}`,
    `0x${headerAt.toString(16).toUpperCase().replace('0X', '0x')}`,
    String(headerAt),
    '17M',
    '17m',
    '17408K',
    '4096@17M',
    '0x1000@0x1100000',
  ])('is found by the header at %s', (text) => {
    expect(found(line(text)).roles).toEqual(['crashed', 'capture'])
    expect(found(line(text), empty).roles).toEqual(['capture'])
  })

  it.each([
    ['another place', line('1G')],
    ['no place', line('none')],
    ['a place that no memory has', { coreHeader: 2n ** 52n, commandLine: 'quiet' }],
  ])('is looked for where %s is named', (_, marks) => {
    expect(found(marks, empty).roles).toEqual(['crashed', 'capture'])
  })

  it('is looked for at the place of the command line where the address is 0', () => {
    expect(found({ ...line('17M'), coreHeader: 0n }, empty).roles).toEqual(['capture'])
  })

  it.each([
    ['no ELF header', (header: Buffer): void => void header.writeUInt8(0, 0)],
    ['another one', (header: Buffer): void => void header.writeUInt8(0, 1)],
  ])('is looked for where %s is there', (_, edit) => {
    const edited = (header: Buffer): void => {
      empty(header)
      edit(header)
    }
    expect(found(line('17M'), edited).roles).toEqual(['crashed', 'capture'])
  })

  it('is looked for where memory ends within its header', () => {
    const at = 17 * MiB + 4096 - 32
    const { first, second, memory } = twoKernels({ panicCpu: 1 }, line(`0x${at.toString(16)}`))
    memory.bytes.set(coreHeader(first.notePhysical), at)
    memory.remove(17 * MiB + 4096, 4096)
    const kernels = kernelsIn(memory, { noteAt: asPhysical(second.notePhysical) }, [])
    expect(rolesOf(kernels)).toEqual([
      ['crashed', first.notePhysical],
      ['capture', second.notePhysical],
    ])
  })

  it('is that of a note, not of a piece of memory', () => {
    const { first, notes } = found(line('17M'), (header, second) => {
      header.writeUInt32LE(1, 64)
      header.writeBigUInt64LE(BigInt(second.notePhysical), 64 + 24)
    })
    expect(notes[0]).toBe(first.notePhysical)
  })

  it('is that of the first note of a kernel', () => {
    const { first, second, notes } = found(line('17M'), (header, other) => {
      header.writeBigUInt64LE(BigInt(other.notePhysical), 64 + 24)
    })
    expect(notes[0]).toBe(second.notePhysical)
    expect(notes[0]).not.toBe(first.notePhysical)
  })
})

it('takes nothing for reserved that begins at 0, or ends before it begins', () => {
  for (const [start, end] of [
    [0, size - 1],
    [reserved, reserved - 2],
  ] as const) {
    const { first, memory } = twoKernels({ reserved: [start, end], panicCpu: 1 }, { coreHeader: none - 1n })
    expect(rolesOf(kernelsIn(memory, {}, []))).toEqual([[undefined, first.notePhysical]])
  }
})

it('takes registers of neither kernel for a sign of none', () => {
  const { first, second, memory } = twoKernels({}, {}, [0, 1, 2, 3])
  const set = (base: bigint): RegisterSet => ({
    registers: { gs_base: BigInt.asUintN(64, base) },
    privilege: 0,
  })
  const stray = set(0xffff_8880_7700_0000n)
  const roles = (...sets: readonly RegisterSet[]) => rolesOf(kernelsIn(memory, {}, sets))
  expect(roles(stray)).toEqual([[undefined, first.notePhysical]])
  // One of its own is enough.
  expect(roles(set(first.perCpu(0n, 0)), set(second.perCpu(0n, 3)))).toEqual([
    [undefined, first.notePhysical],
  ])
  expect(roles(stray, set(second.perCpu(0n, 3)))).toEqual([
    ['running', second.notePhysical],
    ['left', first.notePhysical],
  ])
})

it('names a kernel by its role, its release and its place', () => {
  const kernel = { release: '6.1', noteAt: 0x5000 } as unknown as Kernel
  expect(kernelText({ kernel, role: undefined })).toBe('kernel 6.1 at 0x5000')
  expect(kernelText({ kernel, role: 'left' })).toBe('the kernel that was left by kexec, 6.1 at 0x5000')
  expect(kernelText({ kernel: { release: '6.1' } as Kernel, role: 'running' })).toBe('the running kernel 6.1')
  const kernels = [{ kernel, role: undefined }]
  expect(chosenKernel(kernels, undefined)).toBe(kernels[0])
  expect(() => chosenKernel(kernels, 'capture')).toThrow(
    'there is no capture kernel in this memory; there is kernel 6.1 at 0x5000',
  )
})
