import type { REPLServer } from 'node:repl'
import { guardTerminal } from '../terminal-guard.js'
import { page } from './pager.js'

/** Pages through lines while the prompt does not read keys. */
export async function showPage(lines: readonly string[], server: REPLServer): Promise<void> {
  const { stdin, stdout } = process
  const listeners = stdin.rawListeners('keypress')
  const readers = stdin.rawListeners('data')
  stdin.removeAllListeners('keypress')
  stdin.removeAllListeners('data')
  const wasRaw = stdin.isRaw
  using guard = guardTerminal()
  guard.screen(true)
  stdin.setRawMode(true)
  try {
    await page(lines, stdin, stdout)
  } finally {
    stdin.setRawMode(wasRaw)
    guard.screen(false)
    for (const listener of readers) stdin.on('data', listener as (chunk: Buffer) => void)
    for (const listener of listeners) stdin.on('keypress', listener as () => void)
    server.resume()
  }
}
