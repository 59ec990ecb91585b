import { SchedGuest } from '../test/sched/sched-guest.js'
import { ArenaGuest } from '../test/support/arena-guest.js'
import { addHash } from '../test/support/bpf-objects.js'
import { everyMap } from '../test/support/every-map.js'
import { everyProgramPart } from '../test/support/every-program-part.js'
import { KernelGuest } from '../test/support/kernel-guest.js'
import { writeLog, writeTasks } from '../test/support/kernel-objects.js'
import { writeSdtTree } from '../test/support/sdt-tree.js'

/** A kernel made byte by byte. */
export interface World {
  readonly name: string
  readonly guest: KernelGuest
}

/** A map of every family. */
export function mapWorld(): World {
  const { guest } = everyMap()
  guest.finish()
  return { name: 'every map', guest }
}

export function programWorld(): World {
  const { guest } = everyProgramPart()
  guest.finish()
  return { name: 'every part of a program', guest }
}

/** An arena with the allocators of the sched_ext library, each with something in it. */
export function arenaWorld(): World {
  const test = new ArenaGuest({ memory: 24 * 2 ** 20, constants: [(1n << 44n) + 0x8020n] })
  const variables = test.section('.bss', {
    scx_static: 'scx_static',
    scx_task_allocator: 'scx_allocator',
    tasks: 'stk',
    bump: 'bump',
    heap: 'buddy',
    first_cpu: 'toCpu',
    a_task: 'toTask',
  })
  const at = (name: string): bigint => variables[name]?.at ?? 0n
  const region = test.pages(2)
  test.setAt('scx_static', at('scx_static'), { max_alloc_bytes: 8192, memory: test.user(region), off: 32 })
  test.guest.u64(at('first_cpu'), test.user(region))
  test.set('cpu_ctx', region, { cpu: 0, load: 5, next: test.user(region + 16) })
  const indexes = [0, 1, 2, 511, 512, 262_144]
  const { elements } = writeSdtTree(
    test,
    at('scx_task_allocator'),
    48,
    indexes.map((index) => ({ index })),
  )
  test.guest.u64(at('a_task'), test.user((elements.get(1) ?? 0) + 8))
  const page = test.pages(1)
  const segments = [test.pages(1), test.pages(1)] as const
  test.pointer(segments[0] + 4088, segments[1])
  test.pointer(segments[1] + 4080, segments[0])
  for (let i = 0; i < 4; i++) test.pointer(segments[0] + i * 8, page + i * 256)
  test.setAt('stk', at('tasks'), {
    first: test.user(segments[0]),
    last: test.user(segments[1]),
    current: test.user(segments[0]),
    cind: 4,
    capacity: 1020,
    available: 4,
    data_size: 128,
    nr_pages_per_alloc: 1,
  })
  const places = [test.pages(2), test.pages(2)] as const
  test.pointer(places[1], places[0])
  test.setAt('bump', at('bump'), {
    max_contig_bytes: 8192,
    memory: test.user(places[1]),
    off: 100,
    lim_memusage: 2 ** 20,
    cur_memusage: 2 * 8192,
  })
  // A chunk of a buddy is aligned to 1 MiB.
  const chunk = test.pages(16, 256)
  test.setAt('buddy', at('heap'), { first_chunk: test.user(chunk) })
  test.build()
  return { name: 'an arena with allocators', guest: test.guest }
}

export function schedWorld(shape: 'early' | 'late'): World {
  const made = new SchedGuest(shape)
  for (const pid of [10, 11, 12, 13, 14]) made.addTask(pid)
  made.fillQueue(made.localQueue(2), { id: (1n << 63n) + 2n, tasks: [14] })
  made.userQueues([
    { id: 0x77n, tasks: [11, 'cursor', 10] },
    { id: 0x99n, tasks: [13, 12], tree: [13, 12], members: { seq: 40 } },
    { id: 0x5n },
  ])
  made.runnable(0, [10, 11])
  made.runnable(2, [14])
  made.count(0, 5n, 1n << 40n)
  if (shape === 'late') made.addSubScheduler('below', '/below')
  made.kernel()
  return { name: `a scheduler, ${shape}`, guest: made.guest }
}

/** Tasks, the log, and a map whose names try to be more than text. */
export function taskWorld(): World {
  const guest = new KernelGuest()
  writeTasks(guest, [
    { pid: 1, comm: 'init' },
    { pid: 7, comm: '<b>\u001b[31mred', threads: [{ pid: 8, comm: '"\\\u202e' }] },
    { pid: 9 },
  ])
  writeLog(guest, [
    { text: 'Linux version 6.99.0-test' },
    { text: 'BUG: \u001b]0;title\u0007 <script>' },
    { text: 'Kernel panic - not syncing: made up', info: { level: 0, ts_nsec: 5_000_000_000 } },
    { text: '', positions: [3n, 3n] },
    { text: 'x'.repeat(60) },
  ])
  guest.integer(guest.symbol('panic_cpu', guest.image(4)), 0n, 4)
  addHash(guest, { name: '"><script>', valueSize: 8, maxEntries: 8, buckets: 4 }, [
    { key: Uint8Array.of(1, 0, 0, 0), value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    { key: Uint8Array.of(2, 0, 0, 0), value: new Uint8Array(8) },
  ])
  guest.finish()
  return { name: 'tasks and a log', guest }
}

export function everyWorld(): World[] {
  return [mapWorld(), programWorld(), arenaWorld(), schedWorld('early'), schedWorld('late'), taskWorld()]
}
