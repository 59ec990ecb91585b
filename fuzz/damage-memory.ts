import type { Patch } from './input.js'
import type { Random } from './random.js'

/** What memory can be damaged at, and by what. */
export interface Grounds {
  /** Physical addresses of words that mean something, 8 bytes each. */
  readonly words: Float64Array
  /** Words that look like kernel addresses. */
  readonly pointers: readonly bigint[]
  /** The kernel's address of a physical one; 0 where it has none. */
  virtualOf(physical: number): bigint
  wordAt(physical: number): bigint
}

/** Words of one structure or of several: pointers to themselves, into circles, to nothing; counts, shifts and sizes. */
export function damageMemory(random: Random, grounds: Grounds): Patch[] {
  const patches: Patch[] = []
  const { words } = grounds
  let place = random.below(words.length)
  for (let count = random.few(8); count > 0; count--) {
    // Half of what follows is near to what came before.
    place = random.once(2) ? Math.min(words.length - 1, place + random.below(6)) : random.below(words.length)
    patches.push(damageWord(random, words[place] as number, grounds))
  }
  return patches
}

function damageWord(random: Random, at: number, grounds: Grounds): Patch {
  const before = grounds.wordAt(at)
  const isPointer = before > 0xffff_8000_0000_0000n
  // Pointers are whole words; other members may be any part of one.
  const size = isPointer || random.once(3) ? 8 : random.pick([1, 2, 4, 4])
  const within = isPointer ? 0 : random.below(8 / size) * size
  const value =
    isPointer && !random.once(4) ? nastyPointer(random, at, before, grounds) : nastyNumber(random, before)
  const bytes = new Uint8Array(size)
  const shifted = BigInt.asUintN(64, value)
  for (let i = 0; i < size; i++) bytes[i] = Number((shifted >> BigInt(i * 8)) & 0xffn)
  return { at: at + within, bytes }
}

function nastyPointer(random: Random, at: number, before: bigint, grounds: Grounds): bigint {
  const own = grounds.virtualOf(at)
  const other = grounds.pointers.length === 0 ? before : random.pick(grounds.pointers)
  switch (random.below(9)) {
    case 0:
      return 0n
    case 1:
      return own
    case 2:
      return own - BigInt(random.below(16) * 8)
    case 3:
      return other
    case 4:
      return other + BigInt((random.below(64) - 32) * 4)
    case 5:
      return before ^ (1n << BigInt(random.below(64)))
    case 6:
      return before + BigInt(random.below(3) + 1)
    case 7:
      return random.pick([0xdead_0000_0000_0100n, 0xffff_dead_0000_0000n, 0x7fff_ffff_f000n, 0x1000n])
    default:
      return 0xffff_ffff_ffff_f000n + BigInt(random.below(4096))
  }
}

function nastyNumber(random: Random, before: bigint): bigint {
  switch (random.below(8)) {
    case 0:
      return 0n
    case 1:
      return -1n
    case 2:
      return (1n << BigInt(random.below(64))) - BigInt(random.below(2))
    case 3:
      return before + BigInt(random.below(9) - 4)
    case 4:
      return before ^ (1n << BigInt(random.below(64)))
    case 5:
      return BigInt(random.below(300))
    case 6:
      return (BigInt(random.below(300)) << 32n) | BigInt(random.below(300))
    default:
      return (BigInt(random.word()) << 32n) | BigInt(random.word())
  }
}
