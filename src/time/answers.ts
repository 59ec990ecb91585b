import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

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
    writeFileSync(`${path}.new`, answer, { mode: 0o600 })
    renameSync(`${path}.new`, path)
    this.#thin()
  }

  #path(question: Readonly<Record<string, unknown>>): string {
    const plain = (_: string, value: unknown) =>
      typeof value === 'bigint' ? `0x${value.toString(16)}` : value
    const hash = createHash('sha256').update(JSON.stringify(question, plain))
    return join(this.#directory, hash.digest('hex').slice(0, 32))
  }

  #thin(): void {
    const kept = readdirSync(this.#directory)
      .map((name) => join(this.#directory, name))
      .map((path) => ({ path, status: statSync(path, { throwIfNoEntry: false }) }))
      .sort((a, b) => (b.status?.mtimeMs ?? 0) - (a.status?.mtimeMs ?? 0))
    let sum = 0
    for (const { path, status } of kept) {
      sum += status?.size ?? 0
      if (sum > keptBytes) rmSync(path, { force: true })
    }
  }
}
