import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CpioEntry, cpioArchive } from '../../src/machine/cpio.js'

const archive = (entries: readonly CpioEntry[]) => Buffer.concat([...cpioArchive(entries)])

interface Read {
  readonly name: string
  readonly mode: number
  readonly data: Buffer
}

/** A reader of its own: 13 fields of 8 hexadecimal digits after the magic, name and data padded to 4 bytes. */
function readBack(bytes: Buffer): Read[] {
  const entries: Read[] = []
  for (let at = 0; ; ) {
    expect(bytes.toString('latin1', at, at + 6)).toBe('070701')
    const field = (index: number) =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const name = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1)
    if (name === 'TRAILER!!!') return entries
    const data = (at + 110 + nameSize + 3) & ~3
    entries.push({ name, mode, data: bytes.subarray(data, data + size) })
    at = (data + size + 3) & ~3
  }
}

describe('cpioArchive', () => {
  it('writes the header that the kernel reads', () => {
    const bytes = archive([{ path: '/a', kind: 'file', permissions: 0o755, content: Buffer.from('hi') }])
    expect(bytes.length % 512).toBe(0)
    const fields = [
      '00000001',
      '000081ed',
      '0'.repeat(16),
      '00000001',
      '0'.repeat(8),
      '00000002',
      '0'.repeat(32),
    ]
    const name = ['00000002', '0'.repeat(8), 'a\0']
    expect(bytes.toString('latin1', 0, 116)).toBe(`070701${fields.join('')}${name.join('')}hi\0\0`)
  })

  it('gives each kind its mode, its links and its device, and permissions no more than their bits', () => {
    const fields = (entry: CpioEntry): number[] => {
      const bytes = archive([entry])
      return [1, 4, 9, 10].map((index) =>
        Number.parseInt(bytes.toString('latin1', 6 + index * 8, 14 + index * 8), 16),
      )
    }
    expect(fields({ path: '/d', kind: 'directory', permissions: 0o1777 })).toEqual([0o41777, 2, 0, 0])
    expect(fields({ path: '/l', kind: 'symlink', target: 'd' })).toEqual([0o120777, 1, 0, 0])
    const content = Buffer.from('x')
    expect(fields({ path: '/f', kind: 'file', permissions: 0o4755, content })).toEqual([0o104755, 1, 0, 0])
    // Bits of the kind in the permissions do not make another kind of it.
    expect(fields({ path: '/f', kind: 'file', permissions: 0o170644, content })).toEqual([0o100644, 1, 0, 0])
    const device = { path: '/c', kind: 'character-device', permissions: 0o600, major: 5, minor: 1 } as const
    expect(fields(device)).toEqual([0o20600, 1, 5, 1])
  })

  it('is understood by busybox', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cs-cpio-'))
    try {
      const big = join(directory, 'big')
      const content = Buffer.alloc(3_000_001, 'cryoscope ')
      writeFileSync(big, content)
      const bytes = archive([
        { path: '/d', kind: 'directory', permissions: 0o711 },
        {
          path: '/d/big',
          kind: 'file',
          permissions: 0o640,
          content: { hostPath: big, size: content.length },
        },
        { path: '/d/link', kind: 'symlink', target: 'big' },
        { path: '/ümlaut', kind: 'file', permissions: 0o600, content: Buffer.from('x') },
      ])
      const list = spawnSync('busybox', ['cpio', '-tv'], { input: bytes }).stdout.toString()
      expect(list).toMatch(/^drwx--x--x .* d$/m)
      expect(list).toMatch(/^-rw-r----- .* 3000001 .* d\/big$/m)
      expect(list).toMatch(/^lrwxrwxrwx .* d\/link -> big$/m)
      execFileSync('busybox', ['cpio', '-id'], {
        input: bytes,
        cwd: directory,
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      expect(readFileSync(join(directory, 'd/link')).equals(content)).toBe(true)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('gives the same bytes for the same entries, and every entry back', () => {
    const name = fc.stringMatching(/^[a-z.\u00e4-]{1,20}$/)
    const entry = fc.oneof(
      fc.record({ path: name, kind: fc.constant('directory' as const), permissions: fc.nat(0o7777) }),
      fc.record({ path: name, kind: fc.constant('symlink' as const), target: name }),
      fc.record({
        path: name,
        kind: fc.constant('file' as const),
        permissions: fc.nat(0o7777),
        content: fc.uint8Array(),
      }),
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 10 }), (entries) => {
        const bytes = archive(entries)
        expect(archive(entries).equals(bytes)).toBe(true)
        const back = readBack(bytes)
        expect(back.map(({ name }) => name)).toEqual(entries.map(({ path }) => path))
        for (const [index, written] of entries.entries()) {
          const data =
            written.kind === 'file'
              ? written.content
              : written.kind === 'symlink'
                ? Buffer.from(written.target)
                : []
          expect([...(back[index]?.data ?? [])]).toEqual([...data])
          if (written.kind !== 'symlink') expect((back[index]?.mode ?? 0) & 0o7777).toBe(written.permissions)
        }
      }),
    )
  })

  it('says when a file shrank, and when one is too large', () => {
    const hostPath = new URL(import.meta.url).pathname
    const size = readFileSync(hostPath).length
    const shrunk: CpioEntry = {
      path: '/x',
      kind: 'file',
      permissions: 0,
      content: { hostPath, size: size + 1 },
    }
    expect(() => archive([shrunk])).toThrow('shrank while it was read')
    const huge: CpioEntry = { path: '/x', kind: 'file', permissions: 0, content: { hostPath, size: 2 ** 32 } }
    expect(() => archive([huge])).toThrow('/x is larger than 4 GiB')
  })
})
