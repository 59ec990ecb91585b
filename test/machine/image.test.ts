import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { buildImage, parseFilePair, writeImage } from '../../src/machine/image.js'
import { ImageTree } from '../../src/machine/image-tree.js'
import { failureLine, initScript, quote, runScript } from '../../src/machine/init-script.js'

const scratch = mkdtempSync(join(tmpdir(), 'cs-image-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const paths = (tree: ImageTree) => tree.entries().map(({ path }) => path)
const entry = (tree: ImageTree, path: string) => tree.entries().find((candidate) => candidate.path === path)

describe('ImageTree', () => {
  it('puts things through the links of its own tree', () => {
    const tree = new ImageTree()
    tree.directory('/usr/bin')
    tree.symlink('/bin', 'usr/bin')
    tree.file('/bin/tool', 'x')
    tree.symlink('/abs', '/bin')
    tree.file('/abs/other', 'y')
    tree.file('/new/deep/leaf', 'z')
    expect(paths(tree)).toEqual([
      ...[
        '/abs',
        '/bin',
        '/new',
        '/new/deep',
        '/new/deep/leaf',
        '/usr',
        '/usr/bin',
        '/usr/bin/other',
        '/usr/bin/tool',
      ],
    ])
    expect(tree.size).toBe(3)
  })

  it('copies directories with their links, permissions and everything below', () => {
    const host = join(scratch, 'tree')
    mkdirSync(join(host, 'sub'), { recursive: true })
    writeFileSync(join(host, 'sub/file'), 'bytes', { mode: 0o640 })
    symlinkSync('sub/file', join(host, 'link'))
    execFileSync('mkfifo', [join(host, 'pipe')])
    chmodSync(join(host, 'sub'), 0o700)
    const tree = new ImageTree()
    expect(tree.copy(host, '/data')).toEqual([join(host, 'pipe')])
    expect(entry(tree, '/data/sub')).toMatchObject({ kind: 'directory', permissions: 0o700 })
    expect(entry(tree, '/data/link')).toMatchObject({ kind: 'symlink', target: 'sub/file' })
    expect(entry(tree, '/data/sub/file')).toMatchObject({ permissions: 0o640, content: { size: 5 } })
    tree.copy(join(host, 'link'), '/alone')
    expect(entry(tree, '/alone')).toMatchObject({ kind: 'file', permissions: 0o640 })
  })

  it('keeps the links on the way to a host program, and lets it replace an applet', () => {
    const host = join(scratch, 'programs')
    mkdirSync(join(host, 'real'), { recursive: true })
    writeFileSync(join(host, 'real/tool-2'), 'program')
    symlinkSync('tool-2', join(host, 'real/tool'))
    symlinkSync('real', join(host, 'current'))
    const tree = new ImageTree()
    tree.symlink(join(host, 'current'), 'real')
    tree.symlink(join(host, 'real/tool'), 'busybox')
    tree.hostProgram(join(host, 'current/tool'))
    expect(entry(tree, join(host, 'current'))).toMatchObject({ target: 'real' })
    expect(entry(tree, join(host, 'real/tool'))).toMatchObject({ target: 'tool-2' })
    expect(entry(tree, join(host, 'real/tool-2'))).toMatchObject({ kind: 'file', content: { size: 7 } })
  })

  it('reads files of /proc, which say that they are empty', () => {
    const tree = new ImageTree()
    tree.copy('/proc/version', '/version')
    expect(tree.size).toBe(readFileSync('/proc/version').length)
  })

  it('refuses circles, files as directories and directories as files', () => {
    const tree = new ImageTree()
    tree.symlink('/a', 'b')
    tree.symlink('/b', 'a')
    expect(() => tree.file('/a/x', '')).toThrow('circle of symbolic links')
    tree.file('/f', '')
    expect(() => tree.file('/f/x', '')).toThrow('/f is not a directory in the guest')
    tree.directory('/d')
    expect(() => tree.file('/d', '')).toThrow('/d is a directory in the guest')
    const host = join(scratch, 'circle')
    mkdirSync(host)
    symlinkSync('two', join(host, 'one'))
    symlinkSync('one', join(host, 'two'))
    expect(() => tree.hostProgram(join(host, 'one'))).toThrow('circle of symbolic links')
    expect(() => tree.copy(join(scratch, 'missing'), '/m')).toThrow('cannot read')
  })
})

describe('buildImage', () => {
  it('holds busybox, init, programs with their libraries, and the files asked for', async () => {
    const script = join(scratch, 'tail.sh')
    writeFileSync(script, 'echo tail\n')
    const tree = await buildImage({
      hostname: 'guest',
      run: [['sha256sum', '/a b']],
      files: [`${script}:/etc/copy.sh`],
      script,
    })
    const all = paths(tree)
    for (const path of [
      '/init',
      '/dev/console',
      '/usr/bin/busybox',
      '/usr/bin/mount',
      '/etc/copy.sh',
      '/cryoscope/script',
    ]) {
      expect(all).toContain(path)
    }
    expect(entry(tree, '/usr/bin/sha256sum')).toMatchObject({ kind: 'file' })
    expect(all.some((path) => /\/ld-linux-x86-64\.so\.2$/.test(path))).toBe(true)
    expect(all.some((path) => /\/libc\.so\.6$/.test(path))).toBe(true)
    expect(entry(tree, '/cryoscope/run/0000')?.kind).toBe('file')
    for (const [path, text] of [['/cryoscope/script', '#!/bin/sh\necho tail\n']] as const) {
      const found = entry(tree, path)
      expect(
        found?.kind === 'file' &&
          found.content instanceof Uint8Array &&
          Buffer.from(found.content).toString(),
      ).toBe(text)
    }
    expect(all).toEqual([...all].sort((a, b) => (a < b ? -1 : 1)))
  })

  it('is the same archive every time, and plain or gzipped the same', async () => {
    const [first, second, zipped] = ['one', 'two', 'three'].map((name) => join(scratch, name)) as [
      string,
      string,
      string,
    ]
    await writeImage(await buildImage({ hostname: 'h' }), first)
    await writeImage(await buildImage({ hostname: 'h' }), second)
    await writeImage(await buildImage({ hostname: 'h' }), zipped, { gzip: true })
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true)
    expect(gunzipSync(readFileSync(zipped)).equals(readFileSync(first))).toBe(true)
    const list = spawnSync('busybox', ['cpio', '-t'], { input: readFileSync(first) })
    expect(list.status).toBe(0)
    expect(list.stdout.toString().split('\n')).toContain('init')
  })

  it('takes the interpreter of a script along', async () => {
    const script = join(scratch, 'with-perl')
    writeFileSync(script, '#!/usr/bin/env perl\nprint 1\n', { mode: 0o755 })
    expect(paths(await buildImage({ hostname: 'h', script }))).toContain('/usr/bin/perl')
    expect(paths(await buildImage({ hostname: 'h', run: [[script]] }))).toContain('/usr/bin/perl')
  })

  it.each([
    [{ run: [[]] }, '--run needs the name of a program'],
    [{ run: [['no-such-program-at-all']] }, 'there is no program no-such-program-at-all on PATH'],
    [{ run: [['./no/such/file']] }, 'there is no file ./no/such/file'],
    [{ run: [['/etc/passwd']] }, '/etc/passwd is not an executable file'],
    [{ files: ['only-one-part'] }, '--file takes HOST:GUEST'],
    [{ files: ['a:relative'] }, '--file takes HOST:GUEST'],
    [{ files: ['/no/such/file:/x'] }, 'cannot read /no/such/file'],
    [
      { files: ['/etc/passwd:/dev/shm/passwd'] },
      '/dev/shm/passwd cannot be put into the guest: its kernel has its own files below /dev',
    ],
    [{ files: ['/etc/passwd:/proc/x'] }, 'its own files below /proc'],
    [{ files: ['/etc/passwd:/usr'] }, '/usr is a directory in the guest'],
    [{ script: '/no/such/script' }, 'cannot read the script /no/such/script'],
  ])('says what is wrong with %j', async (options, sentence) => {
    await expect(buildImage({ hostname: 'h', ...options })).rejects.toThrow(sentence)
  })
})

describe('parseFilePair', () => {
  it('splits at the first colon before an absolute path', () => {
    expect(parseFilePair('a:b:/c:/d')).toEqual({ host: 'a:b', guest: '/c:/d' })
  })
})

describe('guest scripts', () => {
  const shell = (text: string) => spawnSync('busybox', ['sh', '-c', text])

  it('quote any word', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((word) => !/[\0\ud800-\udfff]/.test(word)),
          { maxLength: 4 },
        ),
        (words) => {
          const output = shell(`printf '%s\\0' x ${words.map(quote).join(' ')}`).stdout.toString()
          expect(output).toBe(['x', ...words].map((word) => `${word}\0`).join(''))
        },
      ),
      { numRuns: 40 },
    )
  })

  it('parse', () => {
    for (const text of [initScript("it's"), runScript(['/bin/x', "a'b"])]) {
      expect(spawnSync('busybox', ['sh', '-n'], { input: text }).stderr.toString()).toBe('')
    }
  })

  it('leave in sight what the image has below /tmp and /run', () => {
    const text = initScript('host')
    for (const place of ['/tmp', '/run', '/dev/shm']) {
      expect(text).toContain(`[ -n "$(ls -A ${place})" ] || mount -t tmpfs tmpfs ${place} ||`)
    }
  })

  it('tell how a program ended', () => {
    expect(shell(runScript(['true'])).stdout.toString()).toBe('cryoscope: true ended with status 0\n')
    expect(shell(runScript(['sh', '-c', 'exit 7'])).stdout.toString()).toBe(
      'cryoscope: sh ended with status 7\n',
    )
    expect(shell(runScript(['sh', '-c', 'kill -15 $$'])).stdout.toString()).toBe(
      'cryoscope: sh was killed by signal 15\n',
    )
    expect(shell(runScript(['/no/such'])).stdout.toString()).toBe(
      'cryoscope: such was not found in the guest\n',
    )
    expect(shell(runScript(['sh', '-c', 'exit 127'])).stdout.toString()).toMatch(
      /^cryoscope: sh could not be started in the guest: its interpreter or loader is not there/,
    )
  })

  it.each([
    ['cryoscope: true ended with status 0\n', undefined],
    ['cryoscope: guest ready\n', undefined],
    ['not cryoscope: x ended with status 3', undefined],
    ['a\ncryoscope: my prog ended with status 7\r\nb', ['my prog', 'ended with status 7']],
    ['cryoscope: the script ended with status 1\n', ['the script', 'ended with status 1']],
    ['cryoscope: sh was killed by signal 9\n', ['sh', 'was killed by signal 9']],
    ['cryoscope: such was not found in the guest\n', ['such', 'was not found in the guest']],
  ])('are read back: %j', (text, found) => {
    expect(failureLine.exec(text)?.slice(1)).toEqual(found)
  })
})
