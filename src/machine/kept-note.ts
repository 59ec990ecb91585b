import { readFileSync, writeFileSync } from 'node:fs'
import { asPhysical, type Physical } from '../brands.js'

/**
 * Where in a guest's memory its kernel was found, kept in the guest's directory: to look for it costs a touch of each page
 * before it. Whoever asks believes it only where the kernel proves itself there again.
 */
export class KeptNote {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Undefined where nothing is kept, or what is there is no address of a page. */
  get at(): Physical | undefined {
    try {
      const text = readFileSync(this.#path, 'latin1')
      return /^0x[0-9a-f]{1,9}000$/.test(text) ? asPhysical(Number(text)) : undefined
    } catch {
      return undefined
    }
  }

  keep(at: Physical): void {
    try {
      if (this.at !== at) writeFileSync(this.#path, `0x${at.toString(16)}`, { mode: 0o600 })
    } catch {
      // The guest has ended, and its directory with it.
    }
  }
}
