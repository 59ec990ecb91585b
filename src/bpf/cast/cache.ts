import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type CastReport, reportFormat } from './report.js'

const mostInMemory = 64

/**
 * Results by the content of the file that they are about: in memory, and in a directory, one file each. A cache
 * that cannot be read or written is no error: the analysis runs again.
 */
export class CastCache {
  readonly #directory: string | undefined
  readonly #reports = new Map<string, CastReport>()

  /** `directory` null keeps results in memory only. */
  constructor(directory: string | null = cacheDirectory()) {
    this.#directory = directory ?? undefined
  }

  get(sha256: string): CastReport | undefined {
    const known = this.#reports.get(sha256)
    if (known !== undefined) return known
    const stored =
      this.#directory === undefined ? undefined : read(this.#pathOf(this.#directory, sha256), sha256)
    if (stored !== undefined) this.#remember(stored)
    return stored
  }

  put(report: CastReport): void {
    this.#remember(report)
    if (this.#directory === undefined) return
    const text = JSON.stringify(report)
    const path = this.#pathOf(this.#directory, report.sha256)
    const temporary = `${path}.${randomUUID()}`
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      writeFileSync(temporary, `${digest(text)}\n${text}\n`, { mode: 0o600, flag: 'wx' })
      renameSync(temporary, path)
    } catch {
      try {
        unlinkSync(temporary)
      } catch {
        // It was never made.
      }
    }
  }

  #pathOf(directory: string, sha256: string): string {
    return join(directory, `v${reportFormat}-${sha256}.json`)
  }

  #remember(report: CastReport): void {
    this.#reports.delete(report.sha256)
    this.#reports.set(report.sha256, report)
    for (const oldest of this.#reports.keys()) {
      if (this.#reports.size <= mostInMemory) break
      this.#reports.delete(oldest)
    }
  }
}

/** $XDG_CACHE_HOME/cryoscope/casts, or the same under ~/.cache. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const wanted = environment.XDG_CACHE_HOME
  const base = wanted?.startsWith('/') ? wanted : join(homedir(), '.cache')
  return join(base, 'cryoscope', 'casts')
}

/** A file holds the digest of its second line, and that line. */
function read(path: string, sha256: string): CastReport | undefined {
  try {
    const content = readFileSync(path, 'utf8')
    const end = content.indexOf('\n')
    const text = content.slice(end + 1, -1)
    if (content.slice(0, end) !== digest(text)) return undefined
    // What we have written ourselves, unchanged, is a report.
    const report = JSON.parse(text) as CastReport
    return report.format === reportFormat && report.sha256 === sha256 ? report : undefined
  } catch {
    return undefined
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
