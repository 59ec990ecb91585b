import { describe, expect, it } from 'vitest'
import { hexAddress } from '../../src/contract/json.js'
import { quietly } from '../../src/errors.js'
import { Report } from '../../src/report/report.js'
import type { Session } from '../../src/session/session.js'
import { bpfWorld, schedWorld, sessionOf } from '../report/support/worlds.js'
import { ArenaGuest } from '../support/arena-guest.js'
import { writeSdtTree } from '../support/sdt-tree.js'

/** What lists of a session hold, and what is asked of it by name; worlds lack what they were not made with. */
function nouns(vm: Session): Readonly<Record<string, readonly object[]>> {
  const lists: Record<string, () => readonly object[]> = {
    maps: () => vm.maps,
    entries: () => vm.maps.flatMap((map) => [...map.entries()]),
    states: () => vm.maps.map((map) => map.state()),
    targets: () => vm.links.map(({ target }) => target),
    progs: () => vm.progs,
    prog: () => vm.progs.map(({ id }) => vm.prog(id)),
    links: () => vm.links,
    arenas: () => vm.arenas,
    allocators: () => vm.allocators,
    allocations: () => vm.allocators.flatMap((allocator) => [...allocator.allocations()]),
    containers: () => vm.containers,
    contained: () => vm.containers.flatMap((container) => [...container]),
    tasks: () => vm.tasks,
    vcpus: () => vm.vcpus,
    symbols: () => [vm.symbol('init_task')],
    runqueues: () => vm.sched.runqueues,
    queues: () => vm.sched.queues,
    queued: () => vm.sched.queues.flatMap(({ tasks }) => tasks),
    waiting: () => vm.sched.waiting,
    schedulers: () => vm.sched.schedulers,
    events: () => vm.sched.events,
    watchdog: () => [vm.sched.watchdog],
    ext: () => [vm.sched.ext],
    exits: () => vm.sched.exitLog,
    statistics: () => [...vm.sched.schedstats, ...vm.sched.cpuTimes, ...vm.sched.numa],
    details: () => vm.sched.tasks,
    state: () => [vm.sched.snapshot(), vm.sched],
  }
  return Object.fromEntries(Object.entries(lists).map(([kind, list]) => [kind, quietly(list) ?? []]))
}

function schedMemory(): Parameters<typeof sessionOf>[0] {
  const { guest } = schedWorld()
  guest.finish()
  return guest.memory
}

function arenaMemory(): Parameters<typeof sessionOf>[0] {
  const test = new ArenaGuest()
  const variables = test.section('.bss', { scx_task_allocator: 'scx_allocator', prices: 'to_rbtree' })
  writeSdtTree(test, variables.scx_task_allocator?.at ?? 0n, 48, [{ index: 0 }, { index: 1 }])
  const place = test.pages(1)
  test.guest.u64(variables.prices?.at ?? 0n, test.user(place))
  test.set('rbtree', place, { root: test.user(place + 512) })
  test.set('rbnode', place + 512, { key: 10, value: 1 })
  test.build()
  return test.guest.memory
}

describe.each([
  [
    'programs and maps',
    () => sessionOf(bpfWorld().memory),
    ['maps', 'entries', 'progs', 'prog', 'tasks', 'vcpus'],
  ],
  [
    'an arena with allocators and containers',
    () => sessionOf(arenaMemory()),
    ['maps', 'progs', 'arenas', 'allocators', 'allocations', 'containers', 'contained'],
  ],
  [
    'a scheduler',
    () => sessionOf(schedMemory()),
    ['runqueues', 'queues', 'queued', 'waiting', 'details', 'state'],
  ],
])('the nouns of a session with %s', (_what, make, kinds) => {
  const vm = make()
  const found = nouns(vm)

  it('are JSON for whoever asks, with addresses as addresses', () => {
    for (const kind of kinds) expect(found[kind], kind).not.toHaveLength(0)
    for (const [kind, list] of Object.entries(found)) {
      for (const noun of list) {
        const json = JSON.parse(JSON.stringify(noun)) as { address?: unknown }
        if ('address' in noun && typeof noun.address === 'bigint')
          expect(json.address, kind).toBe(hexAddress(noun.address))
      }
    }
    expect(() => JSON.stringify(found)).not.toThrow()
  })

  it('are the same in a report', () => {
    const { head } = Report.take(vm)
    const plain = (list: unknown): unknown => JSON.parse(JSON.stringify(list))
    expect(plain(head.programs)).toEqual(plain(found.progs))
    expect(plain(head.links)).toEqual(plain(found.links))
    expect(plain(head.containers)).toEqual(plain(found.containers))
    expect(head.tasks.map(({ address, pid }) => ({ address, pid }))).toEqual(
      (plain(found.tasks) as { address: string; pid: number }[]).map(({ address, pid }) => ({
        address,
        pid,
      })),
    )
    const { problems: _, ...sched } = plain(vm.sched) as Record<string, unknown>
    expect(plain(head.sched)).toEqual(sched)
  })
})

it('an entry says the same by itself as in the lines of its map', () => {
  const vm = sessionOf(bpfWorld().memory)
  let count = 0
  for (const map of vm.maps) {
    const entries = [...map.entries()].map((entry) => JSON.parse(JSON.stringify(entry)) as unknown)
    expect(entries).toEqual([...map.json()].map((line) => JSON.parse(line) as unknown))
    count += entries.length
  }
  expect(count).toBe(4)
})
