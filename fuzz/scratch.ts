import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where inputs that must be files are written. The fuzzer makes it for its workers, and removes it when they have ended. */
export function scratchDirectory(): string {
  const given = process.env.CRYOSCOPE_FUZZ_SCRATCH
  if (given !== undefined) {
    mkdirSync(given, { recursive: true })
    return given
  }
  const made = mkdtempSync(join(tmpdir(), 'cryoscope-fuzz-'))
  process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  return made
}
