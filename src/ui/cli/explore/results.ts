import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../../../errors.js'
import type { Explored } from '../../../history/explore.js'
import { escapeText } from '../../../text.js'

/** What a file of a directory of results says: what became of a seed, and of which question. */
export interface KeptResult extends Explored {
  /** Hash of all that the result depends on besides the seed. */
  readonly asked: string
}

/** The name of a question: check, guest and how long and how often it was looked at. */
export function questionName(parts: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

/**
 * Results as files named by their seeds, so that a search can be broken off and resumed, spread over machines that share a
 * directory, and merged by copying.
 */
export class Results {
  readonly directory: string
  readonly #asked: string

  constructor(directory: string, asked: string) {
    this.directory = directory
    this.#asked = asked
  }

  /** Where the recording of a run that broke is. */
  recording(seed: number): string {
    return join(this.directory, `seed-${seed}.cryo`)
  }

  /** Undefined when that seed was not explored. Throws 'usage' when it was for another question. */
  read(seed: number): Explored | undefined {
    let kept: KeptResult
    try {
      kept = JSON.parse(readFileSync(this.#file(seed), 'utf8')) as KeptResult
    } catch {
      return undefined
    }
    if (kept?.seed !== seed || typeof kept.isBroken !== 'boolean') return undefined
    if (kept.asked !== this.#asked) {
      throw new CryoscopeError(
        'usage',
        `${escapeText(this.directory)} has results of another check, guest or time; give another --out, or remove them`,
      )
    }
    const { asked, ...result } = kept
    // It may have been copied here.
    return { ...result, recording: result.recording === null ? null : this.recording(seed) }
  }

  write(result: Explored): void {
    const kept: KeptResult = { ...result, asked: this.#asked }
    writeFileSync(this.#file(result.seed), `${JSON.stringify(kept)}\n`)
  }

  #file(seed: number): string {
    return join(this.directory, `seed-${seed}.json`)
  }
}
