import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { arFiles, cpioFiles, rpmPayload, tarFiles } from '../../../src/machine/packages/archive.js'

const scratch = mkdtempSync(join(tmpdir(), 'cs-archives-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const long = `lib/modules/${'6.18-rc1/'.repeat(14)}x`
mkdirSync(join(scratch, 'tree', long), { recursive: true })
writeFileSync(join(scratch, 'tree', long, 'vmlinuz'), 'long')
writeFileSync(join(scratch, 'tree/tool'), 'run', { mode: 0o755 })
symlinkSync('tool', join(scratch, 'tree/alias'))

function tar(format: string): Buffer {
  return execFileSync('tar', [`--format=${format}`, '-C', join(scratch, 'tree'), '-cf', '-', '.'])
}

describe('tar archives', () => {
  it.each(['gnu', 'pax', 'ustar'])('of format %s are read with long names, modes and links', (format) => {
    const files = [...tarFiles(tar(format))].map(({ path, bytes, isExecutable, link }) => [
      path,
      bytes.toString(),
      isExecutable,
      link,
    ])
    expect(files.sort()).toEqual([
      ['alias', '', false, 'tool'],
      [`${long}/vmlinuz`, 'long', false, undefined],
      ['tool', 'run', true, undefined],
    ])
  })

  it('that are damaged end, and never give more than they have', () => {
    const whole = tar('gnu')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
        const damaged = Buffer.from(whole.subarray(0, length))
        if (at < damaged.length) damaged[at] = byte
        let sum = 0
        for (const { bytes } of tarFiles(damaged)) sum += bytes.length
        expect(sum).toBeLessThanOrEqual(damaged.length)
      }),
    )
  })
})

describe('ar archives', () => {
  it('give their members', () => {
    for (const [name, text] of [
      ['odd', 'abc'],
      ['even', 'abcd'],
    ] as const)
      writeFileSync(join(scratch, name), text)
    execFileSync('ar', ['rc', 'both.a', 'odd', 'even'], { cwd: scratch })
    const files = [...arFiles(readFileSync(join(scratch, 'both.a')))]
    expect(files.map(({ path, bytes }) => [path, bytes.toString()])).toEqual([
      ['odd', 'abc'],
      ['even', 'abcd'],
    ])
    expect([...arFiles(Buffer.from('!<arch>\nodd'))]).toEqual([])
  })
})

/** A member of a cpio archive in the new ASCII format. */
function member(name: string, mode: number, text: string): Buffer {
  const fields = [1, mode, 0, 0, 1, 0, text.length, 0, 0, 0, 0, name.length + 1, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  const padded = (part: string) => part + '\0'.repeat(-part.length & 3)
  return Buffer.from(padded(`${header}${name}\0`) + padded(text), 'latin1')
}

describe('RPM packages', () => {
  const payload = Buffer.concat([
    member('./lib/modules/7.1.fc44/vmlinuz', 0o100755, 'image'),
    member('./lib', 0o040755, ''),
    member('TRAILER!!!', 0, ''),
  ])

  it('have their payload behind the lead and two headers', () => {
    const header = (index: number, store: number) => {
      const bytes = Buffer.alloc(16 + index * 16 + store)
      bytes.writeUInt32BE(0x8eade801, 0)
      bytes.writeUInt32BE(index, 8)
      bytes.writeUInt32BE(store, 12)
      return bytes
    }
    const lead = Buffer.alloc(96)
    lead.writeUInt32BE(0xedabeedb, 0)
    const signature = header(2, 13)
    const filling = Buffer.alloc(-(96 + signature.length) & 7)
    const file = Buffer.concat([lead, signature, filling, header(3, 40), payload])
    expect(rpmPayload(file)).toEqual(payload)
    expect(rpmPayload(file.subarray(0, 130))).toBeUndefined()
    expect(rpmPayload(Buffer.from('no package at all'))).toBeUndefined()
  })

  it('hold a cpio archive', () => {
    const files = [...cpioFiles(payload)]
    expect(files.map(({ path, bytes, isExecutable }) => [path, bytes.toString(), isExecutable])).toEqual([
      ['lib/modules/7.1.fc44/vmlinuz', 'image', true],
    ])
    expect([...cpioFiles(payload.subarray(0, 130))]).toEqual([])
  })
})
