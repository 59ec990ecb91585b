import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { REPLServer } from 'node:repl'

/** ${XDG_STATE_HOME:-~/.local/state}/cryoscope/history */
export function historyFile(environment: NodeJS.ProcessEnv = process.env): string {
  const state = environment.XDG_STATE_HOME
  return join(state?.startsWith('/') ? state : join(homedir(), '.local/state'), 'cryoscope/history')
}

/** Loads and keeps the history; a prompt without one works, too, so failures only cost the history. */
export async function keepHistory(server: REPLServer, file = historyFile()): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  } catch {
    return
  }
  await new Promise<void>((resolve) => server.setupHistory(file, () => resolve()))
}
