import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import { decompress } from './decompress.js'

/** A Debian archive without apt. */
export interface Mirror {
  /** The URI that has `dists/` below it. */
  readonly uri: string
  /** The archive's public keys, as gpgv reads them. */
  readonly keyring: string
}

/** A package as a suite has it. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly fetch: (signal?: AbortSignal) => Promise<Buffer>
}

const usualKeyrings = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
]

/** The mirror that the user names: CRYOSCOPE_DEBIAN_MIRROR, with CRYOSCOPE_DEBIAN_KEYRING where its keys lie elsewhere. */
export function namedMirror(environment: NodeJS.ProcessEnv = process.env): Mirror | undefined {
  const uri = environment.CRYOSCOPE_DEBIAN_MIRROR
  if (uri === undefined || uri === '') return undefined
  if (!/^https?:\/\//.test(uri)) {
    throw new CryoscopeError(
      'usage',
      `CRYOSCOPE_DEBIAN_MIRROR is ${escapeText(uri)}, which is no http or https URI`,
    )
  }
  const keyring = environment.CRYOSCOPE_DEBIAN_KEYRING ?? usualKeyrings.find((path) => existsSync(path))
  if (keyring === undefined || !existsSync(keyring)) {
    throw new CryoscopeError(
      'environment',
      'nothing says which keys sign the Debian archive; install debian-archive-keyring, or name the file in CRYOSCOPE_DEBIAN_KEYRING',
    )
  }
  return { uri: uri.replace(/\/+$/, ''), keyring }
}

/**
 * The newest package of a suite whose whole name matches. The suite's list is believed when its checksum stands in an
 * InRelease file that one of the keys has signed, and the package when its checksum stands in the list.
 */
export async function findPackage(
  mirror: Mirror,
  suite: string,
  pattern: RegExp,
  architecture: string,
  signal?: AbortSignal,
): Promise<DebianPackage | undefined> {
  const directory = `${mirror.uri}/dists/${suite}`
  const release = await signedText(mirror, await download(`${directory}/InRelease`, signal), suite)
  const [sum, list] = listOf(release, `main/binary-${architecture}/Packages`)
  if (sum === undefined || list === undefined) return undefined
  const packed = checked(await download(`${directory}/${list}`, signal), sum, `the package list of ${suite}`)
  const text = (await decompress(packed, `the package list of ${suite}`)).toString('utf8')
  const whole = new RegExp(`^(?:${pattern.source})$`)
  const found = paragraphs(text).filter(({ Package: name = '' }) => whole.test(name))
  const [newest] = found.sort((a, b) => byNumbers(fromDigit(b.Package), fromDigit(a.Package)))
  const { Package: name, Version: version, Filename: file, SHA256: fileSum } = newest ?? {}
  if (name === undefined || version === undefined || file === undefined || fileSum === undefined)
    return undefined
  return {
    name,
    version,
    fetch: async (stop) => checked(await download(`${mirror.uri}/${file}`, stop), fileSum, name),
  }
}

async function download(address: string, signal?: AbortSignal): Promise<Buffer> {
  const fail = (why: string, cause?: unknown): never => {
    throw new CryoscopeError('environment', `cannot fetch ${escapeText(address)}: ${why}`, { cause })
  }
  try {
    const response = await fetch(address, signal === undefined ? {} : { signal })
    if (!response.ok) return fail(`the mirror answers ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    if (error instanceof CryoscopeError || signal?.aborted) throw error
    const cause = (error as Error).cause as Error | undefined
    return fail(escapeText(cause?.message ?? (error as Error).message), error)
  }
}

/** The signed text of an InRelease file, by gpgv. */
async function signedText({ keyring }: Mirror, file: Buffer, suite: string): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'cryoscope-release-'))
  try {
    const path = join(scratch, 'InRelease')
    writeFileSync(path, file)
    return await new Promise<string>((resolve, reject) => {
      const words = ['--keyring', keyring, '--output', '-', path]
      execFile('gpgv', words, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        if (error === null) return resolve(stdout)
        const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT'
        const why = isAbsent
          ? 'gpgv is not installed, which checks signatures (Debian: apt install gpgv)'
          : `the signature of suite ${suite} is not one of ${keyring}: ${escapeText(stderr.trim().split('\n').at(-1) ?? '')}`
        reject(new CryoscopeError('environment', why, { cause: error }))
      })
    })
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** The checksum and name of a list, packed as something here can unpack it. */
function listOf(release: string, name: string): [string, string] | [] {
  const sums = /^SHA256:\n((?: .*\n?)+)/m.exec(release)?.[1] ?? ''
  for (const ending of ['.gz', '.xz', '']) {
    const line = sums.split('\n').find((each) => each.endsWith(` ${name}${ending}`))
    const sum = line?.trim().split(/\s+/)[0]
    if (sum !== undefined) return [sum, `${name}${ending}`]
  }
  return []
}

function checked(bytes: Buffer, sum: string, what: string): Buffer {
  if (createHash('sha256').update(bytes).digest('hex') === sum) return bytes
  throw new CryoscopeError('environment', `the checksum of ${what} is not the signed one; try another mirror`)
}

/** Fields of the paragraphs of a list (deb822(5)); only what stands on a field's first line. */
function paragraphs(text: string): Record<string, string | undefined>[] {
  return text.split(/\n\n+/).map((paragraph) => {
    const fields: Record<string, string | undefined> = Object.create(null)
    for (const [, field = '', value] of paragraph.matchAll(/^([\w-]+): *(.*)$/gm)) fields[field] = value
    return fields
  })
}

/** So that linux-binary-7.3.5 is newer than linux-binary-unsigned-7.3.4. */
function fromDigit(name = ''): string {
  return name.replace(/^\D*/, '')
}

function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
