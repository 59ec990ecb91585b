import { type DumpBytes, viewOf } from './dump-bytes.js'

const pieceLength = 2 ** 20

/** Reads big-endian numbers one after the other; what would lie behind the end throws RangeError. */
export class StreamReader {
  /** Offset of what is read next. */
  at: number
  readonly #file: DumpBytes
  #view: DataView = new DataView(new ArrayBuffer(0))
  #from = 0

  constructor(file: DumpBytes, at: number) {
    this.#file = file
    this.at = at
  }

  get isAtEnd(): boolean {
    return this.at >= this.#file.size
  }

  peek(): number {
    const within = this.#within(1)
    return this.#view.getUint8(within)
  }

  u8(): number {
    const byte = this.peek()
    this.at++
    return byte
  }

  u16(): number {
    const within = this.#within(2)
    this.at += 2
    return this.#view.getUint16(within, false)
  }

  u32(): number {
    const within = this.#within(4)
    this.at += 4
    return this.#view.getUint32(within, false)
  }

  text(length: number): string {
    const bytes = this.#file.bytes(this.at, Math.min(length, 4096))
    if (bytes.length < length) throw new RangeError('cut short')
    this.at += length
    return Buffer.from(bytes).toString('latin1')
  }

  skip(length: number): void {
    this.at += length
    if (this.at > this.#file.size) throw new RangeError('cut short')
  }

  /** Where the next bytes lie in the piece at hand. */
  #within(length: number): number {
    const within = this.at - this.#from
    if (within >= 0 && within + length <= this.#view.byteLength) return within
    const bytes = this.#file.bytes(this.at, pieceLength)
    if (bytes.length < length) throw new RangeError('cut short')
    this.#view = viewOf(bytes)
    this.#from = this.at
    return 0
  }
}
