import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../../../errors.js'
import { cacheDirectory } from '../../../machine/kernels.js'
import { demoPlaces, findBpftool } from '../../demo-guest.js'
import { loadFuse } from '../../fuse/fuse-native.js'
import { notebookInstall, requireForNotebooks } from '../../jupyter/notebook-packages.js'
import type { Check, Fetched } from './check.js'
import { fuseChecks } from './fuse.js'
import { kvmCheck } from './kvm.js'
import { mirrorCheck } from './mirror.js'
import { programCheck } from './program.js'
import { roomChecks } from './room.js'
import { here, packageAdvice } from './surroundings.js'

const leastNode = [20, 19] as const

/** Looks at everything that cryoscope uses of this machine. */
export async function examine(): Promise<Check[]> {
  return [
    node(),
    await koffi(),
    qemu(),
    extra(program('qemu-system-aarch64', 'runs arm64 guests (boot --arch arm64)', 'qemu-system-arm')),
    await busybox(),
    await kvmCheck(here, accelerator),
    runtimeState(await runtimePlace()),
    lifetimes(),
    await kernels(),
    await mirrorCheck(mirror),
    program('xz', 'unpacks module and package files', 'xz-utils'),
    program('zstd', 'unpacks module and package files', 'zstd'),
    ...(await fuseChecks(here, loadFuse)),
    bpftool(),
    extra(program('clang-19', 'rebuilds the demo scheduler, which comes built', 'clang-19')),
    demoParts(),
    notebooks(),
    jupyter(),
    ...roomChecks(cacheDirectory(), here),
  ]
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fine = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])
  const found = `Node.js ${process.versions.node}`
  return fine
    ? { name: 'node', state: 'ok', needed: true, found }
    : {
        name: 'node',
        state: 'missing',
        needed: true,
        found: `${found} is older than ${leastNode.join('.')}`,
        fix: 'install Node.js 20.19 or newer',
      }
}

/** Maps guest memory; a native module, so it can be there and not load. */
async function koffi(): Promise<Check> {
  try {
    const { default: library } = await import('koffi')
    return { name: 'koffi', state: 'ok', needed: true, found: `${library.version}, maps memory` }
  } catch (error) {
    const found = `does not load: ${(error as Error).message.split('\n')[0]}`
    return { name: 'koffi', state: 'missing', needed: true, found, fix: 'npm install koffi' }
  }
}

function qemu(): Check {
  return program('qemu-system-x86_64', 'runs guests', 'qemu-system-x86', true)
}

async function busybox(): Promise<Check> {
  const { installedBusybox } = await import('../../../machine/image.js')
  const check = fetched('busybox', await installedBusybox(), 'static, the user space of guests', 'boot')
  return check.state === 'ok' ? check : { ...check, fix: packageAdvice('busybox-static', here) }
}

async function accelerator() {
  const { findQemu } = await import('../../../machine/qemu.js')
  const { chooseAccelerator } = await import('../../../machine/accelerator.js')
  const { runtimeDirectory } = await import('../../../machine/runtime-directory.js')
  return await chooseAccelerator('auto', { qemu: findQemu(), cacheDirectory: runtimeDirectory() })
}

async function runtimePlace(): Promise<string | CryoscopeError> {
  try {
    const { runtimeDirectory } = await import('../../../machine/runtime-directory.js')
    return runtimeDirectory()
  } catch (error) {
    if (error instanceof CryoscopeError) return error
    throw error
  }
}

function runtimeState(place: string | CryoscopeError): Check {
  const name = 'private directory'
  return typeof place === 'string'
    ? { name, state: 'ok', needed: true, found: `${place}, for sockets of guests` }
    : {
        name,
        state: 'missing',
        needed: true,
        found: place.message,
        fix: 'export XDG_RUNTIME_DIR=/run/user/$(id -u)',
      }
}

function lifetimes(): Check {
  return program(
    'setpriv',
    'ends guests at once when cryoscope is killed (without it the next command does)',
    'util-linux',
  )
}

async function kernels(): Promise<Check> {
  const { knownKernels } = await import('../../../machine/kernels.js')
  const table = knownKernels()
  const cache = join(cacheDirectory(), 'kernels')
  const cached = table.kernels.filter(({ minor }) => existsSync(join(cache, minor, 'vmlinuz')))
  if (cached.length > 0) {
    const found = `${cached.map(({ minor }) => minor).join(', ')} in the cache`
    return { name: 'guest kernels', state: 'ok', needed: false, found }
  }
  return {
    name: 'guest kernels',
    state: 'missing',
    needed: false,
    found: `none in the cache; the first boot fetches ${table.default}`,
    remedy: { kind: 'fetch', what: 'kernel' },
  }
}

/** Asked for what the first boot fetches: a mirror that has other suites is no help. */
async function mirror(signal: AbortSignal): Promise<string> {
  const { offeredKernel } = await import('../../../machine/kernels.js')
  const { name, suite } = await offeredKernel(signal)
  const named = process.env.CRYOSCOPE_DEBIAN_MIRROR || "this machine's Debian mirror"
  return `${name} of ${suite} on ${named}`
}

function notebooks(): Check {
  const check = { name: 'tslab', needed: false }
  try {
    requireForNotebooks()
    return { ...check, state: 'ok', found: 'runs cells of notebooks' }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { ...check, state: 'missing', found: 'runs cells of notebooks', fix: notebookInstall() }
  }
}

/** Any front end does. */
function jupyter(): Check {
  const fronts = ['jupyter-lab', 'jupyter-notebook', 'jupyter']
  const found = fronts.map((name) => program(name, 'opens notebooks', 'jupyter-notebook'))
  const [first, , last] = found
  return extra({ ...(found.find(({ state }) => state === 'ok') ?? last ?? first), name: 'jupyter' } as Check)
}

function bpftool(): Check {
  return fetched('bpftool', findBpftool(), 'loads the demo in the guest', 'demo')
}

/** What the first command that needs it fetches. */
function fetched(what: Fetched, place: string | undefined, purpose: string, command: string): Check {
  const check = { name: what, needed: false }
  if (place !== undefined) return { ...check, state: 'ok', found: `${place}, ${purpose}` }
  const found = `${purpose}; the first ${command} fetches it`
  return { ...check, state: 'missing', found, remedy: { kind: 'fetch', what } }
}

function demoParts(): Check {
  const place = demoPlaces().find((path) => existsSync(join(path, 'scx_demo.o')))
  return place === undefined
    ? {
        name: 'demo',
        state: 'missing',
        needed: false,
        found: 'its programs are gone',
        fix: 'install the package again',
      }
    : { name: 'demo', state: 'ok', needed: false, found: place }
}

function program(name: string, purpose: string, debianPackage: string, needed = false): Check {
  return programCheck(name, purpose, debianPackage, here, needed)
}

function extra(check: Check): Check {
  return { ...check, isExtra: true }
}
