import { dirname } from 'node:path'
import { sizeText } from '../../../units.js'
import type { Check } from './check.js'
import type { Surroundings } from './surroundings.js'

/** A kernel takes about 15 MB in the cache, and its package 100 while it is fetched. */
const leastDisk = 300 * 2 ** 20
/** A guest of the usual size, and this process. */
const leastMemory = 768 * 2 ** 20

/** Room for what is fetched, and for a guest. `cache` need not be there yet. */
export function roomChecks(cache: string, around: Surroundings): Check[] {
  return [disk(cache, around), memory(around)]
}

function disk(cache: string, around: Surroundings): Check {
  const check = { name: 'disk', needed: false }
  // What is not there yet will be where its nearest parent is.
  let place = cache
  while (around.freeDisk(place) === undefined && dirname(place) !== place) place = dirname(place)
  const free = around.freeDisk(place)
  if (free === undefined) {
    return { ...check, state: 'missing', found: `nobody says how much is free in ${cache}` }
  }
  const found = `${sizeText(free)} free in ${place}`
  if (free >= leastDisk) return { ...check, state: 'ok', found }
  const fix = `free ${sizeText(leastDisk)} there, or set XDG_CACHE_HOME`
  return { ...check, state: 'missing', found, fix }
}

function memory(around: Surroundings): Check {
  const check = { name: 'memory', needed: false }
  const free = around.freeMemory()
  const found = `${sizeText(free)} available; a guest takes 512 MiB unless told`
  if (free >= leastMemory) return { ...check, state: 'ok', found }
  const fix = 'boot guests with --memory 256M, or end other programs'
  return { ...check, state: 'missing', found, fix }
}
