import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { stateFile } from '../state-file.js'
import type { HiddenColumns } from './model/columns.js'

/** What the terminal UI remembers of lists. */
const name = 'columns.json'

/** Columns that were not wanted the last time; none where that is not known. */
export function readHidden(environment: NodeJS.ProcessEnv = process.env): HiddenColumns {
  let data: unknown
  try {
    data = JSON.parse(readFileSync(stateFile(name, environment), 'utf8'))
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
  const file = stateFile(name, environment)
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, `${JSON.stringify(hidden)}\n`)
  } catch {
    // A directory that is full or not ours.
  }
}
