import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readTypesFile } from '../../../src/ui/cli/types-file.js'
import { BtfBuilder } from '../../btf/builder.js'

const directory = mkdtempSync(join(tmpdir(), 'cs-types-'))
afterAll(() => rmSync(directory, { recursive: true }))

const builder = new BtfBuilder()
builder.int('int', 4, { signed: true })
const btf = builder.build()

/** An ELF file of 64 bits with one section, and the names of sections behind it. */
function elf(section: string, data: Uint8Array, type = 1): Buffer {
  const names = Buffer.from(`\0${section}\0.shstrtab\0`)
  const header = Buffer.alloc(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeUInt16LE(type, 16)
  header.writeUInt16LE(247, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(BigInt(64 + data.length + names.length), 40)
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(64, 58)
  header.writeUInt16LE(3, 60)
  header.writeUInt16LE(2, 62)
  const entry = (name: number, kind: number, offset: number, size: number): Buffer => {
    const bytes = Buffer.alloc(64)
    bytes.writeUInt32LE(name, 0)
    bytes.writeUInt32LE(kind, 4)
    bytes.writeBigUInt64LE(BigInt(offset), 24)
    bytes.writeBigUInt64LE(BigInt(size), 32)
    return bytes
  }
  const sections = [
    Buffer.alloc(64),
    entry(1, 1, 64, data.length),
    entry(2 + section.length, 3, 64 + data.length, names.length),
  ]
  return Buffer.concat([header, data, names, ...sections])
}

function file(name: string, content: Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

it.each([
  ['raw BTF', btf],
  ['an object', elf('.BTF', btf)],
  ['a vmlinux', elf('.BTF', btf, 2)],
])('reads %s', (_, content) => {
  expect(readTypesFile(file('types', content))?.find('int')?.kind).toBe('int')
})

it.each([
  ['a core', elf('.BTF', btf, 4)],
  ['text', Buffer.from('plain text that is long enough for a header')],
  ['an empty file', Buffer.alloc(0)],
])('leaves %s to whoever opens targets', (_, content) => {
  expect(readTypesFile(file('other', content))).toBeUndefined()
})

it('leaves guests and what is not there alone', () => {
  for (const target of ['@vm1', 'live', join(directory, 'nosuch'), directory]) {
    expect(readTypesFile(target)).toBeUndefined()
  }
})

it('says that an object has no types, and what is damaged', () => {
  expect(() => readTypesFile(file('plain', elf('.text', Buffer.alloc(8))))).toThrow(
    /plain has no BTF; compile it/,
  )
  expect(() => readTypesFile(file('cut', elf('.BTF', btf).subarray(0, 80)))).toThrow()
})
