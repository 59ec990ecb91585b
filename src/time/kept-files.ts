import { readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes a file that is there whole or not at all. */
export function writeKept(path: string, content: Uint8Array): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Files or directories in `directory` that are too much when those used last take up to so many bytes of disk. */
export function beyondLimit(
  directory: string,
  mostBytes: number,
  isCounted: (name: string) => boolean = () => true,
): string[] {
  const kept = readdirSync(directory)
    .filter(isCounted)
    .map((name) => join(directory, name))
    .map((path) => ({
      path,
      used: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
      bytes: bytesOf(path),
    }))
    .sort((a, b) => b.used - a.used)
  let sum = 0
  return kept.flatMap(({ path, bytes }) => {
    sum += bytes
    return sum > mostBytes ? [path] : []
  })
}

/** What a file, or all in a directory, takes on disk. */
function bytesOf(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false })
  const own = (status?.blocks ?? 0) * 512
  if (status?.isDirectory() !== true) return own
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), own)
}
