import { describe, expect, it } from 'vitest'
import { Problems } from '../../src/problems.js'
import { readCaps } from '../../src/sched/caps.js'
import { schedContext } from '../../src/sched/context.js'
import { readWatchdog } from '../../src/sched/watchdog.js'
import { now, perSecond, SchedGuest } from './sched-guest.js'

const millisecondsOf = (ticks: number): number => (ticks * 1000) / perSecond

describe('the watchdog', () => {
  const read = (change: (guest: SchedGuest) => void) => {
    const guest = new SchedGuest('early')
    change(guest)
    const problems = new Problems()
    return { ...readWatchdog(schedContext(guest.kernel(), problems)), guest, said: problems.sentences }
  }

  it('looks twice per timeout, or as often as the kernel says', () => {
    const { guest, said, ...usual } = read(() => undefined)
    expect(usual).toEqual({
      timeoutMs: millisecondsOf(3000),
      ageMs: millisecondsOf(200),
      intervalMs: millisecondsOf(1500),
      timeoutAddress: guest.symbol('scx_watchdog_timeout'),
    })
    expect(said).toEqual([])
    expect(read(({ guest }) => guest.u64(guest.global('scx_watchdog_interval', 8), 70n)).intervalMs).toBe(
      millisecondsOf(70),
    )
  })

  it('has not looked yet where it has no time, and no time that is none', () => {
    const stamped = (stamp: bigint) =>
      read((guest) => guest.guest.u64(guest.symbol('scx_watchdog_timestamp'), stamp)).ageMs
    expect(stamped(0n)).toBeUndefined()
    expect(stamped(now - 1n)).toBe(millisecondsOf(1))
    const timeout = (ticks: bigint) =>
      read((guest) => guest.guest.u64(guest.symbol('scx_watchdog_timeout'), ticks)).timeoutMs
    expect([timeout(2n ** 40n - 1n) !== undefined, timeout(2n ** 40n)]).toEqual([true, undefined])
  })
})

describe('capabilities of a scheduler', () => {
  it('are not listed where shards cannot be', () => {
    const caps = (shards: number) => {
      const guest = new SchedGuest('late')
      guest.objects.set('scx_sched', guest.sched, { nr_pshards: shards, pshard: 0n })
      const problems = new Problems()
      const kernel = guest.kernel()
      return [
        readCaps(schedContext(kernel, problems), kernel.struct('scx_sched', guest.sched), 'made'),
        problems.sentences,
      ]
    }
    expect(caps(4097)).toEqual([undefined, ['made, nr_pshards: 4097 shards cannot be']])
    const [none, said] = caps(4096)
    expect([Array.isArray(none), said]).toEqual([true, []])
  })
})
