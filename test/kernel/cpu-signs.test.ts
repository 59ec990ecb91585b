import { describe, expect, it } from 'vitest'
import { currentTaskAt, stackSizeOf } from '../../src/kernel/cpu-signs.js'
import type { Kernel } from '../../src/kernel/kernel.js'

describe('stackSizeOf', () => {
  const sizeOf = (symbols: Readonly<Record<string, bigint>>): bigint =>
    stackSizeOf({ findSymbol: (name: string) => symbols[name] } as unknown as Kernel)

  it.each([
    [4096n, 4096n],
    [32_768n, 32_768n],
    [2n ** 18n, 2n ** 18n],
    // What cannot be a stack: that of most kernels.
    [4095n, 16_384n],
    [2n ** 18n + 1n, 16_384n],
    [0n, 16_384n],
  ])('%i bytes that the linker keeps are %i', (kept, size) => {
    const start = 0xffffffff84000000n
    expect(sizeOf({ __start_init_stack: start, __end_init_stack: start + kept })).toBe(size)
    expect(sizeOf({ __start_init_task: start, __end_init_task: start + kept })).toBe(size)
  })

  it('is that of most kernels where nothing tells', () => {
    expect(sizeOf({})).toBe(16_384n)
    expect(sizeOf({ __start_init_stack: 0xffffffff84000000n })).toBe(16_384n)
    expect(sizeOf({ __end_init_stack: 0x8000n })).toBe(16_384n)
  })
})

describe('currentTaskAt', () => {
  const task = 0xffff888000001000n
  /** Per-CPU memory of CPU 2 is 0x100 behind; a pointer to the task is where `name` is. */
  const kernel = (name: string): Kernel =>
    ({
      findSymbol: (asked: string) => (asked === name ? 0x40n : undefined),
      symbol: () => 0x80n,
      cpus: { address: (at: bigint, cpu: number) => at + BigInt(cpu) * 0x80n },
      space: { u64: (at: bigint) => (at === 0x140n ? task : 0n) },
      struct: (type: string, at: bigint) => ({
        pointer: (member: string) => (type === 'rq' && member === 'curr' && at === 0x180n ? task + 8n : 0n),
      }),
    }) as unknown as Kernel

  it('is a per-CPU variable, alone or with others that are hot, and else what the runqueue runs', () => {
    expect(currentTaskAt(kernel('current_task'), 2)).toBe(task)
    expect(currentTaskAt(kernel('pcpu_hot'), 2)).toBe(task)
    expect(currentTaskAt(kernel('other'), 2)).toBe(task + 8n)
  })
})
