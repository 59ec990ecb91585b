import type { Btf } from '../../btf/btf.js'
import { sizeOf, strip } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { CType, StructType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { beginsWithTid, isAllocatorStruct } from './kinds.js'
import { usedStructs } from './used-structs.js'
import type { Veto } from './veto.js'

/** What the elements of an allocator are, and how sure that is. */
export interface Payload {
  /** Undefined when unknown: the bytes are shown. */
  readonly type: CType | undefined
  /** Bytes of each element before it. */
  readonly header: number
  /**
   * `exact`: pointers to elements have this type. `inferred`: of the structs that the program's own code, variables and
   * maps point at, its size and name fit nothing else, and no element speaks against it.
   */
  readonly certainty: 'exact' | 'inferred' | 'unknown'
  /** How it is known, or why not, in a sentence. */
  readonly evidence: string
  /** Names of the types that came into question. */
  readonly candidates: readonly string[]
}

/** A pointer of a declared type that leads to an element. */
export interface TypedReference {
  readonly type: CType
  /** Bytes from the element's start to where it points. */
  readonly offset: number
  readonly count: number
  /** Where the first was found. */
  readonly from: string
}

/** Structs with which the library itself works; none is anybody's payload. */
const libraryStructs = new Set(['sdt_data', 'sdt_desc', 'sdt_chunk', 'sdt_id'])

/** Names that schedulers give their contexts, the likeliest first (lib/sdt_task.h and the schedulers of scx). */
const namePatterns: readonly RegExp[] = [/^task_ctx$/, /_arena_ctx$/, /_task_ctx$/, /_ctx$/]

interface Candidate {
  readonly type: StructType
  readonly header: number
}

/**
 * The payload of an sdt_alloc tree from the size of its elements. Elements are a header and the payload, rounded up to eight
 * bytes. Structs of the library that begin with an id themselves (`union sdt_id tid`: rbtree, rbnode, scx_atq) are the whole
 * element, or lie behind its header with a copy of it (lib/rbtree.bpf.c, lib/atq.bpf.c), which the values show. Only structs that the program itself points at come into question: its BTF has many more, of the kernel it was built for. Values
 * of elements can rule out what fits, and show copies of ids (`copiesId`).
 */
export function inferPayload(
  kernel: Kernel,
  types: Btf,
  name: string,
  elementSize: number,
  headerSize: number,
  veto: Veto,
  copiesId: (header: number) => boolean,
): Payload {
  const unknown = (evidence: string, candidates: readonly Candidate[] = []): Payload => ({
    type: undefined,
    header: headerSize,
    certainty: 'unknown',
    evidence,
    candidates: candidates.map(({ type }) => typeName(type)),
  })
  const payloadSize = elementSize - headerSize
  if (payloadSize <= 0) return unknown('elements have no payload')
  const used = usedStructs(types)
  const sized = candidatesFor(kernel, types, elementSize, headerSize)
  const fitting = sized.filter(({ type }) => used.has(type.id))
  const vetoes = fitting.map(({ type, header }) => veto(type, header))
  const possible = fitting.filter((_, n) => vetoes[n] === undefined)
  // A copy of an id that no element shows is no more than room for one.
  const shown = possible.filter(({ type, header }) => !isCopying(type, header) || copiesId(header))
  const candidates = shown.length === 0 ? possible : shown
  const known = byName(types, name)
  if (known !== undefined && veto(known.type, known.header) === undefined) {
    return inferred(known, `the allocator's name, and elements begin with the struct's own tid`, candidates)
  }
  const [only, second] = candidates
  if (only === undefined) {
    const [against] = vetoes
    if (against !== undefined) return unknown(against, fitting)
    return unknown(
      sized.length === 0
        ? `no struct of the program has ${payloadSize} bytes`
        : `no struct of ${payloadSize} bytes is one that the program's functions, variables or maps point at`,
    )
  }
  if (second === undefined) {
    return inferred(
      only,
      `the only struct that fits elements of ${elementSize} bytes and that the program points at, in ${used.get(only.type.id)}`,
      candidates,
    )
  }
  const stem = name.replace(/\[\d+\]$/, '').replace(/_allocator$/, '')
  const stems = new Set([stem, stem.replace(/^scx_/, '')])
  const stages = [
    (type: StructType) => stems.has(type.name),
    ...namePatterns.map((pattern) => (type: StructType) => pattern.test(type.name)),
  ]
  for (const matches of stages) {
    const hits = candidates.filter(({ type }) => matches(type))
    const [hit] = hits
    if (hit !== undefined && hits.length === 1) {
      return inferred(
        hit,
        `its name, among ${candidates.length} structs that fit elements of ${elementSize} bytes`,
        candidates,
      )
    }
  }
  return unknown(`${candidates.length} structs fit elements of ${elementSize} bytes`, candidates)
}

/** The type that pointers to elements have, when they agree and it fits. */
export function exactPayload(
  guess: Payload,
  references: readonly TypedReference[],
  elementSize: number,
): Payload {
  const fitting = references.filter(({ type, offset }) => {
    const size = sizeOf(type)
    return size !== undefined && size > 0 && offset + size <= elementSize
  })
  const [first, ...others] = fitting
  if (first === undefined) return guess
  if (others.some(({ type, offset }) => type !== first.type || offset !== first.offset)) {
    const names = [...new Set(fitting.map(({ type }) => typeName(type)))].join(', ')
    return guess.type === undefined
      ? { ...guess, evidence: `pointers of different types lead to elements: ${names}` }
      : guess
  }
  const pointers = first.count === 1 ? 'a pointer' : `${first.count} pointers`
  return {
    type: first.type,
    header: first.offset,
    certainty: 'exact',
    evidence: `${pointers} of type ${typeName(first.type)} * to its elements, such as ${first.from}`,
    candidates: [typeName(first.type)],
  }
}

function inferred(candidate: Candidate, evidence: string, all: readonly Candidate[]): Payload {
  return {
    type: candidate.type,
    header: candidate.header,
    certainty: 'inferred',
    evidence,
    candidates: all.map(({ type }) => typeName(type)),
  }
}

function candidatesFor(kernel: Kernel, types: Btf, elementSize: number, headerSize: number): Candidate[] {
  const found: Candidate[] = []
  for (const type of types.types('struct')) {
    if (type.kind !== 'struct' || type.id < types.startId || type.name === '') continue
    const rounded = Math.ceil(type.size / 8) * 8
    const isWhole = rounded === elementSize
    if (!isWhole && rounded !== elementSize - headerSize) continue
    if (
      libraryStructs.has(type.name) ||
      isAllocatorStruct(type.name) ||
      kernel.types.findStruct(type.name) !== undefined
    )
      continue
    if (!isWhole) found.push({ type, header: headerSize })
    else if (beginsWithTid(type)) found.push({ type, header: 0 })
  }
  return found
}

function isCopying(type: StructType, header: number): boolean {
  return header > 0 && beginsWithTid(type)
}

/** Library structs that end in a flexible array have no size to find them by. */
function byName(types: Btf, name: string): Candidate | undefined {
  const stem = name.replace(/_allocator$/, '')
  for (const wanted of [stem, stem.replace(/^scx_/, '')]) {
    const type = types.find(wanted, 'struct')
    if (type === undefined || !beginsWithTid(type)) continue
    const last = type.members.at(-1)
    const bare = last === undefined ? undefined : strip(last.type)
    if (bare?.kind === 'array' && bare.length === 0) return { type, header: 0 }
  }
  return undefined
}
