import { beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../src/session/session.js'
import { compareAllocations, contextOf, logged } from './support/compare-allocations.js'
import { type DemoGuest, frozenDemo, sharedDemo, testedKernels } from './support/demo-guest.js'
import { steppedThrough, watchWhileRunning } from './support/watch-allocations.js'

describe.each(testedKernels)('kernel $kernel, KASLR $kaslr', ({ kernel }) => {
  let guest: DemoGuest
  let session: Session

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
    session = guest.session
  })

  it('finds the pages that the kernel lists as handed out, and no others', () => {
    const arena = session.arena('arena')
    expect(arena.problems).toEqual([])
    expect(arena.pages.length).toBeGreaterThan(10)
    expect(arena.allocatedPages).toBe(arena.pages.length)
    if (arena.countedPages !== undefined) expect(arena.countedPages).toBe(arena.pages.length)
    expect(arena.users.map(({ name }) => name)).toContain('demo_enqueue')
    expect(arena.scratchPages).toBe(0)
  })

  it('reads the variables in the arena, and knows from a program where they are', () => {
    const arena = session.arena('arena')
    expect(JSON.parse(JSON.stringify(arena.globals))).toEqual({
      arena_words: [String(0xa0a0a0a000000000n), 1, 2, 3],
      arena_inits: 1,
    })
    expect(arena.globalSections[0]?.evidence).toMatch(/program demo_init \(id \d+\) loads 0x10/)
  })

  it('finds every live allocation as the scheduler logged it', () => {
    expect(compareAllocations(session, guest.truth)).toBeGreaterThan(50)
    const allocator = session.allocator('scx_task_allocator')
    const expected = logged(session, guest.truth)
    expect(allocator.payload).toMatchObject({ certainty: 'inferred', header: 8 })
    expect(allocator.payload.type?.name).toBe('task_ctx')
    expect(allocator.toJSON()).toMatchObject({
      counts: { inFlight: 0, torn: 0 },
      state: { statistics: { active_allocs: expected.length } },
    })
    // The scheduler notes the name when the task comes, the log whenever it runs: some are renamed in between.
    const names = new Map(expected.map(({ index, comm }) => [index, comm]))
    const same = allocator.live.filter((each) => contextOf(each).comm === names.get(each.index))
    expect(same.length).toBeGreaterThan(expected.length / 2)
  })

  it('renders every allocation as JSON, pointers named by what they lead to', () => {
    const allocator = session.allocator('scx_task_allocator')
    const documents = [...allocator.json()].map((text) => JSON.parse(text))
    const live = documents.filter(({ state }) => state === 'live')
    expect(live.map(({ index }) => index)).toEqual(allocator.live.map(({ index }) => index))
    const named = live.filter(({ value }) => /^scx_static(\+0x38)?$/.test(value.cpu.to ?? ''))
    expect(named.length).toBeGreaterThan(10)
    for (const { value } of live) expect(value.magic).toBe('8386110886139622520')
  })

  it('follows arena pointers, and finds the CPU contexts in the static region by them', () => {
    const { live } = session.allocator('scx_task_allocator')
    const ran = live.map(contextOf).filter(({ cpu }) => !cpu.$isNull)
    expect(ran.length).toBeGreaterThan(10)
    for (const { cpu } of ran) expect(cpu.magic).toBe(0x6370755f)
    const { objects } = session.allocator('scx_static')
    expect(objects.map(({ certainty, type }) => [certainty, type.name])).toEqual([
      ['exact', 'cpu_ctx'],
      ['exact', 'cpu_ctx'],
    ])
  })

  it('finds no leak, and of dangling references only those that the scheduler keeps', () => {
    for (const allocator of session.allocators) {
      expect(allocator.unreadRoots).toEqual([])
      expect(allocator.leaks.map(({ index }) => index)).toEqual([])
      // task_ctx.parent, 0x50 behind the element's tid, outlives the parent: parent_tid is there to tell.
      for (const { from } of allocator.dangling) expect(from).toMatch(/^scx_task_allocator\[\d+\]\+0x58$/)
    }
    expect(session.arena('arena').strays).toEqual([])
  })

  it('agrees with the task storage', () => {
    const allocator = session.allocator('scx_task_allocator')
    const byAddress = new Map(allocator.live.map((each) => [each.address, each]))
    let compared = 0
    for (const { value } of session.map('scx_task_map').entries()) {
      const bytes = Buffer.from(value?.bytes ?? [])
      const allocation = byAddress.get(bytes.readBigUInt64LE(16))
      expect(allocation?.index).toBe(bytes.readInt32LE(0))
      expect(allocation && contextOf(allocation).task).toBe(bytes.readBigUInt64LE(8))
      byAddress.delete(allocation?.address)
      compared++
    }
    expect(compared).toBeGreaterThan(allocator.live.length - 10)
    // The storage of a task that ends while the scheduler is paused goes with it; its element waits to be freed.
    const pids = new Set(session.tasks.map(({ pid }) => pid))
    for (const allocation of byAddress.values()) expect(pids.has(contextOf(allocation).pid)).toBe(false)
  })
})

describe('many tasks', () => {
  it('fill a leaf: its bit is set above, the next one is in part use, and both are read', async () => {
    const load = 'sh /demo/start.sh 4\n/demo/load --tasks 700 &\nsleep 8'
    await using guest = await frozenDemo({ kernel: '7.0', cpus: 2, memoryBytes: 2 ** 29 }, { load })
    const { session, truth } = guest
    expect(compareAllocations(session, truth)).toBeGreaterThan(700)
    const allocator = session.allocator('scx_task_allocator')
    expect(allocator.reading.state.descriptors).toBe(4)
    expect(allocator.leaks).toEqual([])
    const arena = session.arena('arena')
    expect(arena.allocatedPages).toBe(arena.pages.length)
    // Paused, the scheduler touches no arena memory: what was read stays as it was.
    const before = [...allocator.json()]
    await session.advance({ ms: 20 })
    const after = session.allocator('scx_task_allocator')
    expect(after).not.toBe(allocator)
    expect([...after.json()]).toEqual(before)
    await watchWhileRunning(session)
    expect(await steppedThrough(session, 'sdt_alloc_locked')).toEqual(['+0', '+0 in flight', '+1'])
    expect(await steppedThrough(session, 'scx_free')).toEqual(['+0', '-1 in flight', '-1'])
  })
})
