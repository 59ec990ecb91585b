import { damageFile } from '../damage.js'
import { applied } from '../input.js'
import type { Kind } from '../kind.js'

/** Faults that are there on purpose, by which the tests see that the fuzzer finds, ends and shrinks them. */
export const plantedKinds: readonly Kind[] = [
  planted('planted-error', (bytes) => {
    if (bytes[40] === 0xff) new Uint8Array(-1)
  }),
  planted('planted-hang', (bytes) => {
    while (bytes[40] === 0xff) {
      // For ever.
    }
  }),
  planted('planted-heap', (bytes) => {
    const kept: unknown[] = []
    while (bytes[40] === 0xff) kept.push(new Array(100_000).fill(kept.length))
  }),
]

function planted(name: string, look: (bytes: Uint8Array) => void): Kind {
  return {
    name,
    room: 'fuzz',
    prepare() {
      const base = { name: 'zeros', bytes: new Uint8Array(64), structure: [] }
      return {
        bases: [base.name],
        damage: (random) => damageFile(random, [base]),
        read: (input) => look(applied(base.bytes, input)),
      }
    },
  }
}
