import { describe, expect, it } from 'vitest'
import type { Kernel } from '../../src/kernel/kernel.js'
import { Problems } from '../../src/problems.js'
import { cpuProblems, cpuStates, cpuText } from '../../src/session/cpus.js'
import type { Vcpu } from '../../src/session/vcpu.js'

interface Masks {
  readonly possible: readonly number[]
  readonly present?: readonly number[]
  readonly online?: readonly number[]
  readonly problems?: readonly string[]
}

/** What a kernel says of its CPUs; `symbols` are those that it has. */
const kernelOf = ({ problems: odd = [], ...masks }: Masks, symbols: readonly string[] = []): Kernel => {
  const problems = new Problems()
  for (const each of odd) problems.add('CPUs', each)
  return {
    cpus: { ...masks, problems },
    findSymbol: (name: string) => (symbols.includes(name) ? 1n : undefined),
  } as unknown as Kernel
}

const vcpu = (index: number, cpu: number | undefined, problem?: string, isForeign = false): Vcpu =>
  ({ index, cpu, identity: { cpu, evidence: [], problem, isForeign } }) as unknown as Vcpu

describe('what a kernel and registers say of CPUs', () => {
  const fits = kernelOf({ possible: [0, 1, 2], present: [0, 1, 2], online: [0, 2] })

  it('has no problem where each online CPU has registers, or where there are no registers at all', () => {
    expect(cpuProblems(fits, [vcpu(0, 0), vcpu(1, 2)], true)).toEqual([])
    expect(cpuProblems(fits, [], true)).toEqual([])
    // Those of a CPU that is offline are no loss and no problem.
    expect(cpuProblems(fits, [vcpu(0, 0), vcpu(1, 1), vcpu(2, 2)], true)).toEqual([])
  })

  it('names online CPUs without registers, all of them', () => {
    expect(cpuProblems(fits, [vcpu(0, 0)], true)).toEqual([
      'CPUs: CPU 2 is online, and there are no registers of it',
    ])
    expect(cpuProblems(fits, [vcpu(0, 1)], true)).toEqual([
      'CPUs: CPU 0, 2 is online, and there are no registers of it',
    ])
    // One that may be any CPU counts for none.
    expect(cpuProblems(fits, [vcpu(0, 0), vcpu(1, undefined, 'nothing tells')], true)).toEqual([
      'vCPU 1: nothing tells',
      'CPUs: CPU 2 is online, and there are no registers of it',
    ])
  })

  it('leaves out what is said of registers of another kernel, where there is one', () => {
    const both = [vcpu(0, 0), vcpu(1, 2), vcpu(2, undefined, 'it is another kernel', true)]
    expect(cpuProblems(fits, both, false)).toEqual([])
    expect(cpuProblems(fits, both, true)).toEqual(['vCPU 2: it is another kernel'])
    expect(cpuProblems(fits, [vcpu(0, 0), vcpu(1, 2), vcpu(2, undefined, 'nothing tells')], false)).toEqual([
      'vCPU 2: nothing tells',
    ])
  })

  it('names masks that do not fit each other, with what the kernel itself has wrong first', () => {
    const kernel = kernelOf({ possible: [0, 1], present: [0, 1, 5, 6], online: [0, 5, 7], problems: ['odd'] })
    expect(cpuProblems(kernel, [], true)).toEqual([
      'CPUs: odd',
      'CPUs: CPU 5, 6 is present but not possible',
      'CPUs: CPU 7 is online but not present',
    ])
    // Without the mask of those that are present they are held to the possible ones.
    expect(cpuProblems(kernelOf({ possible: [0, 1], online: [0, 3] }), [], true)).toEqual([
      'CPUs: CPU 3 is online but not present',
    ])
  })

  it('says of a mask that is there that it cannot be read, and nothing of one that the kernel does not have', () => {
    const symbols = ['__cpu_present_mask', '__cpu_online_mask']
    expect(cpuProblems(kernelOf({ possible: [0] }, symbols), [], true)).toEqual([
      'CPUs: cpu_present_mask cannot be read',
      'CPUs: cpu_online_mask cannot be read',
    ])
    expect(cpuProblems(kernelOf({ possible: [0], present: [0] }, symbols), [], true)).toEqual([
      'CPUs: cpu_online_mask cannot be read',
    ])
    expect(cpuProblems(kernelOf({ possible: [0] }), [], true)).toEqual([])
  })

  it('lists every possible CPU with its registers, in words too', () => {
    const kernel = kernelOf({ possible: [0, 1, 3], present: [0, 1], online: [0] })
    const first = vcpu(7, 0)
    const states = cpuStates(kernel, [vcpu(2, undefined), first])
    expect(states).toEqual([
      { cpu: 0, present: true, online: true, vcpu: first },
      { cpu: 1, present: true, online: false, vcpu: undefined },
      { cpu: 3, present: false, online: false, vcpu: undefined },
    ])
    expect(states.map(cpuText)).toEqual([
      'CPU 0: online',
      'CPU 1: offline, no registers',
      'CPU 3: not present, no registers',
    ])
    expect(cpuStates(kernelOf({ possible: [4] }), []).map(cpuText)).toEqual([
      'CPU 4: state unknown, no registers',
    ])
    expect(cpuStates(kernelOf({ possible: [4], present: [4] }), [vcpu(0, 4)]).map(cpuText)).toEqual([
      'CPU 4: state unknown',
    ])
  })
})
