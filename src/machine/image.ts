import { execFile } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, createGzip } from 'node:zlib'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { GuestArchitecture } from './architecture.js'
import { cpioArchive } from './cpio.js'
import { ImageTree } from './image-tree.js'
import { guestPaths, initScript, kernelPlaces, runScript } from './init-script.js'
import { isGuestShell, resolveProgram, shebang } from './libraries.js'
import { cachedBusybox } from './tools.js'

/** What goes into the guest besides busybox. */
export interface ImageOptions {
  readonly hostname: string
  /** Default amd64. */
  readonly architecture?: GuestArchitecture
  /** Programs to start, each with its arguments: a host path, or a name on the host's PATH. */
  readonly run?: readonly (readonly string[])[]
  /** "HOST:GUEST" pairs, files or directories. */
  readonly files?: readonly string[]
  /** Host path of a script that init runs last. */
  readonly script?: string
  readonly onProgress?: (sentence: string) => void
  readonly signal?: AbortSignal | undefined
}

const consolePath = '/dev/console'
const run = promisify(execFile)
const busyboxPlaces = ['/bin/busybox', '/usr/bin/busybox', '/usr/lib/busybox/busybox', '/bin/busybox.static']

/** Puts the guest's file tree together. */
export async function buildImage(options: ImageOptions): Promise<ImageTree> {
  const tree = new ImageTree()
  layOut(tree)
  const { architecture = 'amd64' } = options
  if (architecture === 'amd64') await addBusybox(tree, options)
  else tree.file('/bin/busybox', readFileSync(await cachedBusybox(architecture, options)), 0o755)
  tree.file('/init', initScript(options.hostname), 0o755)
  for (const [index, argv] of (options.run ?? []).entries()) {
    const [name, ...args] = argv
    if (name === undefined || name === '')
      throw new CryoscopeError('usage', '--run needs the name of a program')
    const program = await addProgram(tree, name, architecture)
    const place = `${guestPaths.runs}/${String(index).padStart(4, '0')}`
    tree.file(place, runScript([program, ...args]), 0o755)
  }
  for (const pair of options.files ?? []) {
    const { host, guest } = parseFilePair(pair)
    for (const path of tree.copy(host, guest)) {
      options.onProgress?.(`left out ${escapeText(path)}: it is neither a file, a directory nor a link`)
    }
  }
  if (options.script !== undefined) await addScript(tree, options.script, architecture)
  refuseHidden(tree)
  return tree
}

/** Writes the image as an initramfs, plain (a guest unpacks that fastest) or gzipped. The file is private to the user. */
export async function writeImage(
  tree: ImageTree,
  path: string,
  { gzip = false, signal }: { gzip?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const source = Readable.from(cpioArchive(tree.entries()), { objectMode: false })
  const file = createWriteStream(path, { mode: 0o600 })
  const options = signal === undefined ? {} : { signal }
  // zlib writes no time into the header, so the same tree gives the same bytes.
  if (gzip) await pipeline(source, createGzip({ level: constants.Z_BEST_SPEED }), file, options)
  else await pipeline(source, file, options)
}

/** Splits "HOST:GUEST" at the colon before the guest's absolute path. */
export function parseFilePair(pair: string): { host: string; guest: string } {
  const [, host, guest] = /^(.+?):(\/.+)$/s.exec(pair) ?? []
  if (host === undefined || guest === undefined) {
    throw new CryoscopeError(
      'usage',
      `--file takes HOST:GUEST with an absolute guest path, not "${escapeText(pair)}"`,
    )
  }
  return { host, guest }
}

/** Refuses files that the guest's kernel would hide behind its own. */
function refuseHidden(tree: ImageTree): void {
  for (const path of tree.paths()) {
    const place = kernelPlaces.find((each) => path.startsWith(`${each}/`))
    if (place === undefined || path === consolePath) continue
    throw new CryoscopeError(
      'usage',
      `${escapeText(path)} cannot be put into the guest: its kernel has its own files below ${place}; copy it to another place first, such as /tmp`,
    )
  }
}

function layOut(tree: ImageTree): void {
  for (const path of ['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib64', '/dev', '/proc', '/sys', '/etc']) {
    tree.directory(path)
  }
  tree.directory('/root', 0o700)
  tree.directory('/tmp', 0o1777)
  // Merged /usr, as on every current distribution: programs of such a host keep their paths.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) tree.symlink(`/${name}`, `usr/${name}`)
  // The kernel opens it for init before devtmpfs is mounted.
  tree.characterDevice(consolePath, 5, 1)
  tree.file('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
  tree.file('/etc/group', 'root:x:0:\n')
}

/** This machine's busybox where it is linked statically, else the one of the tools cache. */
async function addBusybox(tree: ImageTree, options: ImageOptions): Promise<void> {
  const program = (await installedBusybox()) ?? (await cachedBusybox('amd64', options))
  tree.file('/bin/busybox', readFileSync(program), 0o755)
  for (const name of (await run(program, ['--list'])).stdout.split('\n')) {
    if (/^[\w.[-]+$/.test(name) && name !== 'busybox') tree.symlink(`/bin/${name}`, 'busybox')
  }
}

/** A statically linked busybox that is installed here. */
export async function installedBusybox(): Promise<string | undefined> {
  for (const place of busyboxPlaces) {
    if (!existsSync(place)) continue
    const { files, program } = await resolveProgram(place)
    if (files.length === 1) return program
  }
  return undefined
}

async function addProgram(tree: ImageTree, name: string, architecture: GuestArchitecture): Promise<string> {
  const { program, files, foreign } = await resolveProgram(name, { architecture })
  for (const file of files) tree.hostProgram(file)
  for (const { host, guest } of foreign) tree.copy(host, guest)
  // It tells the loader of libraries in other directories than the usual ones.
  if (files.length > 1 && existsSync('/etc/ld.so.cache') && !tree.has('/etc/ld.so.cache')) {
    tree.hostProgram('/etc/ld.so.cache')
  }
  return program
}

async function addScript(tree: ImageTree, path: string, architecture: GuestArchitecture): Promise<void> {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch (cause) {
    throw new CryoscopeError('usage', `cannot read the script ${escapeText(path)}`, { cause })
  }
  const interpreter = shebang(text)
  if (text.subarray(0, 2).toString('latin1') !== '#!')
    text = Buffer.concat([Buffer.from('#!/bin/sh\n'), text])
  for (const word of interpreter ?? []) {
    const present = isGuestShell(word) || (word.startsWith('/') && tree.has(word))
    if (!present) await addProgram(tree, word, architecture)
  }
  tree.file(guestPaths.script, text, 0o755)
}
