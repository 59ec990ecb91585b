import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { summarizeElf } from '../../src/machine/elf.js'
import { parseLibraryList, resolveProgram, shebang } from '../../src/machine/libraries.js'

const scratch = mkdtempSync(join(tmpdir(), 'cs-lib-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const reader = (bytes: Buffer) => (offset: number, length: number) => bytes.subarray(offset, offset + length)
const program = readFileSync('/bin/sh')

function executable(name: string, content: string | Buffer): string {
  const path = join(scratch, name)
  writeFileSync(path, content)
  chmodSync(path, 0o755)
  return path
}

describe('summarizeElf', () => {
  it('reads the interpreter of a dynamic program, and none of a static one', () => {
    expect(summarizeElf(reader(program))).toMatchObject({
      machine: 62,
      interpreter: '/lib64/ld-linux-x86-64.so.2',
    })
    const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(existsSync) ?? ''
    expect(summarizeElf(reader(readFileSync(busybox)))?.interpreter).toBe(undefined)
    expect(summarizeElf(reader(Buffer.from('#!/bin/sh\n')))).toBe(undefined)
  })

  it('survives damage anywhere in the headers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1 }),
        fc.nat(2000),
        (changes, length) => {
          const damaged = Buffer.from(program.subarray(0, length))
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value
          const summary = summarizeElf(reader(damaged))
          expect(summary === undefined || Number.isInteger(summary.machine)).toBe(true)
        },
      ),
    )
  })
})

describe('resolveProgram', () => {
  it('finds a program on PATH with its loader and libraries', async () => {
    const { program: path, files } = await resolveProgram('ls', { path: '/nowhere:/usr/bin' })
    expect(path).toBe('/usr/bin/ls')
    expect(files[0]).toBe(path)
    expect(files).toContain('/lib64/ld-linux-x86-64.so.2')
    expect(files.some((file) => file.endsWith('/libc.so.6'))).toBe(true)
    for (const file of files) expect(existsSync(file), file).toBe(true)
  })

  it('follows shebangs, through env too, but not to the shell that the guest has anyway', async () => {
    const perl = executable('perl-script', '#!/usr/bin/env -S perl -w\n')
    expect((await resolveProgram(perl)).files).toContain('/usr/bin/perl')
    const plain = executable('plain-script', '#!/bin/sh\n')
    expect((await resolveProgram(plain)).files).toEqual([plain])
  })

  it('refuses what cannot run in the guest', async () => {
    const text = executable('text', 'just text\n')
    await expect(resolveProgram(text)).rejects.toThrow('neither an ELF program nor a script')
    const missing = executable('missing', '#!/no/such/interpreter\n')
    await expect(resolveProgram(missing)).rejects.toThrow('there is no file /no/such/interpreter')
    const circle = executable('circle', `#!${join(scratch, 'circle')}\n`)
    await expect(resolveProgram(circle)).rejects.toThrow('interpret each other in a circle')
    const arm = Buffer.from(program)
    arm.writeUInt16LE(183, 18)
    await expect(resolveProgram(executable('arm', arm))).rejects.toThrow('is not a program for x86-64')
    await expect(resolveProgram(executable('x86', program), { architecture: 'arm64' })).rejects.toThrow(
      'is not a program for arm64',
    )
    // The libraries of the machine's own kind are none of its.
    const needy = Buffer.from(arm)
    needy.write('/lib64/ld-linux-cryoscope\0', needy.indexOf('/lib64/ld-linux'))
    await expect(resolveProgram(executable('needy', needy), { architecture: 'arm64' })).rejects.toThrow(
      'ld-linux-cryoscope for arm64, which is in none of',
    )
    const evil = Buffer.from(program)
    evil.write('/bin/echo\0', evil.indexOf('/lib64/ld-linux'))
    await expect(resolveProgram(executable('evil', evil))).rejects.toThrow(
      'asks for the unusual loader /bin/echo',
    )
  })
})

describe('shebang', () => {
  it('names the interpreter', () => {
    expect(shebang(Buffer.from('#! /bin/bash -e\nx'))).toEqual(['/bin/bash'])
    expect(shebang(Buffer.from('#!/usr/bin/env A=1 python3\n'))).toEqual(['/usr/bin/env', 'python3'])
    for (const text of ['', '#!', '#!\n', '#!relative\n', 'echo #!/bin/sh'])
      expect(shebang(Buffer.from(text))).toBe(undefined)
  })
})

describe('parseLibraryList', () => {
  it('reads what loaders print', () => {
    const text = `\tlinux-vdso.so.1 (0x00007ffd)
\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f00)
\tlibgone.so.3 => not found
\tlibc.so.6 => /lib/with space/libc.so.6 (0x00007f01)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)
\tldd (0x7f)
`
    expect(parseLibraryList(text)).toEqual({
      libraries: [
        '/lib/x86_64-linux-gnu/libz.so.1',
        '/lib/with space/libc.so.6',
        '/lib64/ld-linux-x86-64.so.2',
      ],
      missing: ['libgone.so.3'],
    })
  })
})
