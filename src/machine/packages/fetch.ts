/** What guests need, from a Debian mirror that the user names, on machines that have no apt. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import type { GuestArchitecture } from '../architecture.js'
import type { FetchOptions } from '../fetch.js'
import type { ArchiveFile } from './archive.js'
import { type DebianPackage, findPackage, type Mirror } from './debian-mirror.js'
import { filesOfPackage, kernelIn } from './kernel-package.js'

/** A suite whose bpftool knows arenas; its programs bring their libraries along. */
const toolsSuite = 'trixie'
const toolPackages = ['bpftool', 'busybox-static', 'libelf1(t64)?', 'zlib1g', 'libcap2', 'libc6', 'libzstd1']

/** Puts a kernel into a directory: vmlinuz and its release. `pattern` names the package, by the first suite that has it. */
export async function fetchKernelPackage(
  mirror: Mirror,
  wanted: {
    readonly suites: readonly string[]
    readonly pattern: RegExp
    readonly architecture: GuestArchitecture
  },
  directory: string,
  { onProgress, signal }: FetchOptions,
): Promise<void> {
  const found = await firstOf(mirror, wanted.suites, wanted.pattern, wanted.architecture, signal)
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
  const files: ArchiveFile[] = []
  for (const name of toolPackages) {
    const found = await firstOf(mirror, [toolsSuite], new RegExp(name), architecture, signal)
    onProgress?.(`fetching ${found.name} ${found.version}`)
    files.push(...(await filesOfPackage(await found.fetch(signal), found.name)))
  }
  inPlace(directory, (scratch) => {
    for (const file of files) if (!/^usr\/share\/|\/gconv\//.test(file.path)) writeBelow(scratch, file)
  })
}

async function firstOf(
  mirror: Mirror,
  suites: readonly string[],
  pattern: RegExp,
  architecture: GuestArchitecture,
  signal: AbortSignal | undefined,
): Promise<DebianPackage> {
  for (const suite of suites) {
    const found = await findPackage(mirror, suite, pattern, architecture, signal)
    if (found !== undefined) return found
  }
  throw new CryoscopeError(
    'environment',
    `no package ${pattern.source} for ${architecture} in suite ${suites.join(' or ')} of the mirror`,
  )
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
