/** What is looked at of a zstd frame (RFC 8878) before a decoder gets it: of what is damaged it may take any amount, and never end. */

interface FrameHead {
  readonly window: number
  /** Where the first block begins. */
  readonly blocks: number
}

const magic = 0xfd2fb528
const compressedBlock = 2
const rawBlock = 0
const compressedLiterals = 2

/** Window_Size of a frame (3.1.1.1), NaN when it is none. */
export function windowOf(packed: Uint8Array): number {
  return headOf(packed).window
}

function headOf(packed: Uint8Array): FrameHead {
  // Read as if zeros followed: the decoder finds out that they do not.
  const view = new DataView(new ArrayBuffer(24))
  for (let i = 0; i < Math.min(packed.length, 24); i++) view.setUint8(i, packed[i] as number)
  if (view.getUint32(0, true) !== magic) return { window: Number.NaN, blocks: 0 }
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number)
  const size = descriptor >> 6
  const blocks = at + (size === 0 ? (isSingleSegment ? 1 : 0) : 2 ** size)
  if (!isSingleSegment) {
    const base = 2 ** (10 + (view.getUint8(5) >> 3))
    return { window: base + (base / 8) * (view.getUint8(5) & 7), blocks }
  }
  // A single segment: the window is the content.
  switch (size) {
    case 0:
      return { window: view.getUint8(at), blocks }
    case 1:
      return { window: view.getUint16(at, true) + 256, blocks }
    case 2:
      return { window: view.getUint32(at, true), blocks }
    default:
      return { window: Number(view.getBigUint64(at, true)), blocks }
  }
}

/**
 * Whether a block's Huffman weights are packed with a table of one symbol (4.2.1.2): each then takes no bit, and a decoder that goes on
 * while there are bits does so for ever. No encoder writes that.
 */
export function hasEndlessWeights(packed: Uint8Array): boolean {
  const byte = (at: number): number => packed[at] ?? 0
  for (let at = headOf(packed).blocks; at + 3 <= packed.length; ) {
    const block = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16)
    const type = (block >> 1) & 3
    const literals = byte(at + 3)
    if (type === compressedBlock && (literals & 3) === compressedLiterals) {
      const tree = at + 3 + ([3, 3, 4, 5][(literals >> 2) & 3] as number)
      // Other trees list their weights as they are.
      if (byte(tree) < 128 && isOneSymbol(byte, tree + 1)) return true
    }
    if ((block & 1) !== 0) return false
    at += 3 + (type === compressedBlock || type === rawBlock ? block >> 3 : 1)
  }
  return false
}

/** Whether an FSE table (4.1.1) gives all its states to one symbol. */
function isOneSymbol(byte: (at: number) => number, start: number): boolean {
  const accuracy = (byte(start) & 15) + 5
  const states = 2 ** accuracy
  let bit = start * 8 + 4
  const take = (count: number): number => {
    const at = bit >> 3
    const word = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16)
    bit += count
    return (word >> ((bit - count) & 7)) & (2 ** count - 1)
  }
  // Symbols of no state may come first. While none is given away, a number has as many bits.
  for (let symbol = 0; symbol < 256; symbol++) {
    const most = 2 ** (accuracy + 1) - 1
    const small = most - states - 1
    let value = take(accuracy)
    if (value >= small) {
      value |= take(1) << accuracy
      if (value >= 2 ** accuracy) value -= small
    }
    if (value - 1 === states) return true
    if (value !== 1) return false
    for (let repeat = 3; repeat === 3; ) {
      repeat = take(2)
      symbol += repeat
      if (symbol > 255) return false
    }
  }
  return false
}
