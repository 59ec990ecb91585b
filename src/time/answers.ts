import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { beyondLimit, writeKept } from './kept-files.js'

/** What all answers about one run may take on disk; those used longest ago go first. */
const keptBytes = 256 * 2 ** 20
/** One that is longer is not kept. */
const longest = 64 * 2 ** 20

/** Answers about a run, kept beside it: a run of one identity is the same each time, so what was asked once stays true. */
export class Answers {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** What was answered to a question, by everything that it depends on. */
  get(question: Readonly<Record<string, unknown>>): Buffer | undefined {
    const path = this.#path(question)
    try {
      const bytes = readFileSync(path)
      const now = new Date()
      utimesSync(path, now, now)
      return bytes
    } catch {
      return undefined
    }
  }

  put(question: Readonly<Record<string, unknown>>, answer: Uint8Array): void {
    if (answer.length > longest) return
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const path = this.#path(question)
    writeKept(path, answer)
    for (const old of beyondLimit(this.#directory, keptBytes)) rmSync(old, { force: true })
  }

  #path(question: Readonly<Record<string, unknown>>): string {
    const plain = (_: string, value: unknown) =>
      typeof value === 'bigint' ? `0x${value.toString(16)}` : value
    const hash = createHash('sha256').update(JSON.stringify(question, plain))
    return join(this.#directory, hash.digest('hex').slice(0, 32))
  }
}
