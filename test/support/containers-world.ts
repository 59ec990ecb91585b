import type { Container } from '../../src/bpf/containers/container.js'
import { problemText } from '../../src/problems.js'
import { ArenaGuest, type ArenaOptions } from './arena-guest.js'
import { writeSdtTree } from './sdt-tree.js'

/** An arena whose program has one variable, a pointer to a container of that type at the start of three fresh pages. */
export class ContainersWorld {
  readonly test: ArenaGuest
  readonly place: number
  #next: number

  constructor(type: string, name = 'it', options: ArenaOptions = {}) {
    this.test = new ArenaGuest(options)
    const variable = this.test.section('.bss', { [name]: `to_${type}` })[name]
    this.place = this.test.pages(3)
    this.#next = this.place + 512
    this.test.guest.u64(variable?.at ?? 0n, this.test.user(this.place))
  }

  /** Fresh memory of the arena; each piece of a page of its own when `alone`. */
  take(size: number, alone = false): number {
    if (alone) return this.test.pages(1)
    this.#next = Math.ceil(this.#next / 8) * 8
    const place = this.#next
    this.#next += size
    return place
  }

  /** Contexts of tasks (struct queued_ctx) that an allocator has handed out: where each begins, behind the allocator's header. */
  contexts(count: number): readonly number[] {
    const { test } = this
    const { scx_task_allocator: allocator, typing } = test.section('.data', {
      scx_task_allocator: 'scx_allocator',
      typing: 'toQueued',
    })
    const size = test.types.findStruct('queued_ctx')?.size ?? 0
    const specs = Array.from({ length: count }, (_, index) => ({ index }))
    const { elements } = writeSdtTree(test, allocator?.at ?? 0n, size + 8, specs)
    const places = specs.map(({ index }) => (elements.get(index) as number) + 8)
    test.guest.u64(typing?.at ?? 0n, test.user(places[0] as number))
    return places
  }

  set(type: string, place: number, values: Readonly<Record<string, number | bigint>>): void {
    this.test.set(type, place, values)
  }

  to(place: number): bigint {
    return this.test.user(place)
  }

  /** The container of that name, and everything that was said of it. */
  read(name = 'it'): { container: Container; said: string; keys: (number | undefined)[] } {
    const { arena } = this.test.build()
    const container = arena.containers.find((each) => each.name === name)
    if (container === undefined)
      throw new Error(`no container ${name}: ${arena.containers.map((each) => each.name).join(', ')}`)
    const keys = [...container].map(({ key }) => (key === undefined ? undefined : Number(key)))
    return { container, said: container.problems.map(problemText).join('\n'), keys }
  }
}
