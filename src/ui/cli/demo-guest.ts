import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { cacheDirectory, knownKernels } from '../../machine/kernels.js'
import type { BootOptions } from '../../machine/options.js'
import { Registry } from '../../machine/registry.js'
import { packageRoot } from '../../package-root.js'

/** The line that examples/scx_demo/start.sh prints last. */
const readyLine = 'cryoscope: demo ready'
/** What start.sh expects beside itself; the scheduler's object is the kernel's own choice. */
const parts = ['gallery.o', 'fields.o', 'trace.o', 'load', 'populate', 'control.sh']
const usualObject = 'scx_demo.o'
const usualName = 'demo'
/** Where the guest's init looks for a script: start.sh finds the parts beside it. */
const guestDirectory = '/cryoscope'

/** Options for a guest that runs the example scheduler and its load. Throws 'environment' when it is not built. */
export function demoGuest(options: BootOptions): BootOptions {
  const build = join(packageRoot(), 'examples/scx_demo/build')
  const object = demoObject(options.kernel)
  const bpftool = findBpftool()
  const start = join(build, 'start.sh')
  const missing = [start, join(build, object), ...parts.map((part) => join(build, part))].filter(
    (path) => !existsSync(path),
  )
  if (missing.length > 0 || bpftool === undefined) {
    const what = bpftool === undefined ? 'bpftool is missing' : 'the demo is not built'
    throw new CryoscopeError('environment', `${what}; run scripts/setup, which gets all that the demo needs`)
  }
  return {
    ...options,
    // Its programs are built for that.
    arch: 'amd64',
    ...(isFree(usualName) ? { name: usualName } : {}),
    // Running it once brings its libraries; the copy is where start.sh looks for it.
    run: [[bpftool, 'version']],
    files: [
      `${bpftool}:/usr/local/bin/bpftool`,
      `${join(build, object)}:${guestDirectory}/${usualObject}`,
      ...parts.map((part) => `${join(build, part)}:${guestDirectory}/${part}`),
    ],
    script: start,
    waitFor: readyLine,
  }
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
  const places = [join(cacheDirectory(), 'tools/usr/sbin/bpftool'), '/usr/sbin/bpftool', '/usr/bin/bpftool']
  return places.find((place) => existsSync(place))
}
