import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findMirror, type Mirror, openSuite } from '../../../src/machine/packages/debian-mirror.js'
import {
  fetchKernelPackage,
  fetchToolPackages,
  findKernelPackage,
} from '../../../src/machine/packages/fetch.js'

const hasGpg = ['/usr/bin/gpg', '/usr/bin/gpgv'].every((path) => existsSync(path))
if (!hasGpg) console.warn('skipped: a signed archive needs gpg and gpgv (Debian: apt install gpg gpgv)')

describe.skipIf(!hasGpg)('a Debian mirror, without apt', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cs-mirror-'))
  const archive = join(scratch, 'archive')
  const dist = join(archive, 'dists/trixie')
  const find = async (suite: string, pattern: RegExp) =>
    (await openSuite(mirror, suite, 'amd64')).find(pattern)
  let server: Server
  let mirror: Mirror

  const gpg = (...words: string[]) =>
    execFileSync('gpg', ['--homedir', join(scratch, 'keys'), '--batch', '--yes', ...words], { stdio: 'pipe' })
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  /** A package of one file, as dpkg-deb makes them. */
  function makePackage(name: string, version: string, path: string, text: string, needs = ''): string {
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
    return `Package: ${name}\nVersion: ${version}\nFilename: pool/${name}.deb\nSHA256: ${fileSum}\n${needs}Description: x\n more\n`
  }

  function publish(suite: string, ...packages: string[]): void {
    const dist = join(archive, 'dists', suite)
    const list = gzipSync(packages.join('\n'))
    mkdirSync(join(dist, 'main/binary-amd64'), { recursive: true })
    writeFileSync(join(dist, 'main/binary-amd64/Packages.gz'), list)
    const release = `Suite: ${suite}\nSHA256:\n ${sum(list)} ${list.length} main/binary-amd64/Packages.gz\n`
    writeFileSync(join(scratch, 'Release'), release)
    gpg('--clearsign', '--output', join(dist, 'InRelease'), join(scratch, 'Release'))
  }

  beforeAll(async () => {
    mkdirSync(join(scratch, 'keys'), { mode: 0o700 })
    gpg('--passphrase', '', '--quick-generate-key', 'test@localhost', 'ed25519', 'sign', 'never')
    writeFileSync(join(scratch, 'keyring.gpg'), gpg('--export'))
    publish(
      'trixie',
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
    expect(await find('trixie', /nothing/)).toBeUndefined()
    await expect(find('sid', pattern)).rejects.toThrow('the mirror answers 404')
    const none = { ...wanted, pattern: /linux-image-9/ }
    await expect(fetchKernelPackage(mirror, none, join(scratch, 'kernels/9'), {})).rejects.toThrow(
      'no package linux-image-9 for amd64 in suite trixie of the mirror',
    )
    expect(existsSync(join(scratch, 'kernels/9'))).toBe(false)
  })

  it('is asked for a kernel by each suite, of which it may lack some', async () => {
    const directory = join(scratch, 'kernels/other')
    const { suite, found } = await findKernelPackage(mirror, { ...wanted, suites: ['sid', 'trixie'] })
    expect([suite.name, found.name]).toEqual(['trixie', 'linux-image-6.18.15-cloud-amd64'])
    await fetchKernelPackage(mirror, { ...wanted, suites: ['sid', 'trixie'] }, directory, {})
    expect(readFileSync(join(directory, 'release'), 'utf8')).toBe('6.18.15-cloud-amd64\n')
    const none = { ...wanted, suites: ['trixie', 'sid'], pattern: /linux-image-9/ }
    await expect(fetchKernelPackage(mirror, none, directory, {})).rejects.toThrow(
      /no package linux-image-9 for amd64 in suite trixie or sid of the mirror \(.*404\)$/,
    )
  })

  it('gives tools with the libraries that they need, by the first suite that has them', async () => {
    publish(
      'stable',
      makePackage(
        'bpftool',
        '7.7',
        'usr/sbin/bpftool',
        'program',
        'Depends: libc6 (>= 2.38), libssl3t64 (>= 3.0) | libssl9, debconf\n',
      ),
      makePackage('busybox-static', '1.37', 'usr/bin/busybox', 'program'),
      makePackage('libc6', '2.41', 'usr/lib/libc.so.6', '', 'Pre-Depends: debconf\nDepends: libstdc++6\n'),
      makePackage('libssl3t64', '3.5', 'usr/lib/libcrypto.so.3', '', 'Depends: libc6\n'),
      makePackage('libstdc++6', '14', 'usr/lib/libstdc++.so.6', ''),
      makePackage('libunneeded', '1', 'usr/lib/libunneeded.so', ''),
      makePackage('debconf', '1', 'usr/bin/debconf', ''),
    )
    const directory = join(scratch, 'tools')
    await fetchToolPackages(mirror, 'amd64', directory, {})
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    expect(files.filter((path) => statSync(join(directory, path)).isFile()).sort()).toEqual([
      'usr/bin/busybox',
      'usr/lib/libc.so.6',
      'usr/lib/libcrypto.so.3',
      'usr/lib/libstdc++.so.6',
      'usr/sbin/bpftool',
    ])
    // A mirror that has one and not the other.
    publish('stable', makePackage('bpftool', '7.7', 'usr/sbin/bpftool', 'program'))
    await expect(fetchToolPackages(mirror, 'amd64', directory, {})).rejects.toThrow(
      'the mirror has no package busybox-static',
    )
    expect(existsSync(join(directory, 'usr/bin/busybox'))).toBe(true)
  })

  it('refuses what nobody signed, and what was changed afterwards', async () => {
    const found = await find('trixie', pattern)
    writeFileSync(join(archive, 'pool/linux-image-6.18.15-cloud-amd64.deb'), 'changed')
    await expect(found?.fetch()).rejects.toThrow(
      'the checksum of linux-image-6.18.15-cloud-amd64 is not the signed one',
    )
    writeFileSync(join(dist, 'main/binary-amd64/Packages.gz'), 'changed')
    await expect(find('trixie', pattern)).rejects.toThrow('the package list of trixie is not')
    const text = readFileSync(join(dist, 'InRelease'), 'utf8')
    writeFileSync(join(dist, 'InRelease'), text.replace('Suite: trixie', 'Suite: forged'))
    await expect(find('trixie', pattern)).rejects.toThrow('the signature of suite trixie')
  })
})

describe('which mirror is asked', () => {
  const root = mkdtempSync(join(tmpdir(), 'cs-sources-'))
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const keyring = join(root, 'usr/share/keyrings/debian-archive-keyring.gpg')
  const find = (environment: NodeJS.ProcessEnv = {}) => findMirror(environment, root)
  afterAll(() => rmSync(root, { recursive: true }))
  beforeEach(() => {
    rmSync(root, { recursive: true })
    write('etc/os-release', 'NAME="Debian"\nID=debian\nVERSION_CODENAME=trixie\n')
    write('usr/share/keyrings/debian-archive-keyring.gpg', '')
  })

  it('is the one that the user names, an http URI with keys', () => {
    const named = { CRYOSCOPE_DEBIAN_MIRROR: 'http://mirror.example/debian/' }
    write('etc/apt/sources.list', 'deb [signed-by=/own.gpg] http://own.example/debian trixie main\n')
    expect(find(named)).toEqual({ uri: 'http://mirror.example/debian', keyring })
    const own = new URL(import.meta.url).pathname
    expect(find({ ...named, CRYOSCOPE_DEBIAN_KEYRING: own }).keyring).toBe(own)
    expect(() => find({ CRYOSCOPE_DEBIAN_MIRROR: '/srv/debian' })).toThrow('which is no http or https URI')
    expect(() => find({ CRYOSCOPE_DEBIAN_KEYRING: '/no/such' })).toThrow(
      /^there is no file \/no\/such .*, or name a file of them in CRYOSCOPE_DEBIAN_KEYRING$/,
    )
  })

  it.each([
    [
      'a line',
      'sources.list',
      '# deb http://not.example trixie main\ndeb http://own.example/debian/ trixie main contrib # x\n',
    ],
    ['options', 'sources.list.d/a.list', 'deb [arch=amd64] http://own.example/debian stable main\n'],
    [
      'a paragraph',
      'sources.list.d/debian.sources',
      'Types: deb deb-src\n# URIs: http://not.example\nURIs: http://own.example/debian\nSuites: trixie\n trixie-updates\nComponents: main\n',
    ],
    [
      'a list of mirrors',
      'sources.list.d/debian.sources',
      'Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie\nComponents: main\n',
    ],
  ])('is that of a Debian’s own sources: %s', (_, name, text) => {
    write(`etc/apt/${name}`, text)
    write(
      'etc/apt/mirrors/debian.list',
      '# near\nhttp://own.example/debian\tpriority:1\nhttp://other.example\n',
    )
    expect(find()).toEqual({ uri: 'http://own.example/debian', keyring })
  })

  it.each([
    ['another archive', 'deb http://not.example nodistro main\n', 'a.list'],
    ['sources alone', 'deb-src http://not.example trixie main\n', 'a.list'],
    ['another component', 'deb http://not.example trixie contrib # main\n', 'a.list'],
    ['a disc', 'deb cdrom:[x]/ trixie main\n', 'a.list'],
    [
      'what is switched off',
      'Enabled: no\nTypes: deb\nURIs: http://not.example\nSuites: trixie\nComponents: main\n',
      'a.sources',
    ],
    ['another kind of file', 'deb http://not.example trixie main\n', 'a.list.save'],
  ])('is asked for where sources name only %s', (_, text, name) => {
    write(`etc/apt/sources.list.d/${name}`, text)
    expect(() => find()).toThrow(
      "this machine's sources name no Debian mirror; name one in CRYOSCOPE_DEBIAN_MIRROR (its URI), or boot a kernel of your own: --kernel host, --kernel PATH",
    )
  })

  it('is asked for on other distributions, and so are its keys where they are not installed', () => {
    write('etc/os-release', 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n')
    write('etc/apt/sources.list', 'deb http://archive.example/ubuntu noble main\n')
    expect(() => find()).toThrow("this machine's sources name no Debian mirror")
    const named = { CRYOSCOPE_DEBIAN_MIRROR: 'http://mirror.example/debian' }
    expect(find(named)).toEqual({ uri: 'http://mirror.example/debian', keyring })
    rmSync(keyring)
    expect(() => find(named)).toThrow(
      'nothing here says which keys sign the Debian archive; install what Debian calls debian-archive-keyring',
    )
  })

  it('brings the keys that a source names', () => {
    const own = join(root, 'own.gpg')
    writeFileSync(own, '')
    write('etc/apt/sources.list', `deb [arch=amd64 signed-by=${own}] http://own.example/debian trixie main\n`)
    expect(find().keyring).toBe(own)
    rmSync(join(root, 'etc/apt/sources.list'))
    write(
      'etc/apt/sources.list.d/debian.sources',
      `Types: deb\nURIs: http://own.example/debian\nSuites: trixie\nComponents: main\nSigned-By: ${own}\n`,
    )
    expect(find().keyring).toBe(own)
  })
})
