import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { CryoscopeError } from '../errors.js'
import { packageRoot } from '../package-root.js'
import { escapeText } from '../text.js'

export interface FetchOptions {
  readonly onProgress?: ((sentence: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Whether the fetching scripts have what they work with. */
export function hasApt(path = process.env.PATH ?? ''): boolean {
  return path.split(delimiter).some((directory) => existsSync(join(directory, 'apt-get')))
}

/** Runs a fetching script of this package: its stdout. Its lines on stderr are the progress; `what` is for the error. */
export async function fetchByScript(
  what: string,
  script: string,
  words: readonly string[],
  { onProgress, signal }: FetchOptions,
): Promise<string> {
  const child = spawn(join(packageRoot(), 'scripts', script), words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  })
  let last = ''
  let found = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    found += text
  })
  createInterface({ input: child.stderr }).on('line', (line) => {
    last = escapeText(line)
    onProgress?.(last)
  })
  const status = await new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('close', done)
  })
  if (status === 0) return found
  const why = last.replace(/^(apt|fetch)-\w+: /, '')
  throw new CryoscopeError('environment', `cannot fetch ${what}: ${why === '' ? `status ${status}` : why}`)
}
