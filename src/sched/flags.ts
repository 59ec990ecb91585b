import type { Btf } from '../btf/btf.js'
import type { EnumType } from '../btf/types.js'
import { type Kernel, unreadName } from '../kernel/kernel.js'

/**
 * Names of the bits that are set, from an enum of the kernel, its longest common prefix cut. Values of several bits
 * (states, masks) are left out: they are fields, not flags. Bits without a name come last, as `0x…`.
 */
export function flagNames(kernel: Kernel, enumeration: string, value: bigint, fields = 0n): string[] {
  let rest = BigInt.asUintN(64, value) & ~fields
  const names: string[] = []
  for (const [bit, name] of wordsOf(kernel, enumeration)?.bits ?? []) {
    if ((rest & bit) === 0n) continue
    rest &= ~bit
    names.push(name)
  }
  return rest === 0n ? names : [...names, `0x${rest.toString(16)}`]
}

/** The name of an enum's value, prefix cut; `undefined` where the kernel has no such value. */
export function valueName(kernel: Kernel, enumeration: string, value: bigint): string | undefined {
  const words = wordsOf(kernel, enumeration)
  const name = words?.type.nameOf(value)
  return words === undefined || name === undefined ? undefined : shortName(words.prefix, name)
}

/** The same, or the number where the kernel has no name for it; "unknown: 3" where the name could not be read. */
export function valueText(kernel: Kernel, enumeration: string, value: bigint): string {
  return valueName(kernel, enumeration, value) ?? unnamed(kernel, value)
}

export function unnamed({ types }: Kernel, value: bigint): string {
  return `${types.isWhole ? '' : unreadName}${value}`
}

/** The value of a name in an enum of the kernel, unsigned. */
export function enumValue(kernel: Kernel, enumeration: string, name: string): bigint | undefined {
  const type = wordsOf(kernel, enumeration)?.type
  const value = type?.valueOf(name)
  return type === undefined || value === undefined ? undefined : BigInt.asUintN(type.size * 8, value)
}

/**
 * What a field inside flags says: `SCX_TASK_STATE` has its place in `SCX_TASK_STATE_SHIFT` and `_BITS`, and its values
 * either shifted already (`names` holds them) or in an enum of their own.
 */
export function fieldOf(
  kernel: Kernel,
  enumeration: string,
  field: string,
  value: bigint,
): { mask: bigint; shifted: bigint; plain: bigint } | undefined {
  const shift = enumValue(kernel, enumeration, `${field}_SHIFT`)
  const bits = enumValue(kernel, enumeration, `${field}_BITS`)
  if (shift === undefined || bits === undefined || shift > 63n || bits > 63n) return undefined
  const mask = ((1n << bits) - 1n) << shift
  return { mask, shifted: value & mask, plain: (value & mask) >> shift }
}

/** What an enum's names are made of. */
interface Words {
  readonly type: EnumType
  /** What all names start with. */
  readonly prefix: string
  /** Values of a single bit with their short names, in the enum's order. */
  readonly bits: readonly (readonly [bigint, string])[]
}

/** Asked for with every task: looked up once for each kernel's types. */
const known = new WeakMap<Btf, Map<string, Words | undefined>>()

function wordsOf({ types }: Kernel, name: string): Words | undefined {
  const words = known.get(types) ?? new Map<string, Words | undefined>()
  known.set(types, words)
  if (!words.has(name)) {
    const type = types.find(name, 'enum')
    words.set(name, type?.kind === 'enum' ? makeWords(type) : undefined)
  }
  return words.get(name)
}

function makeWords(type: EnumType): Words {
  const prefix = commonPrefix(type)
  const bits = type.values.flatMap(({ name, value }): [bigint, string][] => {
    const bit = BigInt.asUintN(type.size * 8, value)
    const isOneBit = bit !== 0n && (bit & (bit - 1n)) === 0n
    return isOneBit && !/_(SHIFT|BITS|MASK)$/.test(name) ? [[bit, shortName(prefix, name)]] : []
  })
  return { type, prefix, bits }
}

/** `SCX_RQ_` of scx_rq_flags, whose names are SCX_RQ_ONLINE and the like. */
function commonPrefix(type: EnumType): string {
  const names = type.values.map((value) => value.name).filter((other) => !other.startsWith('_'))
  const words = (names[0] ?? '').split('_')
  let prefix = ''
  for (const word of words.slice(0, -1)) {
    const longer = `${prefix}${word}_`
    if (!names.every((other) => other.startsWith(longer))) break
    prefix = longer
  }
  return prefix
}

function shortName(prefix: string, name: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name
}
