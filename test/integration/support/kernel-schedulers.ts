import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where scripts/fetch-schedulers leaves the schedulers of the kernel's own tree, and the kernel that they are of. */
export const kernelOfSchedulers = '7.3'
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope')
export const buildOf = join(cache, 'schedulers', kernelOfSchedulers)
export const isBuilt =
  existsSync(join(buildOf, 'version')) && existsSync(join(cache, 'kernels', kernelOfSchedulers, 'vmlinuz'))
