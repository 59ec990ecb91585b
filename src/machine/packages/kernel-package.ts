import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import { type ArchiveFile, arFiles, cpioFiles, rpmPayload, tarFiles } from './archive.js'
import { decompress } from './decompress.js'

/** A kernel image out of a distribution's package. */
export interface PackagedKernel {
  readonly image: Buffer
  /** As the place in the package says it: "6.18.15-200.fc43.x86_64". */
  readonly release: string
}

/** Where packages of Debian, Ubuntu, Fedora and Arch have it. */
const places = [/^boot\/vmlinu[xz]-(.+)$/, /^(?:usr\/)?lib\/modules\/([^/]+)\/vmlinuz(?:\.unsigned)?$/]

/** Whether a file's name says that it is a package. */
export function isPackageName(path: string): boolean {
  return /\.(deb|rpm|pkg\.tar(\.\w+)?)$/.test(path)
}

/** The kernel in a .deb, .rpm or .pkg.tar file. Throws 'unreadable' where there is none. */
export async function kernelOfPackage(path: string): Promise<PackagedKernel> {
  return await kernelIn(readFileSync(path), escapeText(basename(path)))
}

/** The same of a package in memory; `name` is for sentences. */
export async function kernelIn(file: Buffer, name: string): Promise<PackagedKernel> {
  for (const { path: place, bytes, link } of await filesOfPackage(file, name)) {
    if (link !== undefined) continue
    for (const pattern of places) {
      const release = pattern.exec(place)?.[1]
      if (release !== undefined) return { image: Buffer.from(bytes), release }
    }
  }
  throw new CryoscopeError(
    'unreadable',
    `${name} holds no kernel image; take the package with vmlinuz in it (Debian: linux-image or linux-binary, Fedora: kernel-core, Arch: linux)`,
  )
}

/** Files of a package. Throws 'unreadable' when the bytes are none. */
export async function filesOfPackage(file: Buffer, name: string): Promise<Iterable<ArchiveFile>> {
  for (const { path, bytes } of arFiles(file)) {
    if (path.startsWith('data.tar')) return tarFiles(await decompress(bytes, name))
  }
  const payload = rpmPayload(file)
  if (payload !== undefined) return cpioFiles(await decompress(payload, name))
  const archive = await decompress(file, name)
  if (archive.toString('latin1', 257, 262) === 'ustar') return tarFiles(archive)
  throw new CryoscopeError('unreadable', `${name} is no package: neither ar, RPM nor tar`)
}
