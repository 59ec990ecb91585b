import fc from 'fast-check'
import type { Kernel } from '../../src/kernel/kernel.js'
import type { KernelGuest } from './kernel-guest.js'

/** Where `guest.alloc` begins. */
export const heapStart = 0xffffc90000000000n

/** Word number, counted from the start of the heap, and what it becomes. */
export type Change = readonly [index: number, word: bigint]

/** A guest whose heap is ruined again and again, each time from the same whole state. */
export interface Ruins {
  readonly kernel: Kernel
  /** Words of the heap. */
  readonly words: number
  /** What breaks things: zero, ones, huge counts, addresses of this guest, wild addresses. */
  readonly nastyWord: fc.Arbitrary<bigint>
  /** Some words anywhere. */
  readonly damage: fc.Arbitrary<Change[]>
  /** Words of one structure. */
  near(address: bigint): fc.Arbitrary<Change[]>
  ruin(changes: readonly Change[]): void
}

/** Call it when the guest is built; with its kernel, when that was looked for already. */
export function ruinsOf(guest: KernelGuest, found?: Kernel): Ruins {
  const heapEnd = guest.alloc(8)
  const kernel = found ?? guest.kernel()
  const whole = guest.memory.bytes.slice()
  const words = Number(heapEnd - heapStart) / 8
  const nastyWord = fc.oneof(
    fc.constantFrom(0n, 1n, 2n ** 64n - 1n, 0x7fffffffn, 0xffffffffn, 2n ** 31n, 0xffff_dead_0000_0000n),
    fc.bigInt({ min: heapStart, max: heapEnd }),
    fc.bigInt({ min: heapStart, max: heapEnd }).map((address) => address & ~7n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  )
  const within = (first: number, last: number, limits: fc.ArrayConstraints): fc.Arbitrary<Change[]> =>
    fc.array(fc.tuple(fc.integer({ min: first, max: last }), nastyWord), limits)
  return {
    kernel,
    words,
    nastyWord,
    damage: within(0, words - 1, { minLength: 1, maxLength: 40 }),
    near(address) {
      const own = Number(address - heapStart) / 8
      return within(own, Math.min(words - 1, own + 40), { maxLength: 6 })
    },
    ruin(changes) {
      guest.memory.bytes.set(whole)
      for (const [index, word] of changes) {
        try {
          guest.u64(heapStart + BigInt(index * 8), word)
        } catch {
          // A gap between what was allocated.
        }
      }
      kernel.invalidate()
    },
  }
}
