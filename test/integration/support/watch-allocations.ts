import { expect } from 'vitest'
import type { Session } from '../../../src/session/session.js'

/** Lets the scheduler go on and looks at it in the midst of its work. */
export async function watchWhileRunning(session: Session): Promise<void> {
  session.write({ map: 'control', key: 0 }, { pause: 0 })
  const operations = new Set<unknown>()
  // On and on where little happens.
  for (let stop = 0; stop < 15 || (operations.size <= 2 && stop < 150); stop++) {
    // A stall changes nothing in the arena's order.
    if (stop === 5) session.write({ map: 'control', key: 0 }, { stall: 2, stall_comm: 'demo_worker' })
    if (stop === 10) session.write({ map: 'control', key: 0 }, { stall: 0 })
    await session.advance({ ms: 10 + stop })
    const allocator = session.allocator('scx_task_allocator')
    const slots = new Map([...allocator.allocations()].map((each) => [each.address, each]))
    const tasks = new Set(session.tasks.map(({ address }) => address))
    let wrong = 0
    for (const { value } of session.map('scx_task_map').entries()) {
      const bytes = Buffer.from(value?.bytes ?? [])
      const address = bytes.readBigUInt64LE(16)
      if (address === 0n || !tasks.has(bytes.readBigUInt64LE(8))) continue
      const slot = slots.get(address)
      if (slot?.state !== 'live' || slot.index !== bytes.readInt32LE(0)) wrong++
    }
    // Each of the two CPUs can be between the steps of one allocation.
    expect(wrong).toBeLessThanOrEqual(2)
    expect(allocator.problems.length).toBeLessThanOrEqual(2)
    const statistics = allocator.reading.state.statistics as unknown as Record<string, bigint>
    expect(Math.abs(allocator.live.length - Number(statistics.active_allocs))).toBeLessThanOrEqual(2)
    operations.add(statistics.alloc_ops)
  }
  // It did work meanwhile.
  expect(operations.size).toBeGreaterThan(2)
}

/** What becomes of live and in-flight elements while one CPU goes through a function of the allocator, the other stands. */
export async function steppedThrough(session: Session, name: string): Promise<string[]> {
  const symbol = session.kernel.symbolizer.dynamic().find((each) => each.name.endsWith(`_${name}`))
  const stop = await session.runUntil(symbol?.address ?? 0n)
  expect(stop.reason).toBe('breakpoint')
  const before = session.allocator('scx_task_allocator').live.length
  const seen: string[] = []
  for (let i = 0; i < 60; i++) {
    const { slots } = session.allocator('scx_task_allocator').reading
    const [live, moving] = [slots.count('live'), slots.count('in-flight')]
    if (!live.whole || !moving.whole) throw new Error('the allocator cannot be read whole')
    const change = live.value - before
    const text = `${change < 0 ? '' : '+'}${change}${moving.value > 0 ? ' in flight' : ''}`
    if (seen.at(-1) !== text) seen.push(text)
    if (seen.length === 3) break
    await session.step(stop.cpu ?? 0, 12)
  }
  return seen
}
