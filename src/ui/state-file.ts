import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * `${XDG_STATE_HOME:-~/.local/state}/cryoscope/NAME`: what is remembered from one time to the next. A relative path there counts
 * for nothing (XDG Base Directory Specification).
 */
export function stateFile(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const state = environment.XDG_STATE_HOME
  return join(state?.startsWith('/') ? state : join(homedir(), '.local/state'), 'cryoscope', name)
}
