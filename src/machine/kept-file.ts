import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'

/**
 * Files of the cache: what was fetched or computed, and can be again. Beside each stands the hash of what it was when it
 * was first used, so that a disk that filled up or a stray write costs the making and does not fail for good.
 */

/** Whether a file of the cache is there and is what it was. One that was never used before is taken as it is. */
export function isIntact(path: string): boolean {
  let found: string
  try {
    if (!statSync(path).isFile()) return false
    found = hashOf(path)
  } catch {
    return false
  }
  const known = knownHash(path)
  if (known === undefined) note(path, found)
  return known === undefined || known === found
}

/** Puts a file into the cache, whole or not at all. */
export function keepFile(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}`
  rmSync(hashPath(path), { force: true })
  writeFileSync(temporary, bytes)
  renameSync(temporary, path)
  note(path, createHash('sha256').update(bytes).digest('hex'))
}

/** Takes a damaged file out of the cache, so that it is made anew. */
export function dropFile(path: string): void {
  rmSync(path, { force: true })
  rmSync(hashPath(path), { force: true })
}

const hashPath = (path: string): string => `${path}.sha256`

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/** Undefined for one that is not there or is none. */
function knownHash(path: string): string | undefined {
  try {
    return /^[0-9a-f]{64}$/.exec(readFileSync(hashPath(path), 'utf8').trim())?.[0]
  } catch {
    return undefined
  }
}

function note(path: string, hash: string): void {
  const temporary = `${hashPath(path)}.${process.pid}`
  try {
    writeFileSync(temporary, `${hash}\n`, { mode: 0o600 })
    renameSync(temporary, hashPath(path))
  } catch {
    // A cache that others own can be used, and is not checked.
    rmSync(temporary, { force: true })
  }
}
