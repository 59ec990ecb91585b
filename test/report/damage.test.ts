import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import type { Session } from '../../src/session/session.js'
import { now, SchedGuest } from '../sched/sched-guest.js'
import type { Shape } from '../sched/sched-types.js'
import { damagedSayings, lies, type Sayings, sayingsOf } from './support/damage.js'
import { sessionOf } from './support/worlds.js'

const pids = [10, 11, 12, 13, 14, 15, 20]

/** Tasks stuck on a queue, held by the scheduler, on a CPU's queue behind a real-time task, asleep; or nobody waits at all. */
function world(shape: Shape, kind: 'stalled' | 'calm'): Session {
  const guest = new SchedGuest(shape, { apart: true })
  const since = (ticks: bigint) => ({ 'scx.runnable_at': now - ticks })
  if (kind === 'stalled') {
    guest.addTask(10, since(700n))
    guest.addTask(11, since(1200n))
    guest.addTask(12, since(690n))
    guest.addTask(13, { ...since(500n), 'scx.ops_state': 2 })
    guest.addTask(14, since(1n))
    guest.addTask(15, since(400n))
    guest.addTask(20, { __state: 2, on_rq: 0 })
    const hog = guest.addTask(30, { sched_class: guest.symbol('rt_sched_class'), 'scx.flags': 0x300 })
    guest.objects.set('rq', guest.rq(2), { curr: hog, nr_running: 2 })
    guest.objects.set('rq', guest.rq(0), { nr_running: 3 })
    guest.fillQueue(guest.localQueue(2), { id: (1n << 63n) + 2n, tasks: [15] })
    guest.userQueues([
      { id: 0x77n, tasks: [14] },
      { id: 0x99n, tasks: [10, 'cursor', 11, 12], members: { seq: 3 } },
    ])
    guest.runnable(0, [10, 11, 13])
    guest.runnable(2, [12, 14, 15])
    if (shape === 'late') guest.objects.set('scx_sched', guest.sched, { bypass_depth: 1 })
    guest.objects.set('scx_sched', guest.sched, { 'exit_kind.counter': 1026 })
    const text = guest.guest.alloc(32)
    guest.guest.text(text, 'it stalled')
    guest.objects.set('scx_exit_info', guest.exitInfo, { msg: text })
  } else {
    for (const pid of pids) guest.addTask(pid, { __state: 1, on_rq: 0 })
    guest.userQueues([{ id: 0x77n }, { id: 0x99n }])
  }
  guest.kernel()
  return sessionOf(guest.guest.memory)
}

const worlds = (['early', 'late'] as const).flatMap((shape) =>
  (['stalled', 'calm'] as const).map((kind) => [kind, shape, world(shape, kind)] as const),
)

describe.each(worlds)('what is said of a %s machine, scheduler of the %s shape', (_kind, _shape, vm) => {
  const whole = sayingsOf(vm, pids)
  const frames = vm.target.memory.ranges.reduce((sum, { length }) => sum + length / 4096, 0)
  const used = usedFrames(vm, frames)

  const check = (isHole: (frame: number) => boolean): Sayings | undefined => {
    const damaged = damagedSayings(vm, pids, isHole)
    if (damaged !== undefined) expect(lies(whole, damaged)).toEqual([])
    return damaged
  }

  it('is weaker with any single page lost, and never another', () => {
    let told = 0
    let differs = 0
    for (const hole of used) {
      const damaged = check((frame) => frame === hole)
      if (damaged === undefined) continue
      told++
      if (damaged.told.some(({ sentence }, i) => sentence !== whole.told[i]?.sentence)) differs++
    }
    // Most pages are not the kernel's own tables, and most matter.
    expect(told).toBeGreaterThan(30)
    expect(differs).toBeGreaterThan(10)
  })

  it('is weaker with halves lost', () => {
    const middle = used[Math.floor(used.length / 2)] ?? 0
    check((frame) => frame >= middle)
    check((frame) => frame < middle)
    check((frame) => frame % 2 === 0)
    check((frame) => frame % 2 === 1)
  })

  it('is weaker whatever is lost', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(used.length - 1), { minLength: 1, maxLength: 20 }), (lost) => {
        const holes = new Set(lost.map((i) => used[i]))
        check((frame) => holes.has(frame))
      }),
      { numRuns: 150 },
    )
  })
})

/** Frames that hold anything. */
function usedFrames(vm: Session, count: number): number[] {
  return Array.from({ length: count }, (_, frame) => frame).filter((frame) => {
    const { bytes } = vm.target.memory.read(asPhysical(frame * 4096), 4096)
    return bytes.some((byte) => byte !== 0)
  })
}
