import { asFileOffset, type FileOffset, type Position } from '../brands.js'
import { type Extent, type FileMapping, fileOffset, windowSize } from './mapping.js'
import type { MemoryWindow } from './types.js'

/**
 * Several mapped files as one: each begins at a window of its own, so that an offset in all of them is as good as an offset in
 * one file.
 */
export class JoinedMapping {
  readonly size: number
  /** Where each file begins in the whole, in the order in which they were given. */
  readonly starts: readonly number[]
  readonly #files: readonly FileMapping[]
  readonly #windows: MemoryWindow[]

  constructor(files: readonly FileMapping[]) {
    this.#files = files
    const starts: number[] = []
    let windows = 0
    for (const file of files) {
      starts.push(windows * windowSize)
      windows += Math.ceil(file.size / windowSize)
    }
    this.starts = starts
    this.#windows = new Array(windows)
    this.size = (starts.at(-1) ?? 0) + (files.at(-1)?.size ?? 0)
  }

  /** An offset in a file and a length from there as those of the whole; what lies behind the file's end is left out. */
  within(file: number, offset: FileOffset, length: number): Extent {
    const size = this.#files[file]?.size ?? 0
    return {
      offset: asFileOffset((this.starts[file] ?? 0) + offset),
      length: Math.min(length, Math.max(0, size - offset)),
    }
  }

  get windows(): readonly MemoryWindow[] {
    return this.#windows
  }

  window(number: number): MemoryWindow | undefined {
    const file = this.starts.findLastIndex((start) => start / windowSize <= number)
    const window = this.#files[file]?.window(number - (this.starts[file] as number) / windowSize)
    if (window !== undefined) this.#windows[number] = window
    return window
  }

  get lost(): string | undefined {
    return this.#files.map(({ lost }) => lost).find((text) => text !== undefined)
  }

  set onLost(react: (() => void) | undefined) {
    for (const file of this.#files) file.onLost = react
  }

  extents(): Extent[] {
    return this.#files.flatMap((file, i) => {
      const start = this.starts[i] as number
      return file.extents().map(({ offset, length }) => ({ offset: asFileOffset(start + offset), length }))
    })
  }

  /** Which file a position that `locate` gave lies in, and where in it. */
  place(position: Position): { readonly file: number; readonly offset: FileOffset } {
    const offset = fileOffset(position)
    const file = this.starts.findLastIndex((start) => start <= offset)
    return { file, offset: asFileOffset(offset - (this.starts[file] as number)) }
  }

  close(): void {
    for (const file of this.#files) file.close()
  }
}
