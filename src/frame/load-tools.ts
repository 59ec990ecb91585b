import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

type Tools = typeof import('./tools.js')

let loaded: Tools | undefined

/** Loads them when they are first needed, at once: verbs of frames do not wait. */
export function tools(): Tools {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  const bundled = fileURLToPath(new URL('./frame-tools.cjs', import.meta.url))
  loaded = existsSync(bundled)
    ? (require(bundled) as Tools)
    : ({ ...require('@uwdata/flechette'), ...require('hyparquet-writer'), ...require('arquero') } as Tools)
  return loaded
}
