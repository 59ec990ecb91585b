import { describe, expect, it } from 'vitest'
import { kernelJson } from '../../src/contract/target.js'
import type { KernelChoice } from '../../src/kernel/kernels.js'
import { describeTarget } from '../../src/session/info.js'
import { Session } from '../../src/session/session.js'
import type { ArrayMemory } from '../support/array-memory.js'
import { KernelGuest, type KernelGuestOptions } from '../support/kernel-guest.js'

const MiB = 2 ** 20
const none = 2n ** 64n - 1n

/** A dump with register notes of these CPUs, in this order. */
function opened(
  memory: ArrayMemory,
  guest: KernelGuest,
  cpus: readonly number[],
  kernelAt?: KernelChoice,
): Session {
  const vcpus = cpus.map((cpu, index) => {
    const gs_base = BigInt.asUintN(64, guest.perCpu(0n, cpu))
    return { index, registers: { gs_base }, halted: false, privilege: 0 }
  })
  return new Session({
    name: 'made',
    memory,
    control: undefined,
    vcpus: () => vcpus,
    problems: [],
    facts: {},
    kernelAt,
  })
}

/** Through JSON, as a script gets it. */
const infoOf = (vm: Session): Record<string, unknown> =>
  JSON.parse(JSON.stringify(describeTarget(vm, performance.now()))) as Record<string, unknown>

describe("info's cpus", () => {
  it('tell possible, present and online CPUs and those with registers apart', () => {
    const guest = new KernelGuest({ cpus: [0, 2, 3] })
    guest.u64(guest.global('__cpu_present_mask', 16), 0b1101n)
    guest.u64(guest.global('__cpu_online_mask', 16), 0b1001n)
    guest.finish()
    // The first note is not that of CPU 0.
    const { vcpus, cpus } = infoOf(opened(guest.memory, guest, [3, 0]))
    expect(vcpus).toBe(2)
    expect(cpus).toEqual({
      count: 4,
      possible: [0, 2, 3],
      present: [0, 2, 3],
      online: [0, 3],
      withRegisters: [3, 0],
    })
  })

  it('are null where a mask cannot be read, and not empty', () => {
    const guest = new KernelGuest()
    guest.symbol('__cpu_online_mask', 0xffff800000001000n)
    guest.finish()
    expect(infoOf(opened(guest.memory, guest, [2])).cpus).toEqual({
      count: 3,
      possible: [0, 2],
      present: null,
      online: null,
      withRegisters: [2],
    })
  })

  it('are null as a whole where nr_cpu_ids cannot be', () => {
    const guest = new KernelGuest()
    guest.finish()
    guest.u32(guest.symbols.find(({ name }) => name === 'nr_cpu_ids')?.address ?? 0n, 0)
    expect(infoOf(opened(guest.memory, guest, [])).cpus).toBeNull()
  })
})

describe("info's kernels", () => {
  it('are one without a role where there is no other', () => {
    const guest = new KernelGuest()
    guest.finish()
    expect(infoOf(opened(guest.memory, guest, [0])).kernels).toEqual([
      { release: '6.99.0-test', role: null, at: hex(guest), chosen: true },
    ])
  })

  it.each([
    [undefined, [true, false]],
    ['capture', [false, true]],
  ] as const)('are both of a dump of a capture kernel; chosen: %s', (choice, chosen) => {
    const crashed = build({ memory: 16 * MiB, imagePhysical: 2 * MiB }, 1, none)
    const capture = build({ memory: 32 * MiB, imagePhysical: 18 * MiB }, 0xffff_ffff, none - 1n)
    capture.memory.bytes.set(crashed.memory.bytes, 0)
    const vm = opened(capture.memory, capture, [], choice)
    expect(infoOf(vm).kernels).toEqual([
      { release: '6.99.0-test', role: 'crashed', at: hex(crashed), chosen: chosen[0] },
      { release: '6.99.0-test', role: 'capture', at: hex(capture), chosen: chosen[1] },
    ])
  })

  it('have null for a place that is not known', () => {
    const kernel = { release: '1.2', noteAt: undefined } as Parameters<typeof kernelJson>[1]
    expect(kernelJson({ kernel, role: 'left' }, {} as typeof kernel)).toEqual({
      release: '1.2',
      role: 'left',
      at: null,
      chosen: false,
    })
  })
})

function hex({ notePhysical }: KernelGuest): string {
  return `0x${notePhysical.toString(16)}`
}

/** A kernel that has memory from 18 MiB on reserved for its capture kernel. */
function build(options: KernelGuestOptions, panicCpu: number, coreHeader: bigint): KernelGuest {
  const guest = new KernelGuest(options)
  guest.u32(guest.global('panic_cpu', 4), panicCpu)
  guest.u64(guest.global('elfcorehdr_addr', 8), coreHeader)
  const reserved = guest.global('crashk_res', 16)
  guest.objects.set('resource', reserved, { start: 18 * MiB, end: 32 * MiB - 1 })
  guest.finish()
  return guest
}
