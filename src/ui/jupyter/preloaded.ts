import * as cell from './cell.js'

/** Names of the library that cells have without imports, besides `vm`. */
export const preloadedNames = [
  'attach',
  'boot',
  'browse',
  'casts',
  'clearOutput',
  'controlBar',
  'demo',
  'disassembly',
  'display',
  'frame',
  'hexdump',
  'histogram',
  'live',
  'occupancy',
  'op',
  'open',
  'plot',
  'progress',
  'progressBar',
  'prompt',
  'rateChart',
  'series',
  'spans',
  'table',
  'timeBar',
  'tree',
  'watch',
  'widgets',
] as const satisfies readonly (keyof typeof cell)[]

const everything: Readonly<Record<string, unknown>> = cell

export const preloaded: Readonly<Record<string, unknown>> = Object.fromEntries(
  preloadedNames.map((name) => [name, everything[name]]),
)
