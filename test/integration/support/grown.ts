import { expect } from 'vitest'

/** Counters read later are not smaller, and not larger than what can have happened meanwhile. */
export function grown(ours: readonly bigint[], theirs: readonly (bigint | undefined)[], room: bigint): void {
  expect(ours.length).toBe(theirs.length)
  for (const [i, value] of ours.entries()) {
    const then = theirs[i] ?? raise(`no number ${i}`)
    expect({ i, value, then, ok: value >= then && value <= then + room }).toEqual({
      i,
      value,
      then,
      ok: true,
    })
  }
}

export function raise(why: string): never {
  throw new Error(why)
}
