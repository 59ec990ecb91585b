import { typeName } from '../../btf/type-name.js'
import type { StructType } from '../../btf/types.js'
import { type ContainerJson, containerEntryJson, containerJson } from '../../contract/containers.js'
import { jsonLine } from '../../contract/json.js'
import { withJson } from '../../contract/shape.js'
import type { Figure, Problems } from '../../problems.js'
import type { AnyValue } from '../../value/types.js'
import { makeValue } from '../../value/value.js'
import type { ContainerField } from './fields.js'
import type { ArenaWithContents, ContainerEntry, ContainerKind, ContainerReading } from './reading.js'

/** How it is known that a container lies where it was found. */
export interface ContainerOrigin {
  /** `declared`: C says so. Integers that hold its address are `proven` or `supported`; `inferred` goes by an allocator's elements. */
  readonly certainty: ContainerField['degree'] | 'inferred'
  /** A sentence: "the type of the variable runq". */
  readonly evidence: string
}

export interface ContainerFacts {
  readonly name: string
  readonly kind: ContainerKind
  readonly struct: StructType | undefined
  /** As programs have it where it lies in the arena, else the kernel's. */
  readonly address: bigint
  /** In the kernel. */
  readonly kernelAddress: bigint
  readonly arena: ArenaWithContents
  readonly origin: ContainerOrigin
  readonly problems: Problems
  read(problems: Problems): ContainerReading
}

/** A data structure of the sched_ext library that programs keep in an arena: what it holds, in its own order. Read when asked. */
export class Container implements Iterable<ContainerEntry> {
  readonly #facts: ContainerFacts
  #reading: ContainerReading | undefined

  constructor(facts: ContainerFacts) {
    this.#facts = facts
  }

  /** The variable, field, map entry or allocation that it was found by: `runq`, `cpu_ctxs[2].queue`, `scx_atq_allocator[5]`. */
  get name(): string {
    return this.#facts.name
  }

  /** rbtree, btree, minheap, atq, dhq, lvqueue, bitmap, topology, cgroup_bw. */
  get kind(): ContainerKind {
    return this.#facts.kind
  }

  get arena(): ArenaWithContents {
    return this.#facts.arena
  }

  /** As programs have it; the kernel's address of one that lies in a variable or a map. */
  get address(): bigint {
    return this.#facts.address
  }

  get origin(): ContainerOrigin {
    return this.#facts.origin
  }

  /** How many entries it has; of a bitmap, how many bits are set. */
  get count(): Figure {
    return this.#read().count
  }

  /** What it holds, in its own order: by key, by weight, as queued, parents before children. */
  get entries(): readonly ContainerEntry[] {
    return this.#read().entries
  }

  /** What it says of itself: capacity, mode, sequence numbers. */
  get state(): ContainerReading['state'] {
    return this.#read().state
  }

  /** Its own struct, typed and lazy; undefined for what is no struct. */
  get value(): AnyValue {
    const { struct, arena, kernelAddress } = this.#facts
    return struct && makeValue(arena.context, struct, kernelAddress)
  }

  /** What is odd about it, and could not be read. */
  get problems(): Problems['list'] {
    this.#read()
    return this.#facts.problems.list
  }

  /**
   * The first entry with this key: a key of a tree, a weight or sequence number of a queue, a CPU of a bitmap (the range that it is
   * in), a cgroup's id; of a work queue the place from its oldest value. Undefined when there is none.
   */
  at(key: bigint | number): ContainerEntry | undefined {
    const wanted = BigInt(key)
    if (this.kind === 'bitmap')
      return this.entries.find(
        ({ details: { first, last } }) => wanted >= Number(first) && wanted <= Number(last),
      )
    if (this.kind === 'lvqueue') return this.entries.find(({ index }) => BigInt(index) === wanted)
    return this.entries.find((entry) => entry.key === wanted)
  }

  [Symbol.iterator](): Iterator<ContainerEntry> {
    return this.entries[Symbol.iterator]()
  }

  /** Entries as JSON text, one document each. */
  *json(): Generator<string> {
    for (const entry of this.entries) yield jsonLine(containerEntryJson(entry))
  }

  /** Everything but the entries. */
  toJSON(): ContainerJson {
    const { struct } = this.#facts
    return containerJson(this, struct === undefined ? undefined : typeName(struct))
  }

  #read(): ContainerReading {
    if (this.#reading === undefined) {
      const { problems } = this.#facts
      const read = problems.attempt('all of it', () => this.#facts.read(problems))
      const why = problems.sentences.at(-1) ?? ''
      this.#reading = read ?? { entries: [], count: { whole: false, atLeast: undefined, why }, state: {} }
      for (const entry of this.#reading.entries) withJson(entry, containerEntryJson)
    }
    return this.#reading
  }
}
