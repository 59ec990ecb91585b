/** What guests need, from a Debian mirror, on machines that have no apt. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import type { GuestArchitecture } from '../architecture.js'
import type { FetchOptions } from '../fetch.js'
import type { ArchiveFile } from './archive.js'
import { Absent, type DebianPackage, type Mirror, openSuite, type Suite } from './debian-mirror.js'
import { filesOfPackage, kernelIn } from './kernel-package.js'

/** Suites whose bpftool knows arenas, the first that the mirror has; its programs bring their libraries along. */
const toolsSuites = ['trixie', 'stable'] as const
const toolPackages = [/bpftool/, /busybox-static/] as const
/** What bpftool's packages need is more than it loads. */
const libraryName = /^(lib|zlib)/

/** A kernel's package: the first suite that has one is taken. */
export interface WantedKernel {
  readonly suites: readonly string[]
  /** Its name. */
  readonly pattern: RegExp
  readonly architecture: GuestArchitecture
}

/** The package of a kernel that a mirror has, and its suite. Throws 'environment'. */
export async function findKernelPackage(
  mirror: Mirror,
  { suites, pattern, architecture }: WantedKernel,
  signal?: AbortSignal,
): Promise<{ suite: Suite; found: DebianPackage }> {
  return await firstOf(mirror, suites, pattern, architecture, signal)
}

/** Puts a kernel into a directory: vmlinuz and its release. */
export async function fetchKernelPackage(
  mirror: Mirror,
  wanted: WantedKernel,
  directory: string,
  { onProgress, signal }: FetchOptions,
): Promise<void> {
  const { found } = await findKernelPackage(mirror, wanted, signal)
  onProgress?.(`fetching ${found.name} ${found.version}`)
  const { image, release } = await kernelIn(await found.fetch(signal), found.name)
  inPlace(directory, (scratch) => {
    writeFileSync(join(scratch, 'vmlinuz'), image)
    writeFileSync(join(scratch, 'release'), `${release}\n`)
  })
}

/** Puts bpftool, its libraries and a static busybox into a directory. */
export async function fetchToolPackages(
  mirror: Mirror,
  architecture: GuestArchitecture,
  directory: string,
  { onProgress, signal }: FetchOptions,
): Promise<void> {
  const [first] = toolPackages
  const { suite } = await firstOf(mirror, toolsSuites, first, architecture, signal)
  const files: ArchiveFile[] = []
  for (const found of withLibraries(suite, toolPackages)) {
    onProgress?.(`fetching ${found.name} ${found.version}`)
    files.push(...(await filesOfPackage(await found.fetch(signal), found.name)))
  }
  inPlace(directory, (scratch) => {
    for (const file of files) if (!/^usr\/share\/|\/gconv\//.test(file.path)) writeBelow(scratch, file)
  })
}

/** A suite that has such a package, and the package. A mirror need not have all suites. */
async function firstOf(
  mirror: Mirror,
  suites: readonly string[],
  pattern: RegExp,
  architecture: GuestArchitecture,
  signal: AbortSignal | undefined,
): Promise<{ suite: Suite; found: DebianPackage }> {
  let absent: Absent | undefined
  for (const name of suites) {
    try {
      const suite = await openSuite(mirror, name, architecture, signal)
      const found = suite.find(pattern)
      if (found !== undefined) return { suite, found }
    } catch (error) {
      if (!(error instanceof Absent)) throw error
      absent = error
    }
  }
  throw new CryoscopeError(
    'environment',
    `no package ${pattern.source} for ${architecture} in suite ${suites.join(' or ')} of the mirror${absent === undefined ? '' : ` (${absent.message})`}`,
    { cause: absent },
  )
}

/** Packages of a suite and the libraries that they need, each once. */
function withLibraries(suite: Suite, patterns: readonly RegExp[]): DebianPackage[] {
  const found = new Map<string, DebianPackage>()
  const add = (each: DebianPackage): void => {
    if (found.has(each.name)) return
    found.set(each.name, each)
    for (const name of each.needs.filter((need) => libraryName.test(need))) {
      const library = suite.find(new RegExp(escaped(name)))
      if (library !== undefined) add(library)
    }
  }
  for (const pattern of patterns) {
    const wanted = suite.find(pattern)
    if (wanted === undefined) {
      throw new CryoscopeError('environment', `the mirror has no package ${pattern.source} beside the others`)
    }
    add(wanted)
  }
  return [...found.values()]
}

function escaped(name: string): string {
  return name.replace(/[.+]/g, '\\$&')
}

/** Fills a directory beside the wanted one and puts it there when it is complete. */
function inPlace(directory: string, fill: (scratch: string) => void): void {
  mkdirSync(dirname(directory), { recursive: true })
  const scratch = mkdtempSync(`${directory}.`)
  try {
    fill(scratch)
    chmodSync(scratch, 0o755)
    rmSync(directory, { recursive: true, force: true })
    renameSync(scratch, directory)
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true })
    throw error
  }
}

/** A file of a package below a directory; names that lead out of it are left out. */
function writeBelow(directory: string, { path, bytes, isExecutable, link }: ArchiveFile): void {
  const place = normalize(path)
  if (place.startsWith('..') || place.startsWith('/')) return
  const target = join(directory, place)
  mkdirSync(dirname(target), { recursive: true })
  if (link === undefined) writeFileSync(target, bytes, { mode: isExecutable ? 0o755 : 0o644 })
  // Links of libraries lead to their neighbours; others would lead to files of this machine.
  else if (!link.includes('/')) symlinkSync(link, target)
}
