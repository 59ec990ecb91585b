import { typeName } from '../btf/type-name.js'
import type { PointerType, SectionType, StructType } from '../btf/types.js'
import type { ValueContext } from './context.js'
import type { Json } from './render/json.js'
import type { Shape } from './shape.js'

/** A pointer that programs keep where C declares an integer. */
export interface RecoveredPointer {
  /** What the integer is as a pointer; `void *` when only its address space is proven. */
  readonly type: PointerType
  readonly evidence: RecoveryEvidence
  /**
   * Whether a value can be such a pointer, and has passed the checks where the pointer is only supported. One that has not
   * is shown as the integer that it is.
   */
  accepts(value: bigint): boolean
}

/**
 * 'proven': everything that the programs store there is such a pointer. 'supported': they use it as one at the lines that
 * are named, nothing certain speaks against it, and what lies at the address in this memory has passed the checks of
 * the type.
 */
export type RecoveryDegree = 'proven' | 'supported'

/** The instruction that shows it, and where that comes from. */
export interface RecoveryEvidence {
  readonly degree: RecoveryDegree
  readonly function: string
  /** Counted from the start of its section or program. */
  readonly instruction: number
  /** Source file and line; empty and 0 where the program does not say. */
  readonly file: string
  readonly line: number
  /** A sentence: "a pointer is stored there: tctx->task = (u64)p;". */
  readonly why: string
  /** Every line that is known to show it, that one first: "util.bpf.c:72". */
  readonly lines: readonly string[]
}

/** Where a value lies in the type that has it as a member. */
export interface Home {
  readonly type: StructType | SectionType
  /** Bytes from the start of the type. */
  readonly offset: number
}

const wordSize = 8

/** The pointer that an integer at that place is; undefined for any other integer. */
export function recoveredAt(
  context: ValueContext,
  shape: Shape,
  home: Home | undefined,
): RecoveredPointer | undefined {
  if (home === undefined || context.recoverPointer === undefined || !isWord(shape)) return undefined
  return context.recoverPointer(home.type, home.offset)
}

/** Whether an array holds, at whatever depth, integers that may be pointers. */
export function holdsWords(shape: Shape): boolean {
  let at = shape
  while (at.kind === 'array') at = at.element
  return isWord(at)
}

export function elementHome(home: Home | undefined, index: number, size: number): Home | undefined {
  return home && { type: home.type, offset: home.offset + index * size }
}

/** The members that say so: `{ recovered: "proven", evidence: { function, instruction, file, line, why, lines } }`. */
export function evidenceJson({ degree, function: name, ...rest }: RecoveryEvidence): {
  readonly recovered: RecoveryDegree
  readonly evidence: { readonly [key: string]: Json }
} {
  const { instruction, file, line, why, lines } = rest
  return { recovered: degree, evidence: { function: name, instruction, file, line, why, lines: [...lines] } }
}

/** `{ pointer, type, to?, recovered, evidence }`. */
export function recoveredJson(context: ValueContext, pointer: RecoveredPointer, value: bigint): Json {
  const to = value === 0n ? undefined : context.symbolize(value)
  return {
    pointer: `0x${value.toString(16)}`,
    type: typeName(pointer.type),
    ...(to === undefined ? {} : { to }),
    ...evidenceJson(pointer.evidence),
  }
}

function isWord(shape: Shape): boolean {
  return shape.kind === 'int' && shape.size === wordSize && shape.bits === wordSize * 8 && !shape.bool
}
