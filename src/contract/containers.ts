import type { Container } from '../bpf/containers/container.js'
import type { ContainerEntry } from '../bpf/containers/reading.js'
import { type FigureJson, figureJson, type Problem } from '../problems.js'
import { detailsJson } from './details.js'
import { type Address, hexAddress, jsonText, plainInteger } from './json.js'
import { pieces } from './pieces.js'
import { valueJson } from './values.js'

export interface ContainerJson {
  /** The variable, field, map entry or allocation that it was found by. */
  readonly name: string
  /** rbtree, btree, minheap, atq, dhq, lvqueue, bitmap, topology, cgroup_bw. */
  readonly kind: string
  readonly struct: string | null
  readonly arena: number
  /** As programs have it where it lies in the arena, else the kernel's. */
  readonly address: Address
  /** declared, proven, supported or inferred. */
  readonly certainty: string
  readonly evidence: string
  /** Entries; of a bitmap, bits that are set. */
  readonly count: FigureJson
  readonly state: Readonly<Record<string, unknown>>
  readonly problems: readonly Problem[]
}

export interface ContainerEntryJson {
  readonly index: number
  readonly key: number | string | null
  readonly depth: number
  readonly address: Address | null
  readonly value: unknown
  /** What a value that is an address, or a node, lies in. */
  readonly object: string | null
  readonly details: Readonly<Record<string, unknown>>
}

/** Everything of a container but its entries; `struct` is its type in C. */
export function containerJson(container: Container, struct: string | undefined): ContainerJson {
  const { name, kind, arena, address, origin, count, state, problems } = container
  return {
    name,
    kind,
    struct: struct ?? null,
    arena: arena.id,
    address: hexAddress(address),
    certainty: origin.certainty,
    evidence: origin.evidence,
    count: figureJson(count),
    state: detailsJson(state),
    problems,
  }
}

export function containerEntryJson(entry: ContainerEntry): ContainerEntryJson {
  const { index, key, depth, address, value, object, details } = entry
  return {
    index,
    key: key === undefined ? null : plainInteger(key),
    depth,
    address: address === undefined ? null : hexAddress(address),
    value: valueJson(value),
    object: object ?? null,
    details: detailsJson(details),
  }
}

/** The contract's document of containers, in pieces: an array, each with its entries. */
export function containersDocument(containers: readonly Container[]): Generator<string> {
  return pieces(listParts(containers))
}

/** The document of one container, in pieces. */
export function containerDocument(container: Container): Generator<string> {
  return pieces(withNewline(container))
}

function* listParts(containers: readonly Container[]): Generator<string> {
  yield '['
  for (const [n, container] of containers.entries()) {
    yield n === 0 ? '\n' : ',\n'
    yield* containerParts(container)
  }
  yield containers.length === 0 ? ']\n' : '\n]\n'
}

function* withNewline(container: Container): Generator<string> {
  yield* containerParts(container)
  yield '\n'
}

function* containerParts(container: Container): Generator<string> {
  yield `${jsonText(container).replace(/\n\}$/, '')},\n  "entries": [`
  let count = 0
  for (const document of container.json()) yield `${count++ === 0 ? '' : ','}\n    ${document}`
  yield `${count === 0 ? ']' : '\n  ]'}\n}`
}
