import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import { debianSource } from './apt-sources.js'
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
  /** Names of the packages that it depends on, of alternatives the first. */
  readonly needs: readonly string[]
  readonly fetch: (signal?: AbortSignal) => Promise<Buffer>
}

/** What a suite has for an architecture. */
export interface Suite {
  readonly name: string
  /** The newest package whose whole name matches. */
  find(pattern: RegExp): DebianPackage | undefined
}

const usualKeyrings = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
]

/**
 * The mirror to fetch from: the one that the user names in CRYOSCOPE_DEBIAN_MIRROR, else that of this machine's own
 * sources where it is a Debian. Each with its keys: those of CRYOSCOPE_DEBIAN_KEYRING, of the source, or where Debian's are
 * installed. Throws 'environment' when no mirror is named or no keys are here.
 */
export function findMirror(environment: NodeJS.ProcessEnv = process.env, root = '/'): Mirror {
  const { CRYOSCOPE_DEBIAN_MIRROR: named = '', CRYOSCOPE_DEBIAN_KEYRING: namedKeyring } = environment
  if (named !== '' && !/^https?:\/\//.test(named)) {
    throw new CryoscopeError(
      'usage',
      `CRYOSCOPE_DEBIAN_MIRROR is ${escapeText(named)}, which is no http or https URI`,
    )
  }
  const own = debianSource(root)
  const uri = named === '' ? own?.uri : named
  if (uri === undefined) {
    throw new CryoscopeError(
      'environment',
      "this machine's sources name no Debian mirror; name one in CRYOSCOPE_DEBIAN_MIRROR (its URI), or boot a kernel of your own: --kernel host, --kernel PATH",
    )
  }
  const usual = usualKeyrings.map((path) => join(root, path)).find((path) => existsSync(path))
  const keyring = namedKeyring ?? (named === '' ? own?.keyring : undefined) ?? usual
  if (keyring === undefined || !existsSync(keyring)) {
    throw new CryoscopeError(
      'environment',
      `${keyring === undefined ? 'nothing here says which keys sign the Debian archive' : `there is no file ${escapeText(keyring)} of the keys that sign the Debian archive`}; install what Debian calls debian-archive-keyring, or name a file of them in CRYOSCOPE_DEBIAN_KEYRING`,
    )
  }
  return { uri: uri.replace(/\/+$/, ''), keyring }
}

async function release(mirror: Mirror, suite: string, signal: AbortSignal | undefined): Promise<string> {
  return await signedText(mirror, await download(`${mirror.uri}/dists/${suite}/InRelease`, signal), suite)
}

/**
 * The list of a suite's packages. It is believed when its checksum stands in an InRelease file that one of the keys has signed,
 * and a package when its checksum stands in the list. Throws Absent for a suite that the mirror does not have.
 */
export async function openSuite(
  mirror: Mirror,
  suite: string,
  architecture: string,
  signal?: AbortSignal,
): Promise<Suite> {
  const [sum, list] = listOf(await release(mirror, suite, signal), `main/binary-${architecture}/Packages`)
  if (sum === undefined || list === undefined) return { name: suite, find: () => undefined }
  const address = `${mirror.uri}/dists/${suite}/${list}`
  const packed = checked(await download(address, signal), sum, `the package list of ${suite}`)
  const text = (await decompress(packed, `the package list of ${suite}`)).toString('utf8')
  const packages = paragraphs(text)
  return {
    name: suite,
    find(pattern) {
      const whole = new RegExp(`^(?:${pattern.source})$`)
      const found = packages.filter(({ Package: name = '' }) => whole.test(name))
      const [newest] = found.sort((a, b) => byNumbers(fromDigit(b.Package), fromDigit(a.Package)))
      return newest === undefined ? undefined : packageOf(mirror, newest)
    },
  }
}

function packageOf(mirror: Mirror, fields: Record<string, string | undefined>): DebianPackage | undefined {
  const { Package: name, Version: version, Filename: file, SHA256: sum } = fields
  if (name === undefined || version === undefined || file === undefined || sum === undefined) return undefined
  const needs = `${fields['Pre-Depends'] ?? ''},${fields.Depends ?? ''}`
    .split(',')
    .flatMap((need) => /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(need)?.[1] ?? [])
  const fetch = async (signal?: AbortSignal) =>
    checked(await download(`${mirror.uri}/${file}`, signal), sum, name)
  return { name, version, needs, fetch }
}

/** What the mirror does not have. */
export class Absent extends CryoscopeError {}

async function download(address: string, signal?: AbortSignal): Promise<Buffer> {
  const fail = (why: string, cause?: unknown): never => {
    throw new CryoscopeError('environment', `cannot fetch ${escapeText(address)}: ${why}`, { cause })
  }
  try {
    const response = await fetch(address, signal === undefined ? {} : { signal })
    if (response.status === 404) {
      throw new Absent('environment', `cannot fetch ${escapeText(address)}: the mirror answers 404`)
    }
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
