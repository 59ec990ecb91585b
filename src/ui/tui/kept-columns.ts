import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { HiddenColumns } from './model/columns.js'

/** `$XDG_STATE_HOME/cryoscope/columns.json`: what the terminal UI remembers of lists. */
function stateFile(environment: NodeJS.ProcessEnv): string {
  const directory = environment.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  return join(directory, 'cryoscope', 'columns.json')
}

/** Columns that were not wanted the last time; none where that is not known. */
export function readHidden(environment: NodeJS.ProcessEnv = process.env): HiddenColumns {
  let data: unknown
  try {
    data = JSON.parse(readFileSync(stateFile(environment), 'utf8'))
  } catch {
    return {}
  }
  if (typeof data !== 'object' || data === null) return {}
  const lists = Object.entries(data).filter(
    ([, titles]) => Array.isArray(titles) && titles.every((title) => typeof title === 'string'),
  )
  return Object.fromEntries(lists) as HiddenColumns
}

/** A choice that cannot be kept lasts as long as the screen. */
export function keepHidden(hidden: HiddenColumns, environment: NodeJS.ProcessEnv = process.env): void {
  const file = stateFile(environment)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(hidden)}\n`)
  } catch {
    // A directory that is full or not ours.
  }
}
