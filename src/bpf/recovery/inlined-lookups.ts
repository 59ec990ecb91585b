import type { Instruction } from '../programs/instruction.js'

/** Where the verifier has put instructions in place of a call of map_lookup_elem, and how many there are. */
export interface InlinedLookup {
  readonly at: number
  readonly length: number
}

const add64 = 0x07
const addRegister64 = 0x0f
const multiply64 = 0x27
const shiftLeft64 = 0x67
const and32 = 0x54
const move64 = 0xb7
const moveRegister64 = 0xbf
const loadWord = 0x61
const loadDouble = 0x79
const loadByte = 0x71
const storeByte = 0x72
const jumpAlways = 0x05
const jumpGreaterOrEqual = 0x35
const jumpEqual = 0x15
const jumpNotEqual = 0x55
/** Offset of a MOV that adds the base of per-CPU memory. */
const perCpuOffset = -1
const longest = 14

/** `index` steps of an array's lookup, from the comparison to the end, that work on R0 and on the map in R1. */
function isArrayStep({ code, destination, source, offset, immediate }: Instruction): boolean {
  if (destination !== 0) return false
  switch (code) {
    case and32:
    case shiftLeft64:
    case multiply64:
      return true
    case addRegister64:
      return source === 1
    case loadDouble:
      return source === 0 && offset === 0
    case moveRegister64:
      return source === 0 && offset === perCpuOffset
    case jumpEqual:
      return offset === 1 && immediate === 0
    default:
      return false
  }
}

/** What follows the call of a hash table's lookup: from the element to its value. */
function isHashStep({ code, destination, source, offset, immediate }: Instruction): boolean {
  switch (code) {
    case add64:
      return destination === 0
    case loadDouble:
      return destination === 0 && source === 0 && offset === 0
    case moveRegister64:
      return destination === 0 && source === 0 && offset === perCpuOffset
    case loadByte:
      return destination === 1 && source === 0
    case jumpNotEqual:
      return destination === 1 && immediate === 0 && offset === 1
    case storeByte:
      return destination === 0 && immediate === 1
    default:
      return false
  }
}

/**
 * The lookup that begins at an instruction, as array_map_gen_lookup and its like (kernel/bpf/arraymap.c, hashtab.c)
 * write it. `isHashLookup` says that the instruction calls __htab_map_lookup_elem.
 */
export function inlinedLookup(
  code: readonly Instruction[],
  at: number,
  isHashLookup: boolean,
): InlinedLookup | undefined {
  return isHashLookup ? hashLookup(code, at) : arrayLookup(code, at)
}

function arrayLookup(code: readonly Instruction[], at: number): InlinedLookup | undefined {
  const [first, load, compare] = [code[at], code[at + 1], code[at + 2]]
  if (first?.code !== add64 || first.destination !== 1) return undefined
  const isIndex = load?.code === loadWord && load.destination === 0 && load.source === 2 && load.offset === 0
  if (!isIndex || compare?.code !== jumpGreaterOrEqual || compare.destination !== 0) return undefined
  // Out of range: to the last instruction, which makes R0 null.
  const end = at + 3 + compare.offset
  if (compare.offset < 3 || compare.offset > longest) return undefined
  const [skip, none] = [code[end - 1], code[end]]
  const isEnd = skip?.code === jumpAlways && skip.offset === 1
  const isNull = none?.code === move64 && none.destination === 0 && none.immediate === 0
  if (!isEnd || !isNull) return undefined
  for (let step = at + 3; step < end - 1; step++) {
    const instruction = code[step]
    if (instruction === undefined || !isArrayStep(instruction)) return undefined
    if (instruction.code === jumpEqual && step + 2 !== end) return undefined
  }
  return { at, length: end + 1 - at }
}

function hashLookup(code: readonly Instruction[], at: number): InlinedLookup | undefined {
  const check = code[at + 1]
  if (check?.code !== jumpEqual || check.destination !== 0 || check.immediate !== 0) return undefined
  const length = 2 + check.offset
  if (check.offset < 1 || check.offset > 4) return undefined
  for (let step = at + 2; step < at + length; step++) {
    const instruction = code[step]
    if (instruction === undefined || !isHashStep(instruction)) return undefined
  }
  return { at, length }
}
