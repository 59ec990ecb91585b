import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { packageRoot } from '../../package-root.js'
import { findBpftool } from './demo-guest.js'

/** One line of `doctor`. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'missing'
  /** False: only some commands need it, and `found` says which. */
  readonly needed: boolean
  readonly found: string
  /** The command that helps. */
  readonly fix?: string
}

const leastNode = [20, 19] as const

/** Looks at everything that cryoscope uses of this machine. */
export async function examine(): Promise<Check[]> {
  return [
    node(),
    await koffi(),
    qemu(),
    program('qemu-system-aarch64', 'runs arm64 guests (boot --arch arm64)', 'apt install qemu-system-arm'),
    await busybox(),
    await accelerator(),
    runtimeState(await runtimePlace()),
    lifetimes(),
    await kernels(),
    program(
      'apt-get',
      'fetches guest kernels that are not cached',
      'use a Debian or Ubuntu system, or boot --kernel PATH',
    ),
    await fuse(),
    bpftool(),
    program('clang-19', 'builds the demo scheduler', 'apt install clang-19'),
    demoBuild(),
    program('jupyter-notebook', 'opens notebooks', 'apt install jupyter-notebook'),
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
  return program('qemu-system-x86_64', 'runs guests', 'apt install qemu-system-x86', true)
}

async function busybox(): Promise<Check> {
  const { buildImage } = await import('../../machine/image.js')
  const name = 'busybox'
  try {
    await buildImage({ hostname: 'doctor' })
    return { name, state: 'ok', needed: true, found: 'static, the user space of guests' }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { name, state: 'missing', needed: true, found: error.message, fix: 'apt install busybox-static' }
  }
}

async function accelerator(): Promise<Check> {
  const name = 'kvm'
  try {
    const { findQemu } = await import('../../machine/qemu.js')
    const { chooseAccelerator } = await import('../../machine/accelerator.js')
    const { runtimeDirectory } = await import('../../machine/runtime-directory.js')
    const { kind, reason } = await chooseAccelerator('auto', {
      qemu: findQemu(),
      cacheDirectory: runtimeDirectory(),
    })
    return { name, state: kind === 'kvm' ? 'ok' : 'missing', needed: false, found: reason }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { name, state: 'missing', needed: false, found: 'cannot be tried without QEMU' }
  }
}

async function runtimePlace(): Promise<string | CryoscopeError> {
  try {
    const { runtimeDirectory } = await import('../../machine/runtime-directory.js')
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
    'apt install util-linux',
  )
}

async function kernels(): Promise<Check> {
  const { cacheDirectory, knownKernels } = await import('../../machine/kernels.js')
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
    fix: `scripts/fetch-kernel ${table.default}`,
  }
}

async function fuse(): Promise<Check> {
  const check = { name: 'fuse', needed: false }
  try {
    const { checkFuse } = await import('../fuse/mount.js')
    const { loadFuse } = await import('../fuse/binding.js')
    await loadFuse()
    checkFuse()
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return {
      ...check,
      state: 'missing',
      found: error.message,
      fix: onThisSystem('apt install libfuse2 fuse3'),
    }
  }
  return { ...check, ...program('fusermount3', 'mounts targets as files', 'apt install fuse3'), name: 'fuse' }
}

function bpftool(): Check {
  const place = findBpftool()
  const name = 'bpftool'
  return place === undefined
    ? {
        name,
        state: 'missing',
        needed: false,
        found: 'loads the demo in the guest',
        fix: 'scripts/fetch-tools',
      }
    : { name, state: 'ok', needed: false, found: `${place}, loads the demo in the guest` }
}

function demoBuild(): Check {
  const name = 'demo'
  return existsSync(join(packageRoot(), 'examples/scx_demo/build/scx_demo.o'))
    ? { name, state: 'ok', needed: false, found: 'examples/scx_demo is built' }
    : { name, state: 'missing', needed: false, found: 'examples/scx_demo is not built', fix: 'scripts/setup' }
}

/** A program on PATH, or where Debian keeps administrators' tools. */
function program(name: string, purpose: string, fix: string, needed = false): Check {
  const path = findProgram(name)
  const check = { name, needed }
  if (path === undefined) return { ...check, state: 'missing', found: purpose, fix: onThisSystem(fix) }
  return { ...check, state: 'ok', found: `${path}, ${purpose}` }
}

function findProgram(name: string): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return places
    .map((place) => join(place, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return statSync(path).isFile()
      } catch {
        return false
      }
    })
}

/** Elsewhere than on Debian the package has another name; it is said what is meant. */
function onThisSystem(fix: string): string {
  if (!fix.startsWith('apt install ') || isDebian()) return fix
  return `install what Debian calls ${fix.slice('apt install '.length)}`
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
