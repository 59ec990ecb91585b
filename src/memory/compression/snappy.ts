/**
 * Unpacks Snappy's raw format (google/snappy format_description.txt). `into` takes exactly what was packed.
 * False when the data is damaged or does not fill `into`: then its bytes mean nothing.
 */
export function unpackSnappy(packed: Uint8Array, into: Uint8Array): boolean {
  const inputEnd = packed.length
  const outputEnd = into.length
  let input = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    if (input >= inputEnd || shift > 28) return false
    const byte = packed[input++] as number
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length !== outputEnd) return false

  let output = 0
  while (input < inputEnd) {
    const tag = packed[input++] as number
    const kind = tag & 3
    let count = (tag >> 2) + 1
    // Bytes of the number behind the tag: a long literal's length, or a distance.
    const extra = kind === 0 ? Math.max(0, count - 60) : kind === 3 ? 4 : kind
    if (input + extra > inputEnd) return false
    let number = 0
    for (let i = 0; i < extra; i++) number += (packed[input++] as number) * 2 ** (8 * i)
    if (kind === 0) {
      if (extra > 0) count = number + 1
      if (input + count > inputEnd || output + count > outputEnd) return false
      into.set(packed.subarray(input, input + count), output)
      input += count
      output += count
      continue
    }
    let distance = number
    if (kind === 1) {
      count = ((tag >> 2) & 7) + 4
      distance += (tag >> 5) << 8
    }
    if (distance === 0 || distance > output || output + count > outputEnd) return false
    // Source and target may overlap: a run repeats what it has just written.
    for (let from = output - distance, end = output + count; output < end; ) {
      into[output++] = into[from++] as number
    }
  }
  return output === outputEnd
}
