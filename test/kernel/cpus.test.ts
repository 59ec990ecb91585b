import { describe, expect, it } from 'vitest'
import { Cpus } from '../../src/kernel/cpus.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { MemoryFault } from '../../src/memory/fault.js'

interface World {
  readonly count?: number
  readonly possible?: readonly number[]
  readonly online?: readonly number[]
  /** Masks take as many bytes as the longest needs. */
  readonly missing?: 'offset of CPU 2' | 'online'
  /** Bytes of a struct cpumask; none where the kernel's types are not known. */
  readonly maskSize?: number
  /** Symbols that the kernel does not have. */
  readonly without?: readonly string[]
}

const places: Readonly<Record<string, bigint>> = {
  nr_cpu_ids: 0x1000n,
  __cpu_possible_mask: 0x2000n,
  __cpu_online_mask: 0x3000n,
  __per_cpu_offset: 0x4000n,
}

/** Behind its words there is something else. */
function maskOf(cpus: readonly number[], length: number, count: number): Uint8Array {
  const mask = new Uint8Array(length).fill(0xff, Math.ceil(count / 64) * 8)
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7))
  return mask
}

/** A kernel of which there is no more than what tells its CPUs. */
function cpusOf({ count = 3, possible = [0, 2], online = possible, missing, maskSize, without = [] }: World) {
  const fault = (address: bigint): never => {
    throw new MemoryFault({ kind: 'not-present', address, level: 'pte' })
  }
  const space = {
    u32: () => count,
    u64: (at: bigint) => {
      const cpu = Number((at - 0x4000n) / 8n)
      return missing === 'offset of CPU 2' && cpu === 2
        ? fault(at)
        : BigInt.asUintN(64, BigInt(cpu) * 0x100n - 0x80n)
    },
    bytes: (at: bigint, length: number) =>
      at === 0x2000n
        ? maskOf(possible, length, count)
        : missing === 'online'
          ? fault(at)
          : maskOf(online, length, count),
  }
  const findSymbol = (name: string) => (without.includes(name) ? undefined : places[name])
  const symbol = (name: string) => {
    const at = findSymbol(name)
    if (at === undefined) throw new Error(`no ${name}`)
    return at
  }
  const layouts = { find: () => (maskSize === undefined ? undefined : { size: maskSize }) }
  const kernel = { space, symbol, findSymbol, layouts }
  const cpus = new Cpus(kernel as unknown as Kernel)
  return { cpus, problems: cpus.problems }
}

describe('the CPUs of a kernel', () => {
  it('are those of its masks, with numbers that need not be dense', () => {
    const { cpus, problems } = cpusOf({ count: 130, possible: [0, 7, 8, 64, 129], online: [0, 129] })
    expect(cpus.possible).toEqual([0, 7, 8, 64, 129])
    expect(cpus.online).toEqual([0, 129])
    // This kernel has no mask of those that are present.
    expect(cpus.present).toBeUndefined()
    expect(problems.none).toBe(true)
  })

  it.each([0, 65_537])('are not believed to be %i', (count) => {
    expect(() => cpusOf({ count })).toThrow(`nr_cpu_ids is ${count}, which cannot be`)
  })

  it('are no more than a mask of them has bits', () => {
    expect(cpusOf({ count: 1024, possible: [1023], maskSize: 128 }).cpus.possible).toEqual([1023])
    expect(() => cpusOf({ count: 1025, maskSize: 128 })).toThrow('nr_cpu_ids is 1025, which cannot be')
    expect(cpusOf({ count: 64, possible: [63], maskSize: 4 }).cpus.possible).toEqual([63])
  })

  it('are as many as any kernel is built for', () => {
    expect(cpusOf({ count: 65_536, possible: [65_535] }).cpus.possible).toEqual([65_535])
  })

  it('are none beyond their count, which is said', () => {
    const { cpus, problems } = cpusOf({ count: 3, possible: [0, 2, 3, 9] })
    expect(cpus.possible).toEqual([0, 2])
    expect(problems.sentences).toEqual(['CPUs: cpu_possible_mask has CPU 3, 9, but nr_cpu_ids is 3'])
  })

  it('have their own memory, whose addresses wrap around', () => {
    const { cpus } = cpusOf({})
    expect(cpus.address(0x1000n, 2)).toBe(0x1180n)
    expect(cpus.address(0x10n, 0)).toBe(2n ** 64n - 0x70n)
    expect(cpus.offset(0)).toBe(2n ** 64n - 0x80n)
    expect(cpus.offset(1)).toBeUndefined()
    expect(() => cpus.address(0x1000n, 1)).toThrow('there is no CPU 1; CPUs are 0, 2')
  })

  it('may have memory that cannot be found, while the others have theirs', () => {
    const { cpus, problems } = cpusOf({ missing: 'offset of CPU 2' })
    expect(problems.sentences).toEqual([expect.stringMatching(/^CPUs: per-CPU memory of CPU 2: .*0x4010/)])
    expect(cpus.possible).toEqual([0, 2])
    expect(cpus.address(0x80n, 0)).toBe(0n)
    expect(() => cpus.address(0x80n, 2)).toThrow(MemoryFault)
    expect(cpus.offset(2)).toBeUndefined()
  })

  it('are one where the kernel is built without SMP, with its variables where their symbols say', () => {
    const without = ['nr_cpu_ids', '__per_cpu_offset']
    const { cpus, problems } = cpusOf({ without, online: [0] })
    expect([cpus.count, cpus.possible, cpus.online]).toEqual([1, [0], [0]])
    expect([cpus.offset(0), cpus.address(0xffff_ffff_8200_1000n, 0)]).toEqual([0n, 0xffff_ffff_8200_1000n])
    expect(() => cpus.address(0x1000n, 1)).toThrow('there is no CPU 1; CPUs are 0')
    expect(problems.none).toBe(true)
    // A kernel that lacks more, or less, is none of these.
    for (const other of [['nr_cpu_ids'], ['__per_cpu_offset'], [...without, '__cpu_possible_mask']])
      expect(() => cpusOf({ without: other })).toThrow(/^no /)
  })

  it('are not known to run where the mask cannot be read', () => {
    expect(cpusOf({ missing: 'online' }).cpus.online).toBeUndefined()
  })
})
