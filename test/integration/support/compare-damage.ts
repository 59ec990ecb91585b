import { expect } from 'vitest'
import type { PhysicalRange } from '../../../src/memory/types.js'
import type { Session } from '../../../src/session/session.js'
import { watch } from '../../../src/session/watch.js'
import { damagedSayings, lies, sayingsOf } from '../../report/support/damage.js'

const frameSize = 4096
/** Tasks whose reasons are compared; there are as many sentences as in the story. */
const explained = 8

/**
 * Takes pages away that stories and reasons are read from (one by one, by the score, halves, every other), for some
 * seconds. What is said then must be what is said of the whole target, or less.
 */
export function saysLessWhenDamaged(vm: Session, seconds: number): void {
  const all = vm.tasks.map(({ pid }) => pid)
  const pids = [...vm.sched.waiting.map(({ pid }) => pid), ...all.filter((pid) => pid > 0)].slice(
    0,
    explained,
  )
  const whole = sayingsOf(vm, all)
  const { session, touched } = watch(vm)
  // Without types, symbols and CPUs there is nothing to tell of.
  void session.kernel.types
  void session.kernel.cpus
  const base = new Set(framesOf(touched()))
  sayingsOf(session, pids)
  const frames = framesOf(touched()).filter((frame) => !base.has(frame))
  expect(frames.length).toBeGreaterThan(100)

  let told = 0
  const check = (isHole: (frame: number) => boolean): void => {
    const damaged = damagedSayings(vm, pids, (frame) => !base.has(frame) && isHole(frame))
    if (damaged === undefined) return
    told++
    expect(lies(whole, damaged)).toEqual([])
  }
  const middle = frames.toSorted((a, b) => a - b)[frames.length >> 1] ?? 0
  check((frame) => frame < middle)
  check((frame) => frame >= middle)
  check((frame) => frame % 2 === 0)
  check((frame) => frame % 2 === 1)
  const end = performance.now() + seconds * 1000
  for (let seed = Date.now() >>> 0, i = 0; performance.now() < end || i < 20; i++) {
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return seed % limit
    }
    const count = i % 2 === 0 ? 1 : 1 + random(30)
    const holes = new Set(Array.from({ length: count }, () => frames[random(frames.length)]))
    check((frame) => holes.has(frame))
  }
  expect(told).toBeGreaterThan(15)
}

function framesOf(ranges: readonly PhysicalRange[]): number[] {
  return ranges.flatMap(({ start, length }) =>
    Array.from({ length: Math.ceil(length / frameSize) }, (_, i) => Math.floor(start / frameSize) + i),
  )
}
