/** Bits of a chunk whose ones are counted together. */
const chunkBits = 4096
const chunkBytes = chunkBits / 8

/**
 * Which bits of a bitmap are set, and how many before each: the place of a page in a table that has pages of set bits
 * only. Counts are made chunk by chunk as far as they are asked for. Bit 0 is the lowest bit of the first byte.
 */
export class BitmapRank {
  readonly length: number
  readonly #chunk: (offset: number, length: number) => Uint8Array
  readonly #bytes: number
  /** Ones before each chunk, as far as known. */
  readonly #before: number[] = [0]
  #cached = -1
  #cachedBytes: Uint8Array = new Uint8Array()
  /** Ones before each 32 bits of the cached chunk. */
  readonly #cachedCounts = new Uint32Array(chunkBits / 32 + 1)

  /** `chunk` gives bytes of the bitmap; `bytes` is its size. */
  constructor(bytes: number, chunk: (offset: number, length: number) => Uint8Array) {
    this.#bytes = bytes
    this.#chunk = chunk
    this.length = bytes * 8
  }

  /** How many ones come before this bit, if it is set; else -1. */
  rank(bit: number): number {
    if (!(bit >= 0 && bit < this.length)) return -1
    const chunk = Math.floor(bit / chunkBits)
    if (chunk !== this.#cached) this.#load(chunk)
    const within = bit % chunkBits
    const byte = this.#cachedBytes[within >> 3] ?? 0
    if ((byte & (1 << (within & 7))) === 0) return -1
    return this.countBefore(bit)
  }

  /** How many ones come before this bit. */
  countBefore(bit: number): number {
    const clipped = Math.min(bit, this.length)
    const chunk = Math.floor(clipped / chunkBits)
    if (chunk !== this.#cached) this.#load(chunk)
    const within = clipped % chunkBits
    const word = within >> 5
    let count = this.#beforeChunk(chunk) + (this.#cachedCounts[word] as number)
    for (let i = word * 4; i < within >> 3; i++) count += ones(this.#cachedBytes[i] ?? 0)
    return count + ones((this.#cachedBytes[within >> 3] ?? 0) & ((1 << (within & 7)) - 1))
  }

  /** Runs of ones, in order: first bit and length. */
  *runs(): Generator<{ readonly start: number; readonly length: number }> {
    let start = -1
    for (let chunk = 0; chunk * chunkBits < this.length; chunk++) {
      const bytes = this.#chunk(chunk * chunkBytes, Math.min(chunkBytes, this.#bytes - chunk * chunkBytes))
      const base = chunk * chunkBits
      for (let i = 0; i < bytes.length; i++) {
        const byte = bytes[i] as number
        if (byte === (start < 0 ? 0 : 0xff)) continue
        for (let bit = 0; bit < 8; bit++) {
          const at = base + i * 8 + bit
          if ((byte & (1 << bit)) !== 0) {
            if (start < 0) start = at
          } else if (start >= 0) {
            yield { start, length: at - start }
            start = -1
          }
        }
      }
      if (start >= 0 && bytes.length < chunkBytes) {
        yield { start, length: base + bytes.length * 8 - start }
        start = -1
        if (chunk * chunkBytes + bytes.length < this.#bytes) return
      }
    }
    if (start >= 0) yield { start, length: this.length - start }
  }

  #load(chunk: number): void {
    const at = chunk * chunkBytes
    this.#cachedBytes = this.#chunk(at, Math.max(0, Math.min(chunkBytes, this.#bytes - at)))
    this.#cached = chunk
    let count = 0
    for (let word = 0; word <= chunkBits / 32; word++) {
      this.#cachedCounts[word] = count
      for (let i = word * 4; i < word * 4 + 4; i++) count += ones(this.#cachedBytes[i] ?? 0)
    }
  }

  #beforeChunk(chunk: number): number {
    for (let known = this.#before.length; known <= chunk; known++) {
      const at = (known - 1) * chunkBytes
      let count = this.#before[known - 1] as number
      for (const byte of this.#chunk(at, Math.min(chunkBytes, this.#bytes - at))) count += ones(byte)
      this.#before.push(count)
    }
    return this.#before[chunk] as number
  }
}

const onesOfByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest !== 0; rest >>= 1) count += rest & 1
  return count
})

function ones(byte: number): number {
  return onesOfByte[byte] as number
}
