/**
 * include/linux/jhash.h once more, with unlimited integers and step by step as Bob Jenkins' lookup3.c explains it: a
 * second opinion for the fast one.
 */
export function referenceJhash(key: Uint8Array, seed: number): number {
  const word = (value: bigint): bigint => BigInt.asUintN(32, value)
  const rotate = (value: bigint, by: bigint): bigint => word(value << by) | (value >> (32n - by))
  const start = word(0xdeadbeefn + BigInt(key.length) + BigInt(seed >>> 0))
  const state = [start, start, start] as [bigint, bigint, bigint]
  const [A, B, C] = [0, 1, 2] as const

  // Blocks of three little-endian words; the last one, also when it is whole, is mixed in another way.
  const blocks = Math.max(1, Math.ceil(key.length / 12))
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 12; i++) {
      const byte = BigInt(key[block * 12 + i] ?? 0)
      const which = Math.floor(i / 4) as 0 | 1 | 2
      state[which] = word(state[which] + (byte << BigInt((i % 4) * 8)))
    }
    if (block < blocks - 1) {
      for (const [x, y, z, by] of [
        [A, C, B, 4n],
        [B, A, C, 6n],
        [C, B, A, 8n],
        [A, C, B, 16n],
        [B, A, C, 19n],
        [C, B, A, 4n],
      ] as const) {
        state[x] = word(state[x] - state[y]) ^ rotate(state[y], by)
        state[y] = word(state[y] + state[z])
      }
    } else if (key.length > 0) {
      for (const [x, y, by] of [
        [C, B, 14n],
        [A, C, 11n],
        [B, A, 25n],
        [C, B, 16n],
        [A, C, 4n],
        [B, A, 14n],
        [C, B, 24n],
      ] as const) {
        state[x] = word((state[x] ^ state[y]) - rotate(state[y], by))
      }
    }
  }
  return Number(state[C])
}
