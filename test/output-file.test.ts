import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../src/errors.js'
import { OutputFile, type OutputFileOptions, writeOutputFile } from '../src/output-file.js'

let directory: string
const at = (name: string): string => join(directory, name)
const modeOf = (name: string): number => statSync(at(name)).mode & 0o777

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-output-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function failure(path: string, options?: OutputFileOptions): Promise<CryoscopeError> {
  try {
    await writeOutputFile(path, ['text'], options)
  } catch (error) {
    if (error instanceof CryoscopeError) return error
    throw error
  }
  throw new Error('it was written')
}

describe('a regular file', () => {
  it('has its name only when it is whole, and its part a name that nobody knows', async () => {
    const file = await OutputFile.create(at('report.html'))
    file.write('one ')
    const [part = ''] = readdirSync(directory)
    expect(part).toMatch(/^\.report\.html\.[\w-]{12}\.part$/)
    file.write(Buffer.from('two'))
    file.keep()
    file.close()
    expect(readdirSync(directory)).toEqual(['report.html'])
    expect(readFileSync(at('report.html'), 'utf8')).toBe('one two')
    const other = await OutputFile.create(at('report.html'))
    expect(other.partPath).not.toContain(part)
    other.close()
  })

  it('that is given up leaves nothing, and what was there', async () => {
    writeFileSync(at('kept'), 'before')
    const work = async (): Promise<void> => {
      using file = await OutputFile.create(at('kept'))
      file.write('half')
      throw new Error('no more')
    }
    await expect(work()).rejects.toThrow('no more')
    expect(readdirSync(directory)).toEqual(['kept'])
    expect(readFileSync(at('kept'), 'utf8')).toBe('before')
  })

  it('is its owner’s alone where it is secret, also in the place of one that was not; others keep their mode', async () => {
    await writeOutputFile(at('secret'), ['a'], { isSecret: true })
    expect(modeOf('secret')).toBe(0o600)
    writeFileSync(at('open'), '')
    chmodSync(at('open'), 0o644)
    await writeOutputFile(at('open'), ['a'], { isSecret: true })
    expect(modeOf('open')).toBe(0o600)
    writeFileSync(at('group'), '')
    chmodSync(at('group'), 0o664)
    await writeOutputFile(at('group'), ['a'])
    expect(modeOf('group')).toBe(0o664)
    await writeOutputFile(at('new'), ['a'])
    expect(modeOf('new')).toBe(0o666 & ~process.umask())
  })

  it('is refused where it must be new', async () => {
    writeFileSync(at('old'), 'before')
    symlinkSync(at('nowhere'), at('link'))
    for (const name of ['old', 'link'])
      expect(await failure(at(name), { mustBeNew: true })).toMatchObject({
        code: 'usage',
        message: expect.stringMatching(/exists; give another name$/),
      })
    expect(readFileSync(at('old'), 'utf8')).toBe('before')
  })

  it('takes bytes in any order, and reads as zeros where none came', async () => {
    const file = await OutputFile.create(at('core'))
    file.writeAt(Buffer.from('end'), 5)
    file.writeAt(Buffer.from('ab'), 0)
    file.extend(10)
    expect(file.length).toBe(10)
    file.keep()
    expect(readFileSync(at('core'), 'latin1')).toBe('ab\0\0\0end\0\0')
  })

  it('takes any name', async () => {
    const long = 'ü'.repeat(127)
    await writeOutputFile(at(long), ['a'])
    expect(readdirSync(directory)).toEqual([long])
  })
})

describe('a link', () => {
  it('is followed and stays', async () => {
    mkdirSync(at('elsewhere'))
    writeFileSync(at('elsewhere/real'), 'before')
    linkSync(at('elsewhere/real'), at('twin'))
    symlinkSync('elsewhere/real', at('link'))
    await writeOutputFile(at('link'), ['after'])
    expect(readlinkSync(at('link'))).toBe('elsewhere/real')
    expect(readFileSync(at('elsewhere/real'), 'utf8')).toBe('after')
    // A hard link to the file that was there keeps what it had.
    expect(readFileSync(at('twin'), 'utf8')).toBe('before')
    expect(readdirSync(at('elsewhere'))).toEqual(['real'])
  })

  it('that leads nowhere is refused', async () => {
    symlinkSync('gone', at('link'))
    expect(await failure(at('link'))).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('leads nowhere'),
    })
    expect(readdirSync(directory)).toEqual(['link'])
  })
})

describe('a device or a pipe', () => {
  it('is written to and stays what it is: /dev/null, /dev/full', async () => {
    await writeOutputFile('/dev/null', ['a', 'b'])
    expect(await failure('/dev/full')).toMatchObject({
      code: 'environment',
      message: 'cannot write /dev/full: there is no room left; name a place with more',
    })
    for (const path of ['/dev/null', '/dev/full'])
      expect(lstatSync(path).isCharacterDevice(), path).toBe(true)
  })

  it('gets bytes in order, gaps as zeros, and nothing out of order', async () => {
    execFileSync('mkfifo', [at('pipe')])
    // Both ends at once do not wait for each other.
    const reader = openSync(at('pipe'), 'r+')
    try {
      const file = await OutputFile.create(at('pipe'))
      expect(file.isSeekable).toBe(false)
      expect(file.partPath).toBeUndefined()
      file.write('ab')
      file.writeAt(Buffer.from('c'), 4)
      expect(() => file.writeAt(Buffer.from('x'), 1)).toThrow('takes bytes only in order')
      file.extend(6)
      file.keep()
      const bytes = Buffer.alloc(16)
      const { readSync } = await import('node:fs')
      expect(bytes.subarray(0, readSync(reader, bytes)).toString('latin1')).toBe('ab\0\0c\0')
    } finally {
      closeSync(reader)
    }
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true)
  })

  it('by the number of a descriptor is that descriptor', async () => {
    const fd = openSync(at('log'), 'a')
    try {
      writeFileSync(fd, 'before ')
      await writeOutputFile(`/dev/fd/${fd}`, ['after'])
      writeFileSync(fd, ' end')
    } finally {
      closeSync(fd)
    }
    expect(readFileSync(at('log'), 'utf8')).toBe('before after end')
  })
})

it.skipIf(process.getuid?.() !== 0)('a full disk leaves nothing behind, and is told', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', directory])
  try {
    writeFileSync(at('old'), 'before')
    const piece = 'x'.repeat(16 * 1024)
    await expect(writeOutputFile(at('old'), [piece, piece, piece, piece, piece])).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(
        /there is no room left; name a place with more, and nothing of it is left behind$/,
      ),
    })
    expect(readdirSync(directory)).toEqual(['old'])
    expect(readFileSync(at('old'), 'utf8')).toBe('before')
  } finally {
    execFileSync('umount', [directory])
  }
})

describe('a place that cannot be meant', () => {
  it.each([
    ['a directory', () => directory, /is a directory; name a file in it$/],
    ['a directory that is not there', () => at('none/file'), /no such file or directory$/],
    ['a file as a directory', () => at('plain/file'), /not a directory$/],
    ['no name', () => '', /without a name/],
    ['escapes in the name', () => at('none\u001b[31m/x'), /none\\x1b\[31m/],
  ])('is told: %s', async (_what, path, message) => {
    writeFileSync(at('plain'), '')
    expect(await failure(path())).toMatchObject({ code: 'usage', message: expect.stringMatching(message) })
    expect(readdirSync(directory)).toEqual(['plain'])
  })

  it('is told: a socket', async () => {
    const server = createServer()
    await new Promise<void>((ready) => void server.listen(at('socket'), ready))
    try {
      expect(await failure(at('socket'))).toMatchObject({
        code: 'usage',
        message: expect.stringContaining('is a socket'),
      })
    } finally {
      server.close()
    }
  })
})
