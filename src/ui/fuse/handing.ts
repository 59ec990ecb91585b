/** Whole pages, as the kernel keeps them; as much as it asks for at once. */
const partSize = 2 ** 20

/** Hands a content on in large parts while it is made. */
export class Handing {
  readonly #take: (bytes: Uint8Array, offset: number) => boolean
  readonly #part = Buffer.alloc(partSize)
  #filled = 0
  #handed = 0
  #isTaken = true

  constructor(take: (bytes: Uint8Array, offset: number) => boolean) {
    this.#take = take
  }

  add(piece: string | Uint8Array): void {
    if (!this.#isTaken) return
    const bytes = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + partSize - this.#filled)
      this.#part.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === partSize) this.#hand()
    }
  }

  /** How many bytes were taken; undefined when not all were, or there were none. */
  end(): number | undefined {
    if (this.#filled > 0) this.#hand()
    return this.#isTaken && this.#handed > 0 ? this.#handed : undefined
  }

  #hand(): void {
    this.#isTaken &&= this.#take(this.#part.subarray(0, this.#filled), this.#handed)
    this.#handed += this.#filled
    this.#filled = 0
  }
}
