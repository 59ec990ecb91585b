import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../src/history/attach.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { demoGuest } from '../../src/ui/demo-guest.js'

describe('a guest without a record that is traced', () => {
  let vm: Session

  beforeAll(async () => {
    vm = await boot(await demoGuest({ kernel: '6.18', cpus: 2, name: 'traced' }))
    await vm.freeze()
  }, 600_000)
  afterAll(async () => {
    await vm?.close()
  })

  /** No vCPU has entered the program and not left it: what has begun and not ended counts for one side only. */
  const isOutside = () =>
    vm.vcpus.every((vcpu) => vcpu.privilege === 3 || !/_enqueue\b/.test(`${vcpu.where} ${vcpu.stack}`))
  const runs = () => Number(vm.progs.find(({ name }) => name === 'demo_enqueue')?.runCount)

  it('hits a BPF program as often as the kernel counts it, on all vCPUs, with the row of each', async () => {
    for (let tries = 0; !isOutside() && tries < 500; tries++) await vm.advance({ ms: 3 })
    expect(isOutside()).toBe(true)
    const before = runs()
    let hits = 0
    const cpus = new Set<unknown>()
    for (let tries = 0; (hits < 60 || !isOutside()) && tries < 500; tries++) {
      const traced = await vm.trace({
        at: 'demo_enqueue',
        for: { ms: 20 },
        take: (at, hit) => ({ rip: at.vcpus.find(({ index }) => index === hit.cpu)?.rip === hit.address }),
      })
      expect(traced.problems.list).toEqual([])
      expect(vm.state).toBe('frozen')
      hits += traced.hits
      for (const row of traced.frame.rows() as unknown as {
        rip: boolean
        cpu: number
        comm: string
        ms: number
      }[]) {
        expect(row.rip).toBe(true)
        expect(row.comm).toMatch(/./)
        cpus.add(row.cpu)
      }
    }
    expect(isOutside()).toBe(true)
    expect(hits).toBeGreaterThanOrEqual(60)
    expect(runs() - before).toBe(hits)
    expect([...cpus].sort()).toEqual([0, 1])
  })

  it('sees each write to memory when it is done, filters, ends at its limit and says what it cost', async () => {
    const first = BigInt(vm.variable('jiffies_64') as bigint)
    const { frame, hits, isCut, cost, problems } = await vm.trace({
      at: { write: 'jiffies_64', as: 'u64' },
      when: (at) => BigInt(at.variable('jiffies_64') as bigint) % 2n === 0n,
      take: (at) => ({ value: at.variable('jiffies_64') }),
      limit: 30,
    })
    expect(hits).toBe(30)
    expect(isCut).toBe(true)
    expect(problems.sentences.join()).toContain('are one hit')
    const values = (frame.rows() as unknown as { value: bigint; where: string }[]).map(({ value, where }) => {
      expect(where).toMatch(/^tick_do_update_jiffies64\+/)
      return BigInt(value)
    })
    expect(values.length).toBeGreaterThan(3)
    for (const [index, value] of values.entries()) {
      expect(value % 2n).toBe(0n)
      expect(value).toBeGreaterThan(values[index - 1] ?? first)
    }
    expect(values.at(-1)).toBeLessThanOrEqual(BigInt(vm.variable('jiffies_64') as bigint))
    expect(cost.stops).toBeGreaterThanOrEqual(30)
    expect(cost.ranMs).toBeLessThan(cost.tookMs)
    expect(cost.slowed).toBeGreaterThan(1)
    expect(String(cost)).toMatch(/^stopped \d+ times in .* a second\), in which the guest ran .*: slowed \d/)
  })

  it('leaves no breakpoint, and lets what looks neither run nor stop the guest', async () => {
    await expect(
      vm.trace({
        at: 'schedule',
        limit: 1,
        take: async (at) => {
          await at.step(0, 1)
          return {}
        },
      }),
    ).rejects.toThrow('only looks')
    expect(vm.state).toBe('frozen')
    expect(await vm.advance({ ms: 50 })).toMatchObject({ reason: 'advance' })
    await expect(vm.trace({ at: 'schedule' })).rejects.toThrow('say how long to trace')
    await expect(vm.trace({ at: 'schedule', from: 'start', limit: 1 })).rejects.toThrow('times of a record')
    await expect(vm.trace({ at: 'no_such_function', limit: 1 })).rejects.toThrow('no_such_function')
  })
})
