import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, release } from 'node:os'
import { join, resolve } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { packageRoot } from '../package-root.js'
import { escapeText } from '../text.js'
import type { GuestArchitecture } from './architecture.js'
import { type FetchOptions, fetchByScript, hasApt } from './fetch.js'
import { dropFile, isIntact, keepFile } from './kept-file.js'
import { findMirror } from './packages/debian-mirror.js'
import { fetchKernelPackage, findKernelPackage, type WantedKernel } from './packages/fetch.js'
import { isPackageName, kernelOfPackage } from './packages/kernel-package.js'

/** One line of kernel-configs/kernels.json. */
export interface KnownKernel {
  /** What people type: "6.18". */
  readonly minor: string
  /** A pattern of the package's name, with {architecture} where Debian's name of that stands. */
  readonly package: string
  /** Suites of Debian that have it, the first one wins. */
  readonly suites: readonly string[]
  readonly schedExt: boolean
  readonly demoObject: string | null
  readonly note?: string
}

export interface KernelTable {
  readonly default: string
  readonly kernels: readonly KnownKernel[]
}

/** A kernel image on this machine. */
export interface KernelFile {
  readonly path: string
  /** Release string where it is known without booting: "6.18.15+deb13-cloud-amd64". */
  readonly release: string | undefined
}

interface ResolveOptions extends FetchOptions {
  /** Which build of a known version; default amd64. */
  readonly arch?: GuestArchitecture | undefined
}

export function knownKernels(): KernelTable {
  return JSON.parse(readFileSync(join(packageRoot(), 'kernel-configs/kernels.json'), 'utf8')) as KernelTable
}

/** Where cryoscope keeps what can be fetched or computed again. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cryoscope')
}

/**
 * Finds the kernel that a person means: a version of the table ("7.0"; fetched when the cache lacks it), the release
 * string of a cached kernel, `host`, or the path of an image, a package or a build tree.
 */
export async function resolveKernel(
  wanted: string | undefined,
  options: ResolveOptions = {},
): Promise<KernelFile> {
  const table = knownKernels()
  const name = wanted ?? table.default
  if (name === 'host') return hostKernel()
  if (/^\d+\.\d+$/.test(name)) return await knownKernel(name, table, options)
  if (!name.includes('/') && /^\d+\.\d+\.\d+/.test(name)) return cachedRelease(name)
  return await kernelAtPath(name)
}

async function knownKernel(minor: string, table: KernelTable, options: ResolveOptions): Promise<KernelFile> {
  const known = table.kernels.find((kernel) => kernel.minor === minor)
  if (known === undefined) {
    const names = table.kernels.map((kernel) => kernel.minor).join(', ')
    throw new CryoscopeError(
      'usage',
      `kernel ${minor} is not a known one; choose ${names}, or give the path of an image`,
    )
  }
  const { arch = 'amd64' } = options
  const place = arch === 'amd64' ? minor : `${minor}-${arch}`
  const cached = cachedKernel(place)
  if (cached !== undefined && isIntact(cached.path)) return cached
  if (cached !== undefined) dropFile(cached.path)
  options.onProgress?.(
    cached === undefined
      ? `fetching kernel ${place}`
      : `kernel ${place} is damaged in the cache; fetching it again`,
  )
  await fetchKernel(known, place, arch, options)
  const fetched = cachedKernel(place)
  if (fetched !== undefined && isIntact(fetched.path)) return fetched
  throw new CryoscopeError('environment', `fetching kernel ${minor} left no image in ${kernelsDirectory()}`)
}

/** By apt where it is there, else from a mirror. */
async function fetchKernel(
  known: KnownKernel,
  place: string,
  architecture: GuestArchitecture,
  options: FetchOptions,
): Promise<void> {
  const mirror = hasApt() ? undefined : findMirror()
  if (mirror === undefined) {
    await fetchByScript(`kernel ${place}`, 'fetch-kernel', ['--arch', architecture, known.minor], options)
    return
  }
  await fetchKernelPackage(mirror, packageOf(known, architecture), join(kernelsDirectory(), place), options)
}

function packageOf(known: KnownKernel, architecture: GuestArchitecture): WantedKernel {
  const pattern = new RegExp(known.package.replaceAll('{architecture}', architecture))
  return { suites: known.suites, pattern, architecture }
}

/** The package of the kernel that boots unless another is named, as the mirror has it now. Throws 'environment'. */
export async function offeredKernel(signal?: AbortSignal): Promise<{ name: string; suite: string }> {
  const table = knownKernels()
  const known = table.kernels.find(({ minor }) => minor === table.default)
  if (known === undefined) throw new Error(`kernels.json lacks its default, ${table.default}`)
  const wanted = packageOf(known, 'amd64')
  if (!hasApt()) {
    const { suite, found } = await findKernelPackage(findMirror(), wanted, signal)
    return { name: found.name, suite: suite.name }
  }
  const words = ['--arch', 'amd64', '--list', '--refresh', wanted.suites.join(), wanted.pattern.source]
  const [suite = '', name = ''] = (
    await fetchByScript(`kernel ${known.minor}`, 'apt-fetch', words, {})
  ).split(' ')
  return { name, suite }
}

function kernelsDirectory(): string {
  return join(cacheDirectory(), 'kernels')
}

function cachedKernel(directory: string): KernelFile | undefined {
  const path = join(kernelsDirectory(), directory, 'vmlinuz')
  try {
    const release = readFileSync(join(kernelsDirectory(), directory, 'release'), 'utf8').trim()
    return existsSync(path) ? { path, release } : undefined
  } catch {
    return undefined
  }
}

function cachedRelease(release: string): KernelFile {
  const names = existsSync(kernelsDirectory()) ? readdirSync(kernelsDirectory()).sort() : []
  const cached = names.flatMap((name) => cachedKernel(name) ?? [])
  const found = cached.find((kernel) => kernel.release === release)
  if (found !== undefined && isIntact(found.path)) return found
  if (found !== undefined) {
    throw new CryoscopeError(
      'environment',
      `kernel ${escapeText(release)} is damaged in the cache; name its version (${release.split('.').slice(0, 2).join('.')}), which fetches it again`,
    )
  }
  const known = cached.map((kernel) => kernel.release).join(', ')
  throw new CryoscopeError(
    'usage',
    `kernel ${escapeText(release)} is not in the cache (${known === '' ? 'it is empty' : known}); name a version such as ${knownKernels().default}, or give the path of an image`,
  )
}

/**
 * A kernel given by a path: an image, a distribution's package, or a build tree, of which it is the image that `make`
 * leaves. An image in a package is put into the cache.
 */
async function kernelAtPath(path: string): Promise<KernelFile> {
  const absolute = resolve(path)
  const status = statSync(absolute, { throwIfNoEntry: false })
  if (status?.isDirectory()) return builtKernel(absolute)
  if (status?.isFile()) {
    return isPackageName(absolute) ? await packagedKernel(absolute) : { path: absolute, release: undefined }
  }
  const known = knownKernels().kernels.map((kernel) => kernel.minor)
  throw new CryoscopeError(
    'usage',
    `${escapeText(path)} is neither a kernel image, package or build tree on this machine nor a known version (${known.join(', ')}) nor host`,
  )
}

/** Images that a build leaves, by architecture (arch/x86/boot, arch/arm64/boot). */
const builtImages = ['arch/x86/boot/bzImage', 'arch/x86_64/boot/bzImage', 'arch/arm64/boot/Image']

function builtKernel(tree: string): KernelFile {
  const path = builtImages.map((image) => join(tree, image)).find((image) => existsSync(image))
  if (path !== undefined) return { path, release: builtRelease(tree) }
  throw new CryoscopeError(
    'usage',
    `${escapeText(tree)} has no built kernel (${builtImages.join(', ')}); make bzImage there first, with CONFIG_DEBUG_INFO_BTF=y`,
  )
}

function builtRelease(tree: string): string | undefined {
  try {
    return readFileSync(join(tree, 'include/config/kernel.release'), 'utf8').trim()
  } catch {
    return undefined
  }
}

async function packagedKernel(file: string): Promise<KernelFile> {
  const { mtimeMs, size } = statSync(file)
  const key = createHash('sha256').update(`${file}\0${mtimeMs}\0${size}`).digest('hex').slice(0, 16)
  const place = `package-${key}`
  const cached = cachedKernel(place)
  if (cached !== undefined && isIntact(cached.path)) return cached
  const { image, release } = await kernelOfPackage(file)
  const directory = join(kernelsDirectory(), place)
  mkdirSync(directory, { recursive: true })
  keepFile(join(directory, 'vmlinuz'), image)
  writeFileSync(join(directory, 'release'), `${release}\n`)
  return { path: join(directory, 'vmlinuz'), release }
}

/** The kernel that this machine runs, as its distribution keeps it. */
function hostKernel(): KernelFile {
  const running = release()
  const places = [`/boot/vmlinuz-${running}`, `/lib/modules/${running}/vmlinuz`, '/boot/vmlinuz']
  const path = places.find((place) => existsSync(place))
  if (path === undefined) {
    throw new CryoscopeError(
      'environment',
      `this machine keeps no image of its kernel (${places.join(', ')}); name one with --kernel PATH`,
    )
  }
  try {
    accessSync(path, constants.R_OK)
  } catch (cause) {
    const sentence = `this user may not read ${path}; copy it with sudo, or: sudo chmod +r ${path}`
    throw new CryoscopeError('environment', sentence, { cause })
  }
  return { path, release: path === '/boot/vmlinuz' ? undefined : running }
}
