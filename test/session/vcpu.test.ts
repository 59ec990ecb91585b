import { describe, expect, it } from 'vitest'
import type { CpuIdentity } from '../../src/kernel/cpu-signs.js'
import { Vcpu, type VcpuSource } from '../../src/session/vcpu.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeTasks } from '../support/kernel-objects.js'

const guest = new KernelGuest()
const schedule = guest.symbol('schedule', guest.image(0x100), 'T')
const tasks = writeTasks(guest, [{ pid: 20, comm: 'server' }])
const current = guest.symbol('current_task', guest.allocPerCpu(8))
guest.u64(guest.perCpu(current, 0), tasks.get(20) ?? 0n)
guest.u64(guest.perCpu(current, 2), 0x1000n)
const kernel = guest.kernel()

const source = (index: number, rip: bigint | undefined): VcpuSource => ({
  index,
  registers: { rip, rax: 0xffffffffffffffffn, gone: undefined },
  halted: false,
  privilege: 0,
})

const known = (cpu: number) => (): CpuIdentity => ({
  cpu,
  evidence: ['made up'],
  problem: undefined,
  isForeign: false,
})

describe('Vcpu', () => {
  it('says where it is and what it runs, by the CPU that it is and not by its index', () => {
    const vcpu = new Vcpu(source(4, schedule + 0x1cn), () => kernel, known(0), undefined)
    expect(vcpu).toMatchObject({ index: 4, cpu: 0 })
    expect(vcpu.where).toBe('schedule+0x1c')
    expect(vcpu.task).toMatchObject({ pid: 20, comm: 'server' })
    expect(vcpu.toJSON()).toEqual({
      index: 4,
      cpu: 0,
      evidence: ['made up'],
      problem: null,
      rip: `0x${(schedule + 0x1cn).toString(16)}`,
      where: 'schedule+0x1c',
      halted: false,
      privilege: 0,
      task: { pid: 20, comm: 'server', name: 'server' },
      registers: { rip: `0x${(schedule + 0x1cn).toString(16)}`, rax: '0xffffffffffffffff' },
    })
  })

  it('shows registers where the kernel behind them cannot be read', () => {
    const vcpu = new Vcpu(source(2, 0x400000n), () => kernel, known(2), undefined)
    expect(vcpu.where).toBeUndefined()
    expect(vcpu.task).toBeUndefined()
    expect(vcpu.toJSON()).toMatchObject({ rip: '0x400000', where: null, task: null })

    const empty = new KernelGuest()
    empty.finish()
    empty.memory.close()
    const identity = (): CpuIdentity => {
      empty.kernel()
      return known(0)()
    }
    const lost = new Vcpu(source(0, undefined), () => empty.kernel(), identity, undefined)
    expect(lost.rip).toBe(0n)
    expect(lost.cpu).toBeUndefined()
    expect(lost.toJSON()).toMatchObject({ index: 0, cpu: null, evidence: [], problem: null })
  })

  it('names nothing of this kernel for registers of another', () => {
    const foreign = (): CpuIdentity => ({
      cpu: undefined,
      evidence: [],
      problem: 'these are registers of another',
      isForeign: true,
    })
    const vcpu = new Vcpu(source(1, schedule), () => kernel, foreign, undefined)
    expect(vcpu.where).toBeUndefined()
    expect(vcpu.task).toBeUndefined()
    expect(() => vcpu.stack).toThrow('vCPU 1: these are registers of another')
  })

  it('steps alone, when it can', async () => {
    const calls: number[][] = []
    const vcpu = new Vcpu(
      source(4, 0n),
      () => kernel,
      known(3),
      async (...call) => calls.push(call),
    )
    await vcpu.step()
    await vcpu.step(5)
    expect(calls).toEqual([
      [4, 1],
      [4, 5],
    ])
    const still = new Vcpu(source(2, 0n), () => kernel, known(2), undefined)
    await expect(still.step()).rejects.toThrow('a dump does not run; step needs a guest')
  })
})
