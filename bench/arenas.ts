import type { Allocator } from '../src/bpf/allocators/allocator.js'
import { ArenaGuest } from '../test/support/arena-guest.js'
import { writeSdtTree } from '../test/support/sdt-tree.js'
import { print, repeat, timed } from './measure.js'

const pageCount = 10_000
const elementCount = 20_000
const runs = 9

/** Through the arena of a made guest: as many pages and elements as the project promises times for. */
export function measureArenas(): void {
  const sparse = sparseGuest()
  const tree = treeGuest()
  print('arenas and allocators', [
    {
      what: `sweep of 4 GiB, ${pageCount.toLocaleString('en')} pages, nothing known`,
      times: repeat(runs, () => timed(() => sweep(sparse))),
      goal: 30,
    },
    {
      what: `tree of ${elementCount.toLocaleString('en')} elements, found and walked`,
      times: repeat(runs, () => timed(() => allocator(tree))),
    },
    {
      what: 'the same with types, references and every element as JSON',
      times: repeat(runs, () => timed(() => render(allocator(tree)))),
      goal: 300,
    },
  ])
}

function sparseGuest(): ReturnType<ArenaGuest['build']> {
  const guest = new ArenaGuest({ memory: 96 * 2 ** 20 })
  // Spread over the whole window, in groups as allocations come.
  for (let i = 0; i < pageCount; i++) guest.mapPage(Math.floor(i / 8) * 800 + (i % 8))
  return guest.build()
}

function sweep({ kernel, reread }: ReturnType<ArenaGuest['build']>): void {
  kernel.invalidate()
  const found = reread().pages.length
  if (found !== pageCount) throw new Error(`found ${found} pages`)
}

function treeGuest(): ReturnType<ArenaGuest['build']> {
  const guest = new ArenaGuest({ memory: 96 * 2 ** 20 })
  const variables = guest.section('.bss', { scx_task_allocator: 'scx_allocator' })
  const specs = Array.from({ length: elementCount }, (_, index) => ({ index }))
  const { elements } = writeSdtTree(guest, variables.scx_task_allocator?.at ?? 0n, 48, specs)
  for (const [index, place] of elements) {
    guest.set('task_ctx', place + 8, { pid: index, comm: `task-${index}`, peer: guest.user(place) })
  }
  return guest.build()
}

function allocator({ kernel, reread }: ReturnType<ArenaGuest['build']>): Allocator {
  kernel.invalidate()
  const [found] = reread().allocators
  if (found?.reading.slots.length !== elementCount) throw new Error('the tree is not whole')
  return found
}

function render(found: Allocator): void {
  let length = JSON.stringify(found.leaks.length).length
  for (const text of found.json()) length += text.length
  if (length < elementCount * 50) throw new Error('not every element was rendered')
}
