import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { REPLServer } from 'node:repl'
import { stateFile } from '../state-file.js'

/** Loads and keeps the history; a prompt without one works, too, so failures only cost the history. */
export async function keepHistory(server: REPLServer, file = stateFile('history')): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  } catch {
    return
  }
  await new Promise<void>((resolve) => server.setupHistory(file, () => resolve()))
}
