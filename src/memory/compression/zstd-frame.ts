/** What is looked at of a zstd frame (RFC 8878) before a decoder gets it: of what is damaged it may take any amount, and never end. */

interface FrameHead {
  readonly window: number
  /** Where the first block begins. */
  readonly blocks: number
  readonly hasChecksum: boolean
}

const magic = 0xfd2fb528
/** What a page was packed with needs no more; the window is allocated as large as a frame claims. */
const windowLimit = 2 ** 23
const checksumLength = 4
const compressedBlock = 2
const rawBlock = 0
const compressedLiterals = 2

/**
 * Whether a decoder can be given this: one frame and nothing behind it, with a window (Window_Size, 3.1.1.1) that a page may need, of
 * whose blocks none has Huffman weights that never end.
 */
export function isSafeFrame(packed: Uint8Array): boolean {
  const byte = (at: number): number => packed[at] ?? 0
  const { window, blocks, hasChecksum } = headOf(packed)
  if (!(window <= windowLimit)) return false
  for (let at = blocks; at + 3 <= packed.length; ) {
    const block = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16)
    const type = (block >> 1) & 3
    if (type === compressedBlock && hasEndlessWeights(byte, at + 3)) return false
    at += 3 + (type === compressedBlock || type === rawBlock ? block >> 3 : 1)
    if ((block & 1) !== 0) return at + (hasChecksum ? checksumLength : 0) >= packed.length
  }
  // The decoder finds out that its end is missing.
  return true
}

function headOf(packed: Uint8Array): FrameHead {
  // Read as if zeros followed: the decoder finds out that they do not.
  const view = new DataView(new ArrayBuffer(24))
  for (let i = 0; i < Math.min(packed.length, 24); i++) view.setUint8(i, packed[i] as number)
  if (view.getUint32(0, true) !== magic) return { window: Number.NaN, blocks: 0, hasChecksum: false }
  const descriptor = view.getUint8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number)
  const size = descriptor >> 6
  const contentLength = size === 0 ? (isSingleSegment ? 1 : 0) : 2 ** size
  // A single segment: the window is the content.
  const window = isSingleSegment ? contentSize(view, at, size) : claimedWindow(view.getUint8(5))
  return { window, blocks: at + contentLength, hasChecksum: (descriptor & 4) !== 0 }
}

function claimedWindow(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function contentSize(view: DataView, at: number, size: number): number {
  switch (size) {
    case 0:
      return view.getUint8(at)
    case 1:
      return view.getUint16(at, true) + 256
    case 2:
      return view.getUint32(at, true)
    default:
      return Number(view.getBigUint64(at, true))
  }
}

/**
 * Whether the Huffman weights of a block are packed with a table of one symbol (4.2.1.2): each then takes no bit, and a decoder that goes
 * on while there are bits does so for ever. No encoder writes that.
 */
function hasEndlessWeights(byte: (at: number) => number, block: number): boolean {
  const literals = byte(block)
  if ((literals & 3) !== compressedLiterals) return false
  const tree = block + ([3, 3, 4, 5][(literals >> 2) & 3] as number)
  // Other trees list their weights as they are.
  return byte(tree) < 128 && isOneSymbol(byte, tree + 1)
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
  const small = states - 2
  for (let symbol = 0; symbol < 256; symbol++) {
    let value = take(accuracy)
    if (value >= small) {
      value |= take(1) << accuracy
      if (value >= states) value -= small
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
