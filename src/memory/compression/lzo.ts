/**
 * Unpacks LZO1X (Documentation/staging/lzo.rst of the kernel). `into` takes exactly what was packed.
 * False when the data is damaged or does not fill `into`: then its bytes mean nothing.
 */
export function unpackLzo(packed: Uint8Array, into: Uint8Array): boolean {
  const inputEnd = packed.length
  const outputEnd = into.length
  let input = 0
  let output = 0
  /** Literals that the last instruction copied: 0 to 3, or 4 for a long run. It decides what a small one means. */
  let state = 0

  const first = packed[0] ?? 0
  if (first > 17) {
    const count = first - 17
    if (1 + count > inputEnd || count > outputEnd) return false
    into.set(packed.subarray(1, 1 + count))
    input = 1 + count
    output = count
    state = Math.min(count, 4)
  }

  while (input < inputEnd) {
    const code = packed[input++] as number
    let length: number
    let distance: number
    let literals: number
    if (code >= 64) {
      if (input >= inputEnd) return false
      length = (code >> 5) + 1
      distance = 1 + ((code >> 2) & 7) + ((packed[input++] as number) << 3)
      literals = code & 3
    } else if (code >= 16) {
      const mask = code >= 32 ? 31 : 7
      length = code & mask
      if (length === 0) {
        while (packed[input] === 0) {
          length += 255
          input++
        }
        if (input >= inputEnd) return false
        length += mask + (packed[input++] as number)
      }
      length += 2
      if (input + 2 > inputEnd) return false
      const word = (packed[input] as number) | ((packed[input + 1] as number) << 8)
      input += 2
      literals = word & 3
      if (code >= 32) {
        distance = 1 + (word >> 2)
      } else {
        distance = 16_384 + ((code & 8) << 11) + (word >> 2)
        if (distance === 16_384) return input === inputEnd && output === outputEnd
      }
    } else if (state === 0) {
      let count = code
      if (count === 0) {
        while (packed[input] === 0) {
          count += 255
          input++
        }
        if (input >= inputEnd) return false
        count += 15 + (packed[input++] as number)
      }
      count += 3
      if (input + count > inputEnd || output + count > outputEnd) return false
      into.set(packed.subarray(input, input + count), output)
      input += count
      output += count
      state = 4
      continue
    } else {
      if (input >= inputEnd) return false
      length = state === 4 ? 3 : 2
      distance = (state === 4 ? 2049 : 1) + (code >> 2) + ((packed[input++] as number) << 2)
      literals = code & 3
    }
    if (distance > output || output + length + literals > outputEnd || input + literals > inputEnd)
      return false
    // Source and target may overlap: a run repeats what it has just written.
    for (let from = output - distance, end = output + length; output < end; ) {
      into[output++] = into[from++] as number
    }
    for (let i = 0; i < literals; i++) into[output++] = packed[input++] as number
    state = literals
  }
  return false
}
