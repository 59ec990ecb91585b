import { describe, expect, it } from 'vitest'
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

const source = (cpu: number, rip: bigint | undefined): VcpuSource => ({
  cpu,
  registers: { rip, rax: 0xffffffffffffffffn, gone: undefined },
  halted: false,
  privilege: 0,
})

describe('Vcpu', () => {
  it('says where it is and what it runs', () => {
    const vcpu = new Vcpu(source(0, schedule + 0x1cn), () => kernel, undefined)
    expect(vcpu.where).toBe('schedule+0x1c')
    expect(vcpu.task).toMatchObject({ pid: 20, comm: 'server' })
    expect(vcpu.toJSON()).toEqual({
      cpu: 0,
      rip: `0x${(schedule + 0x1cn).toString(16)}`,
      where: 'schedule+0x1c',
      halted: false,
      privilege: 0,
      task: { pid: 20, comm: 'server', name: 'server' },
      registers: { rip: `0x${(schedule + 0x1cn).toString(16)}`, rax: '0xffffffffffffffff' },
    })
  })

  it('shows registers where the kernel behind them cannot be read', () => {
    const vcpu = new Vcpu(source(2, 0x400000n), () => kernel, undefined)
    expect(vcpu.where).toBeUndefined()
    expect(vcpu.task).toBeUndefined()
    expect(vcpu.toJSON()).toMatchObject({ rip: '0x400000', where: null, task: null })

    const empty = new KernelGuest()
    empty.finish()
    empty.memory.close()
    const lost = new Vcpu(source(0, undefined), () => empty.kernel(), undefined)
    expect(lost.rip).toBe(0n)
  })

  it('steps alone, when it can', async () => {
    const calls: number[][] = []
    const vcpu = new Vcpu(
      source(2, 0n),
      () => kernel,
      async (...call) => calls.push(call),
    )
    await vcpu.step()
    await vcpu.step(5)
    expect(calls).toEqual([
      [2, 1],
      [2, 5],
    ])
    const still = new Vcpu(source(2, 0n), () => kernel, undefined)
    await expect(still.step()).rejects.toThrow('a dump does not run; step needs a guest')
  })
})
