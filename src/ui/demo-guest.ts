import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { knownKernels } from '../machine/kernels.js'
import type { BootOptions } from '../machine/options.js'
import { findQemu } from '../machine/qemu.js'
import { Registry } from '../machine/registry.js'
import { cachedBpftool, toolsDirectory } from '../machine/tools.js'
import { packageRoot } from '../package-root.js'

/** The line that examples/scx_demo/start.sh prints last. */
const readyLine = 'cryoscope: demo ready'
/** What start.sh expects beside itself, built; the scheduler's object is the kernel's own choice. */
const otherParts = ['gallery.o', 'fields.o', 'trace.o', 'load', 'populate']
const start = 'start.sh'
const control = 'control.sh'
const usualObject = 'scx_demo.o'
const usualName = 'demo'
/** Where the guest's init looks for a script: start.sh finds the parts beside it. */
const guestDirectory = '/cryoscope'

/**
 * Options for a guest that runs the example scheduler and its load, built here or as it came with the package. Fetches
 * bpftool, which loads it, where there is none. Throws 'environment' when something cannot be had.
 */
export async function demoGuest(options: BootOptions): Promise<BootOptions> {
  const object = demoObject(options.kernel)
  const parts = [object, ...otherParts]
  const place = demoPlaces().find((directory) => parts.every((part) => existsSync(join(directory, part))))
  if (place === undefined) {
    throw new CryoscopeError(
      'environment',
      `the demo's programs are in none of ${demoPlaces().join(', ')}; install the package again`,
    )
  }
  // Before anything is fetched: without it nothing of that can be used.
  findQemu()
  const bpftool = findBpftool() ?? (await cachedBpftool(options))
  return {
    ...options,
    // Its programs are built for that.
    arch: 'amd64',
    ...(options.name === undefined && isFree(usualName) ? { name: usualName } : {}),
    // Running it once brings its libraries; the copy is where start.sh looks for it.
    run: [[bpftool, 'version']],
    files: [
      `${bpftool}:/usr/local/bin/bpftool`,
      `${join(place, object)}:${guestDirectory}/${usualObject}`,
      ...otherParts.map((part) => `${join(place, part)}:${guestDirectory}/${part}`),
      `${join(demoSources(), control)}:${guestDirectory}/${control}`,
    ],
    script: join(demoSources(), start),
    waitFor: readyLine,
  }
}

/** What was built here comes first; prebuilt/ needs no compiler. */
export function demoPlaces(): string[] {
  return ['build', 'prebuilt'].map((name) => join(demoSources(), name))
}

function demoSources(): string {
  return join(packageRoot(), 'examples/scx_demo')
}

/** A second demo beside a first one is called vm1, vm2, … */
function isFree(name: string): boolean {
  return new Registry().list().every(({ record }) => record.name !== name)
}

/** The object that loads on a kernel of the table; other kernels get the usual one. */
function demoObject(kernel: string | undefined): string {
  const table = knownKernels()
  const wanted = kernel ?? table.default
  const known = table.kernels.find(({ minor }) => minor === wanted || wanted.startsWith(`${minor}.`))
  if (known === undefined) return usualObject
  if (known.demoObject !== null) return known.demoObject
  const able = table.kernels.filter(({ demoObject: object }) => object !== null).map(({ minor }) => minor)
  throw new CryoscopeError(
    'usage',
    `kernel ${known.minor} has no sched_ext, so the demo cannot run there; choose ${able.join(', ')}`,
  )
}

/** The one of the tools cache, which knows arenas, else the system's. */
export function findBpftool(): string | undefined {
  const places = [join(toolsDirectory('amd64'), 'usr/sbin/bpftool'), '/usr/sbin/bpftool', '/usr/bin/bpftool']
  return places.find((place) => existsSync(place))
}
