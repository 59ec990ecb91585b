import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPackage, type Mirror, namedMirror } from '../../../src/machine/packages/debian-mirror.js'
import { fetchKernelPackage } from '../../../src/machine/packages/fetch.js'

const hasGpg = ['/usr/bin/gpg', '/usr/bin/gpgv'].every((path) => existsSync(path))
if (!hasGpg) console.warn('skipped: a signed archive needs gpg and gpgv (Debian: apt install gpg gpgv)')

describe.skipIf(!hasGpg)('a Debian mirror, without apt', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cs-mirror-'))
  const archive = join(scratch, 'archive')
  const dist = join(archive, 'dists/trixie')
  let server: Server
  let mirror: Mirror

  const gpg = (...words: string[]) =>
    execFileSync('gpg', ['--homedir', join(scratch, 'keys'), '--batch', '--yes', ...words], { stdio: 'pipe' })
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  /** A package of one file, as dpkg-deb makes them. */
  function makePackage(name: string, version: string, path: string, text: string): string {
    const root = join(scratch, `${name}-root`)
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
    const pool = join(archive, 'pool')
    mkdirSync(pool, { recursive: true })
    execFileSync('tar', ['-czf', join(scratch, 'data.tar.gz'), '-C', root, '.'])
    writeFileSync(join(scratch, 'debian-binary'), '2.0\n')
    const file = join(pool, `${name}.deb`)
    execFileSync('ar', ['rc', file, 'debian-binary', 'data.tar.gz'], { cwd: scratch })
    const fileSum = sum(readFileSync(file))
    return `Package: ${name}\nVersion: ${version}\nFilename: pool/${name}.deb\nSHA256: ${fileSum}\nDescription: x\n more\n`
  }

  function publish(...packages: string[]): void {
    const list = gzipSync(packages.join('\n'))
    mkdirSync(join(dist, 'main/binary-amd64'), { recursive: true })
    writeFileSync(join(dist, 'main/binary-amd64/Packages.gz'), list)
    const release = `Suite: trixie\nSHA256:\n ${sum(list)} ${list.length} main/binary-amd64/Packages.gz\n`
    writeFileSync(join(scratch, 'Release'), release)
    gpg('--clearsign', '--output', join(dist, 'InRelease'), join(scratch, 'Release'))
  }

  beforeAll(async () => {
    mkdirSync(join(scratch, 'keys'), { mode: 0o700 })
    gpg('--passphrase', '', '--quick-generate-key', 'test@localhost', 'ed25519', 'sign', 'never')
    writeFileSync(join(scratch, 'keyring.gpg'), gpg('--export'))
    publish(
      makePackage('linux-image-6.18.9-cloud-amd64', '6.18.9-1', 'boot/vmlinuz-6.18.9-cloud-amd64', 'old'),
      makePackage('linux-image-6.18.15-cloud-amd64', '6.18.15-1', 'boot/vmlinuz-6.18.15-cloud-amd64', 'new'),
    )
    server = createServer((request, response) => {
      const path = join(archive, decodeURIComponent(request.url ?? ''))
      if (existsSync(path)) response.end(readFileSync(path))
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    mirror = { uri: `http://127.0.0.1:${port}`, keyring: join(scratch, 'keyring.gpg') }
  })
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
    rmSync(scratch, { recursive: true })
  })

  const pattern = /linux-image-6\.18(\.[0-9]+)*-cloud-amd64/
  const wanted = { suites: ['trixie'], pattern, architecture: 'amd64' } as const

  it('gives the newest package that matches, whole', async () => {
    const directory = join(scratch, 'kernels/6.18')
    const said: string[] = []
    await fetchKernelPackage(mirror, wanted, directory, { onProgress: (sentence) => said.push(sentence) })
    expect(readFileSync(join(directory, 'vmlinuz'), 'utf8')).toBe('new')
    expect(readFileSync(join(directory, 'release'), 'utf8')).toBe('6.18.15-cloud-amd64\n')
    expect(said).toEqual(['fetching linux-image-6.18.15-cloud-amd64 6.18.15-1'])
  })

  it('says what is not there', async () => {
    expect(await findPackage(mirror, 'trixie', /nothing/, 'amd64')).toBeUndefined()
    await expect(findPackage(mirror, 'sid', pattern, 'amd64')).rejects.toThrow('the mirror answers 404')
    const none = { ...wanted, pattern: /linux-image-9/ }
    await expect(fetchKernelPackage(mirror, none, join(scratch, 'kernels/9'), {})).rejects.toThrow(
      'no package linux-image-9 for amd64 in suite trixie of the mirror',
    )
    expect(existsSync(join(scratch, 'kernels/9'))).toBe(false)
  })

  it('refuses what nobody signed, and what was changed afterwards', async () => {
    const found = await findPackage(mirror, 'trixie', pattern, 'amd64')
    writeFileSync(join(archive, 'pool/linux-image-6.18.15-cloud-amd64.deb'), 'changed')
    await expect(found?.fetch()).rejects.toThrow(
      'the checksum of linux-image-6.18.15-cloud-amd64 is not the signed one',
    )
    writeFileSync(join(dist, 'main/binary-amd64/Packages.gz'), 'changed')
    await expect(findPackage(mirror, 'trixie', pattern, 'amd64')).rejects.toThrow(
      'the package list of trixie is not',
    )
    const text = readFileSync(join(dist, 'InRelease'), 'utf8')
    writeFileSync(join(dist, 'InRelease'), text.replace('Suite: trixie', 'Suite: forged'))
    await expect(findPackage(mirror, 'trixie', pattern, 'amd64')).rejects.toThrow(
      'the signature of suite trixie',
    )
  })
})

describe('the mirror that a user names', () => {
  it('is an http URI with keys', () => {
    expect(namedMirror({})).toBeUndefined()
    expect(() => namedMirror({ CRYOSCOPE_DEBIAN_MIRROR: '/srv/debian' })).toThrow(
      'which is no http or https URI',
    )
    const named = {
      CRYOSCOPE_DEBIAN_MIRROR: 'http://mirror.example/debian/',
      CRYOSCOPE_DEBIAN_KEYRING: '/no/such',
    }
    expect(() => namedMirror(named)).toThrow('name the file in CRYOSCOPE_DEBIAN_KEYRING')
    const keyring = new URL(import.meta.url).pathname
    expect(namedMirror({ ...named, CRYOSCOPE_DEBIAN_KEYRING: keyring })).toEqual({
      uri: 'http://mirror.example/debian',
      keyring,
    })
  })
})
