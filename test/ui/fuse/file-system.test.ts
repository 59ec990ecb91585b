import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { ContentCache, openBytes, streamedFile, wholeFile } from '../../../src/ui/files/content.js'
import { type Directory, type File, link } from '../../../src/ui/files/node.js'
import { section } from '../../../src/ui/files/section.js'
import { errnoOf } from '../../../src/ui/fuse/errno.js'
import { FileSystem } from '../../../src/ui/fuse/file-system.js'

const cache = new ContentCache()
const written: string[] = []

function root(): Directory {
  const broken = wholeFile(cache, () => {
    throw new CryoscopeError('unreadable', 'page not present at 0x1000')
  })
  const value: File = {
    kind: 'file',
    size: () => 3,
    open: () => openBytes(Buffer.from('old')),
    write: (text) => {
      if (text === 'bad') throw new CryoscopeError('usage', 'no')
      written.push(text)
    },
  }
  return section({
    title: 'Test',
    about: 'A tree.',
    commands: ['maps'],
    cache,
    entries: () => [
      [
        'hello',
        wholeFile(cache, () => 'hello\n', { about: 'a greeting', attributes: { 'cryoscope.type': 'int' } }),
      ],
      ['broken', broken],
      ['link', link('hello')],
      ['value', value],
      ['large', streamedFile(cache, () => Array.from({ length: 70 }, () => 'y'.repeat(65_536)))],
    ],
  })
}

function mounted({ writable = false, isFixed = true } = {}) {
  const source = {
    root: root(),
    generation: 1,
    time: new Date(0),
    isFixed,
    writable,
    ready: () => undefined,
    during: <T>(work: () => Promise<T>): Promise<T> => work(),
  }
  return { files: new FileSystem(source), source }
}

function failure(work: () => unknown): number {
  try {
    work()
  } catch (error) {
    return errnoOf(error)
  }
  throw new Error('it worked')
}

function contents(files: FileSystem, path: string): string {
  const { handle } = files.open(path, 0)
  const target = Buffer.alloc(1000)
  const text = target.toString('utf8', 0, files.read(handle, target, 0))
  files.release(handle)
  return text
}

describe('a file that was opened before the guest ran', () => {
  it('is read whole, past what the kernel takes for its end by then', () => {
    const { files, source } = mounted({ isFixed: false })
    const opened = files.open('/hello', 0)
    // The kernel asks for what was read, and not for what it believes the size to be, only of a direct file.
    expect(opened).toMatchObject({ isDirect: true, keepsCache: false })
    source.generation++
    const target = Buffer.alloc(1000)
    expect(target.toString('utf8', 0, files.read(opened.handle, target, 0))).toBe('hello\n')
  })

  it('is an error where the kernel keeps pages of it', () => {
    const { files, source } = mounted({ isFixed: true })
    const opened = files.open('/hello', 0)
    expect(opened).toMatchObject({ isDirect: false })
    source.generation++
    expect(failure(() => files.read(opened.handle, Buffer.alloc(10), 0))).toBe(-116)
  })
})

describe('file operations', () => {
  it('list, stat and read', () => {
    const { files } = mounted()
    expect(files.list('/')).toEqual(['README.md', 'hello', 'broken', 'link', 'value', 'large'])
    expect(files.status('/')).toMatchObject({ mode: 0o40500 })
    expect(files.status('/hello')).toMatchObject({ mode: 0o100400, size: 6 })
    expect(contents(files, '/hello')).toBe('hello\n')
    expect(files.linkTarget('/link')).toBe('hello')
    expect(files.attributes('/hello')).toEqual({ 'user.cryoscope.type': 'int' })
    expect(files.openCount).toBe(0)
  })

  it('list types of what is made, so that find asks for nothing more', () => {
    const lazy = section({
      title: 'Test',
      about: '',
      cache,
      entries: () => [
        ['made', root()],
        ['lazy', () => root()],
        ['link', link('made')],
      ],
    })
    const files = new FileSystem({ ...mounted().source, root: lazy })
    const types = { directory: 0o040000, file: 0o100000, link: 0o120000, unknown: 0 }
    const before = { names: ['README.md', 'made', 'lazy', 'link'] }
    expect(files.listTyped('/')).toEqual({
      ...before,
      types: [types.file, types.directory, types.unknown, types.link],
    })
    files.status('/lazy')
    expect(files.listTyped('/').types[2]).toBe(types.directory)
  })

  it('are for everybody when asked', () => {
    const { source } = mounted()
    const files = new FileSystem(source, { forAll: true })
    expect([files.status('/').mode, files.status('/hello').mode]).toEqual([0o40555, 0o100444])
  })

  it('describe the directory in README.md with the words of the command line', () => {
    const { files } = mounted()
    expect(contents(files, '/README.md')).toBe(
      '# Test\n\nA tree.\n\n- `hello`: a greeting\n\nOn the command line:\n\n- `cryoscope maps @vm1`: every BPF map\n',
    )
  })

  it('say EIO for what cannot be read, and why in a file beside it', () => {
    const { files } = mounted()
    expect(failure(() => files.status('/problems'))).toBe(-2)
    expect(files.status('/broken').size).toBe(0)
    expect(failure(() => files.open('/broken', 0))).toBe(-5)
    expect(files.list('/')).toContain('problems')
    expect(contents(files, '/problems')).toBe('broken: page not present at 0x1000\n')
  })

  it('have the right error numbers', () => {
    const { files } = mounted()
    expect(failure(() => files.status('/nothing'))).toBe(-2)
    expect(failure(() => files.status('/hello/x'))).toBe(-2)
    expect(failure(() => files.list('/hello'))).toBe(-20)
    expect(failure(() => files.open('/', 0))).toBe(-21)
    expect(failure(() => files.linkTarget('/hello'))).toBe(-22)
    expect(failure(() => files.open('/hello', 1))).toBe(-30)
    expect(failure(() => mounted({ writable: true }).files.open('/hello', 1))).toBe(-13)
    expect(failure(() => files.read(99, new Uint8Array(1), 0))).toBe(-9)
    expect(failure(() => files.refuse())).toBe(-30)
  })

  it.each([true, false])(
    'count a stream before it is opened (of a target that never changes: %s)',
    async (isFixed) => {
      const { files } = mounted({ isFixed })
      const size = 70 * 65_536
      expect(files.status('/large').size).toBe(0)
      await files.readyToOpen('/large')
      // The kernel is told that what it knows is old: by an error where it goes by that, else by a notice.
      if (isFixed) expect(failure(() => files.open('/large', 0))).toBe(-116)
      else expect(files.open('/large', 0)).toMatchObject({ hasNewSize: true })
      expect(files.status('/large').size).toBe(size)
      expect(files.open('/large', 0)).toMatchObject({ isDirect: !isFixed, hasNewSize: false })
      const { handle } = files.open('/large', 0)
      expect(files.read(handle, Buffer.alloc(2 ** 23), 0)).toBe(size)
      expect(files.readyToOpen('/large')).toBeUndefined()
      expect(files.readyToOpen('/hello')).toBeUndefined()
      expect(files.readyToOpen('/nothing')).toBeUndefined()
    },
  )

  it('hand on what is made to count a stream that never changes, and take its length for known then', async () => {
    const handed: Buffer[] = []
    const take = (bytes: Uint8Array, offset: number): boolean => {
      expect(offset).toBe(handed.reduce((sum, { length }) => sum + length, 0))
      return handed.push(Buffer.from(bytes)) < 100
    }
    const { files } = mounted()
    expect(files.status('/large').size).toBe(0)
    await files.readyToOpen('/large', take)
    expect(Buffer.concat(handed).equals(Buffer.alloc(70 * 65_536, 'y'))).toBe(true)
    for (const { length } of handed.slice(0, -1)) expect(length % 4096).toBe(0)
    expect(files.open('/large', 0)).toMatchObject({ isDirect: false, keepsCache: true, hasNewSize: false })

    // Who does not take the second part does not know the length.
    const other = mounted().files
    let asked = 0
    expect(other.status('/large').size).toBe(0)
    await other.readyToOpen('/large', () => ++asked < 2)
    expect([asked, failure(() => other.open('/large', 0))]).toEqual([2, -116])

    // What changes is read when it is asked for.
    const running = mounted({ isFixed: false }).files
    await running.readyToOpen('/large', () => {
      throw new Error('was handed on')
    })
    expect(running.open('/large', 0)).toMatchObject({ isDirect: true })
  })

  it('stop counting when the target has changed', async () => {
    const { files, source } = mounted({ isFixed: false })
    let pieces = 0
    const endless: File = {
      kind: 'file',
      size: () => undefined,
      *measure() {
        for (;;) {
          if (++pieces % 1000 === 0) source.generation++
          yield ''
        }
      },
      open: () => openBytes(Buffer.alloc(0)),
    }
    source.root = section({ title: 'Test', about: '', cache, entries: () => [['endless', endless]] })
    // Two that come at once wait for one count.
    const both = [files.readyToOpen('/endless'), files.readyToOpen('/endless')]
    expect(both[0]).toBeInstanceOf(Promise)
    expect(both[1]).toBe(both[0])
    await Promise.all(both)
    expect(pieces).toBeGreaterThan(1000)
  })

  it('open what has no size yet past the kernel’s cache', () => {
    const { files } = mounted()
    expect(files.open('/hello', 0)).toMatchObject({ isDirect: false, keepsCache: true })
    expect(files.open('/large', 0)).toMatchObject({ isDirect: true, keepsCache: false })
    expect(files.status('/large').size).toBe(0)
    const { handle } = files.open('/large', 0)
    const whole = Buffer.alloc(2 ** 23)
    const count = files.read(handle, whole, 0)
    expect(files.read(handle, whole, count)).toBe(0)
    // The kernel was told of no bytes: it would end there, if it were to keep pages now.
    expect(failure(() => files.open('/large', 0))).toBe(-116)
    expect(files.status('/large').size).toBe(count)
    expect(files.open('/large', 0)).toMatchObject({ isDirect: false, keepsCache: true })
  })

  it('tell the length of a file by each of its names', async () => {
    const large = streamedFile(cache, () => Array.from({ length: 70 }, () => 'y'.repeat(65_536)))
    const { files, source } = mounted()
    source.root = section({
      title: 'Test',
      about: '',
      cache,
      entries: () => [
        ['one', large],
        ['two', large],
      ],
    })
    expect([files.status('/one').size, files.status('/two').size]).toEqual([0, 0])
    await files.readyToOpen('/one')
    for (const path of ['/one', '/two']) {
      expect(failure(() => files.open(path, 0))).toBe(-116)
      expect(files.status(path).size).toBe(70 * 65_536)
      expect(files.open(path, 0)).toMatchObject({ isDirect: false })
    }
  })

  it('end a stream that the next stop has overtaken', () => {
    const { files, source } = mounted({ isFixed: false })
    const { handle: stream } = files.open('/large', 0)
    const { handle: whole } = files.open('/hello', 0)
    expect(files.read(stream, Buffer.alloc(10), 0)).toBe(10)
    source.generation++
    expect(failure(() => files.read(stream, Buffer.alloc(10), 10))).toBe(-116)
    expect(files.read(whole, Buffer.alloc(10), 0)).toBe(6)
  })

  it('write when the file is closed, pieces in any order', async () => {
    const { files } = mounted({ writable: true })
    const { handle } = files.open('/value', 1)
    await files.write(handle, Buffer.from('cd'), 2)
    await files.write(handle, Buffer.from('ab'), 0)
    expect(written).toEqual([])
    await files.flush(handle)
    await files.flush(handle)
    expect(written).toEqual(['abcd'])
    await files.write(handle, Buffer.from('bad'), 0)
    await expect(files.flush(handle)).rejects.toThrow('no')
    await expect(files.write(handle, Buffer.from('x'), 2 ** 30)).rejects.toThrow('EFBIG')
  })
})
