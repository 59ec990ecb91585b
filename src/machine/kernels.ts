import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { packageRoot } from '../package-root.js'
import { escapeText } from '../text.js'
import type { GuestArchitecture } from './architecture.js'
import { type FetchOptions, fetchByScript } from './fetch.js'

/** One line of kernel-configs/kernels.json. */
export interface KnownKernel {
  /** What people type: "6.18". */
  readonly minor: string
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
 * string of a cached kernel, or the path of an image.
 */
export async function resolveKernel(
  wanted: string | undefined,
  options: ResolveOptions = {},
): Promise<KernelFile> {
  const table = knownKernels()
  const name = wanted ?? table.default
  if (/^\d+\.\d+$/.test(name)) return await knownKernel(name, table, options)
  if (!name.includes('/') && /^\d+\.\d+\.\d+/.test(name)) return cachedRelease(name)
  return kernelAtPath(name)
}

async function knownKernel(minor: string, table: KernelTable, options: ResolveOptions): Promise<KernelFile> {
  if (!table.kernels.some((kernel) => kernel.minor === minor)) {
    const known = table.kernels.map((kernel) => kernel.minor).join(', ')
    throw new CryoscopeError(
      'usage',
      `kernel ${minor} is not a known one; choose ${known}, or give the path of an image`,
    )
  }
  const { arch = 'amd64' } = options
  const place = arch === 'amd64' ? minor : `${minor}-${arch}`
  const cached = cachedKernel(place)
  if (cached !== undefined) return cached
  options.onProgress?.(`fetching kernel ${place}`)
  await fetchByScript(`kernel ${place}`, 'fetch-kernel', ['--arch', arch, minor], options)
  const fetched = cachedKernel(place)
  if (fetched !== undefined) return fetched
  throw new CryoscopeError('environment', `fetching kernel ${minor} left no image in ${kernelsDirectory()}`)
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
  if (found !== undefined) return found
  const known = cached.map((kernel) => kernel.release).join(', ')
  throw new CryoscopeError(
    'usage',
    `kernel ${escapeText(release)} is not in the cache (${known === '' ? 'it is empty' : known}); name a version such as ${knownKernels().default}, or give the path of an image`,
  )
}

function kernelAtPath(path: string): KernelFile {
  const absolute = resolve(path)
  if (statSync(absolute, { throwIfNoEntry: false })?.isFile()) return { path: absolute, release: undefined }
  const known = knownKernels().kernels.map((kernel) => kernel.minor)
  throw new CryoscopeError(
    'usage',
    `${escapeText(path)} is neither a kernel image on this machine nor a known version (${known.join(', ')})`,
  )
}
