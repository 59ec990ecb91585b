import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'

/** Characters that are put together before they are stored. */
const blockLength = 256 * 1024
/** Bytes that stay in memory; what comes after goes to a file. */
const memoryLimit = 64 * 2 ** 20

/** Lines that belong together: the entries of a map. */
export interface Span {
  readonly first: number
  readonly end: number
  readonly count: number
}

/** Files of stores that nobody holds any more. */
const forgotten = new FinalizationRegistry<number>((file) => closeSync(file))

type Block = Uint8Array | { readonly position: number; readonly length: number }

/**
 * Keeps the JSON lines of a report, as many as come: millions of map entries do not stay in memory, but in a file that has no
 * name and so ends with the process, whatever ends it.
 */
export class EntryStore {
  readonly #blocks: Block[] = []
  readonly #memoryLimit: number
  #held = 0
  #file: number | undefined
  #fileLength = 0
  #text = ''
  #count = 0

  constructor(limit = memoryLimit) {
    this.#memoryLimit = limit
  }

  /** Stores lines without line ends, and returns where they are. Throws 'environment' when there is no room for them. */
  add(lines: Iterable<string>): Span {
    const first = this.#blocks.length
    this.#count = 0
    try {
      for (const line of lines) {
        this.#text += `${line}\n`
        this.#count++
        if (this.#text.length >= blockLength) this.#flush()
      }
    } finally {
      this.#flush()
    }
    return { first, end: this.#blocks.length, count: this.#count }
  }

  *lines({ first, end }: Span): Generator<string> {
    for (let i = first; i < end; i++) {
      const lines = this.#read(this.#blocks[i] as Block).split('\n')
      lines.pop()
      yield* lines
    }
  }

  /** Gives memory and file back; lines cannot be read any more. */
  close(): void {
    this.#blocks.length = 0
    if (this.#file === undefined) return
    forgotten.unregister(this)
    closeSync(this.#file)
    this.#file = undefined
  }

  #flush(): void {
    if (this.#text === '') return
    const bytes = Buffer.from(this.#text)
    this.#text = ''
    if (this.#held + bytes.length <= this.#memoryLimit) {
      this.#held += bytes.length
      this.#blocks.push(bytes)
      return
    }
    if (this.#file === undefined) {
      this.#file = openUnnamed()
      forgotten.register(this, this.#file, this)
    }
    try {
      let written = 0
      while (written < bytes.length)
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#fileLength + written)
    } catch (cause) {
      throw new CryoscopeError(
        'environment',
        `the entries of the report find no room in ${tmpdir()}; set TMPDIR to a place with more`,
        { cause },
      )
    }
    this.#blocks.push({ position: this.#fileLength, length: bytes.length })
    this.#fileLength += bytes.length
  }

  #read(block: Block): string {
    if (block instanceof Uint8Array)
      return Buffer.from(block.buffer, block.byteOffset, block.length).toString()
    const bytes = Buffer.alloc(block.length)
    let got = 0
    while (got < block.length) {
      const count = readSync(this.#file ?? -1, bytes, got, block.length - got, block.position + got)
      if (count === 0) throw new CryoscopeError('environment', 'the file of the report has become shorter')
      got += count
    }
    return bytes.toString()
  }
}

/** A file that is removed as soon as it is open. */
function openUnnamed(): number {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-report-'))
  try {
    return openSync(join(directory, 'entries'), 'w+', 0o600)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
