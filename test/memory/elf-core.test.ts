import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import type { Dump } from '../../src/memory/dump.js'
import { isElf, openElfCore } from '../../src/memory/elf-core.js'
import { buildElfCore, prstatusNote, qemuNote } from '../support/elf-core.js'

const KiB = 2 ** 10
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-core-'))
const path = join(directory, 'core')
afterAll(() => rmSync(directory, { recursive: true }))

/** Opens the bytes as a core, and closes it when `look` has seen it. */
function withCore<T>(bytes: Uint8Array, look: (core: Dump) => T): T {
  writeFileSync(path, bytes)
  const core = openElfCore(path)
  try {
    return look(core)
  } finally {
    core.memory.close()
  }
}

const count = (from: number, length: number): bigint[] =>
  Array.from({ length }, (_, i) => 0x1000n * BigInt(from) + BigInt(i))

const low = Uint8Array.from({ length: 12 * KiB }, (_, i) => i % 253)
const high = Uint8Array.from({ length: 8 * KiB }, (_, i) => i % 241)
const qemuState = {
  general: count(2, 18),
  segments: [
    [0x10, 1n],
    [0x2b, 2n],
    [0x2c, 3n],
    [0x2d, 0x7f0000001000n],
    [0x2e, 0xffff88801fc00000n],
    [0x18, 6n],
  ],
  control: [0x80050033n, 0n, 0xdeadn, 0x100000n, 0x370en],
} as const
const core = {
  loads: [
    { physical: 0, bytes: low },
    { physical: 0x100000000, bytes: high },
  ],
  notes: [
    // QEMU writes both of one moment: rip and rsp are the same in them.
    prstatusNote(count(1, 27).map((value, i) => (i === 16 ? 0x2010n : i === 19 ? 0x2006n : value))),
    prstatusNote(count(5, 27)),
    qemuNote({ ...qemuState, kernelGsBase: 0x1234n }),
    { name: 'VMCOREINFO', type: 0, data: Buffer.from('OSRELEASE=6.18\nPAGESIZE=4096\n\0\0') },
  ],
}

describe('openElfCore', () => {
  it('gives the memory of each segment', () => {
    withCore(buildElfCore(core), ({ memory, problems }) => {
      expect(problems).toEqual([])
      expect(memory.ranges).toEqual([
        { start: 0, length: 12 * KiB },
        { start: 0x100000000, length: 8 * KiB },
      ])
      expect(Buffer.compare(memory.read(asPhysical(0), 12 * KiB).bytes, low)).toBe(0)
      expect(Buffer.compare(memory.read(asPhysical(0x100000000), 8 * KiB).bytes, high)).toBe(0)
      expect(memory.read(asPhysical(12 * KiB), 1).ok).toBe(false)
      expect(memory.description).toBe(`ELF core ${path}`)
    })
  })

  it('gives the registers of each CPU from CORE notes, and more where QEMU notes are', () => {
    withCore(buildElfCore(core), ({ cpus }) => {
      const [first, second] = cpus.map(({ registers }) => registers)
      expect(cpus).toHaveLength(2)
      // QEMU's own note is the fuller one, and both are of the same moment.
      expect(first).toMatchObject({ rax: 0x2000n, rbx: 0x2001n, rsi: 0x2004n, rip: 0x2010n, eflags: 0x2011n })
      expect(first).toMatchObject({ cs: 0x10n, ds: 0x2bn, es: 0x2cn, fs: 0x2dn, gs: 0x2en, ss: 0x18n })
      expect(first).toMatchObject({ fs_base: 0x7f0000001000n, gs_base: 0xffff88801fc00000n })
      expect(first).toMatchObject({ cr0: 0x80050033n, cr2: 0xdeadn, cr3: 0x100000n, cr4: 0x370en })
      expect(first).toMatchObject({ kernel_gs_base: 0x1234n, orig_rax: 0x100fn })
      // struct user_regs_struct: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip …
      expect(second).toMatchObject({ r15: 0x5000n, rbx: 0x5005n, rax: 0x500an, rdi: 0x500en, rip: 0x5010n })
      expect(second).toMatchObject({
        cs: 0x5011n,
        eflags: 0x5012n,
        rsp: 0x5013n,
        ss: 0x5014n,
        fs_base: 0x5015n,
      })
      expect(second).toMatchObject({ gs_base: 0x5016n, ds: 0x5017n, es: 0x5018n, fs: 0x5019n, gs: 0x501an })
      expect(second).not.toHaveProperty('cr3')
    })
  })

  it('gives a QEMU note to the CPU that it is of, and to no other', () => {
    const notes = [core.notes[1], core.notes[0], core.notes[2]].flatMap((note) => note ?? [])
    withCore(buildElfCore({ ...core, notes }), ({ cpus }) => {
      expect(cpus.map(({ registers }) => registers.cr3)).toEqual([undefined, 0x100000n])
      expect(cpus.map(({ tables }) => tables)).toEqual([undefined, { tr: 0n, gdt: 0n }])
    })
  })

  it('makes do with QEMU notes alone, also with those of older versions', () => {
    withCore(buildElfCore({ ...core, notes: [qemuNote(qemuState)] }), ({ cpus }) => {
      expect(cpus).toHaveLength(1)
      expect(cpus[0]?.registers).toMatchObject({ rsp: 0x2006n, cr3: 0x100000n })
      expect(cpus[0]?.registers).not.toHaveProperty('kernel_gs_base')
    })
  })

  it('gives the text of VMCOREINFO, of the first such note', () => {
    const second = { name: 'VMCOREINFO', type: 0, data: Buffer.from('OSRELEASE=other\n') }
    withCore(buildElfCore({ ...core, notes: [...core.notes, second] }), ({ vmcoreinfo }) => {
      expect(vmcoreinfo).toBe('OSRELEASE=6.18\nPAGESIZE=4096\n')
    })
    withCore(buildElfCore({ ...core, notes: [] }), ({ vmcoreinfo, cpus }) => {
      expect(vmcoreinfo).toBeUndefined()
      expect(cpus).toEqual([])
    })
  })

  it('finds the number of program headers in section 0 when there are too many for the header', () => {
    withCore(buildElfCore({ ...core, extendedCount: true }), ({ memory, cpus, problems }) => {
      expect(problems).toEqual([])
      expect(cpus).toHaveLength(2)
      expect(memory.ranges).toHaveLength(2)
    })
  })

  it('reads program headers that are larger than those it knows', () => {
    withCore(buildElfCore({ ...core, entrySize: 72 }), ({ memory, cpus, problems }) => {
      expect(problems).toEqual([])
      expect(cpus).toHaveLength(2)
      expect(Buffer.compare(memory.read(asPhysical(0x100000000), 8 * KiB).bytes, high)).toBe(0)
    })
  })

  it('reads as much of a core as there is, wherever it is cut', () => {
    const whole = buildElfCore(core)
    const dataAt = whole.length - low.length - high.length
    const headersEnd = 64 + 3 * 56
    for (
      let length = 0;
      length <= whole.length;
      length += length < headersEnd ? 1 : length < dataAt ? 17 : 509
    ) {
      writeFileSync(path, whole.subarray(0, length))
      if (length < 64) {
        const sentence =
          length < 4 ? 'is not an ELF file' : 'is an ELF file that is cut short inside its header'
        expect(() => openElfCore(path)).toThrow(`${path} ${sentence}`)
        continue
      }
      withCore(whole.subarray(0, length), ({ memory, problems }) => {
        const held = memory.ranges.reduce((sum, range) => sum + range.length, 0)
        expect(held).toBe(Math.max(0, length - dataAt))
        if (length < whole.length) expect(problems).not.toEqual([])
        if (length >= dataAt) {
          const missing = whole.length - length
          const share = Math.min(99, Math.round((length / whole.length) * 100))
          const sentence = `${path} is cut short: it has ${share} % of its ${whole.length} bytes: ${missing} bytes of memory are missing, they read as absent`
          expect(problems).toEqual(missing === 0 ? [] : [sentence])
        }
        const read = memory.read(asPhysical(0), low.length)
        const whole4K = Math.floor(Math.min(held, low.length) / 4096) * 4096
        expect(Buffer.compare(read.bytes, low.subarray(0, whole4K))).toBe(0)
      })
    }
  })

  it('that ends inside its program headers has less than those that are there would make it', () => {
    const all = buildElfCore(core)
    // Of the first header, that of the notes, it is known where they end.
    const end = 64 + 3 * 56 + all.readUInt32LE(64 + 32)
    withCore(all.subarray(0, 64 + 56 + 10), ({ cut, problems }) => {
      expect(cut).toBe(
        `${path} is cut short inside its program headers, of which 1 of 3 are there: it has less than ${Math.ceil((130 / end) * 100)} % of its bytes`,
      )
      expect(problems).toContain(cut)
    })
  })

  it('holds no memory once closed', () => {
    writeFileSync(path, buildElfCore(core))
    const { memory } = openElfCore(path)
    memory.close()
    expect(memory.read(asPhysical(0), 16)).toMatchObject({ ok: false, problem: { kind: 'absent' } })
  })
})

describe('openElfCore refuses', () => {
  const changed = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = buildElfCore(core)
    change(bytes)
    return bytes
  }

  it.each<[string, Buffer, string]>([
    ['an empty file', Buffer.alloc(0), 'is not an ELF file'],
    ['text', Buffer.from('x'.repeat(500)), 'is not an ELF file'],
    ['32 bits', changed((bytes) => bytes.writeUInt8(1, 4)), 'is not a 64-bit little-endian ELF file'],
    ['big endian', changed((bytes) => bytes.writeUInt8(2, 5)), 'is not a 64-bit little-endian ELF file'],
    ['an executable', changed((bytes) => bytes.writeUInt16LE(2, 16)), 'not a core dump (type 2)'],
    ['riscv', changed((bytes) => bytes.writeUInt16LE(243, 18)), 'is a core of ELF machine 243'],
    ['short program headers', changed((bytes) => bytes.writeUInt16LE(32, 54)), 'program headers of 32 bytes'],
  ])('%s', (_, bytes, sentence) => {
    writeFileSync(path, bytes)
    const open = (): Dump => openElfCore(path)
    expect(open).toThrow(CryoscopeError)
    expect(open).toThrow(sentence)
  })

  it.each<[string, (bytes: Buffer) => void, string]>([
    ['program headers behind the end', (b) => b.writeBigUInt64LE(2n ** 63n, 32), '0 of 3 are there'],
    ['more program headers than fit', (b) => b.writeUInt16LE(0xfffe, 56), 'of 65534 are there'],
    ['an extended count that is nowhere', (b) => b.writeUInt16LE(0xffff, 56), 'of 65535 are there'],
    ['a segment behind the end', (b) => b.writeBigUInt64LE(2n ** 62n, 64 + 56 + 8), 'the file is damaged'],
    [
      'a segment at the end of all addresses',
      (b) => b.writeBigUInt64LE(2n ** 64n - 4096n, 64 + 56 + 24),
      'the file is damaged',
    ],
    ['a segment without end', (b) => b.writeBigUInt64LE(2n ** 64n - 1n, 64 + 56 + 32), 'the file is damaged'],
    ['a segment of 4 PiB', (b) => b.writeBigUInt64LE(2n ** 51n, 64 + 56 + 32), 'cut short'],
  ])('to believe %s, and says so', (_, change, sentence) => {
    withCore(changed(change), ({ problems, memory }) => {
      expect(problems.join('; ')).toContain(sentence)
      for (const { start, length } of memory.ranges)
        expect(memory.read(start, length).ok).toBe(length % 4096 === 0)
    })
  })

  const largest = 2n ** 52n
  it.each<[string, (bytes: Buffer) => void, (problems: readonly string[], bytes: number) => void]>([
    [
      'ends with the last address',
      (b) => b.writeBigUInt64LE(largest - BigInt(low.length), 64 + 56 + 24),
      (problems) => expect(problems).toEqual([]),
    ],
    [
      'ends one byte beyond it',
      (b) => b.writeBigUInt64LE(largest - BigInt(low.length) + 1n, 64 + 56 + 24),
      (problems) =>
        expect(problems).toEqual([
          `the file is damaged: ${low.length} bytes of memory are missing, they read as absent`,
        ]),
    ],
    [
      'begins where the file ends',
      (b) => b.writeBigUInt64LE(BigInt(b.length), 64 + 56 + 8),
      (problems, bytes) =>
        expect(problems).toEqual([
          expect.stringMatching(
            new RegExp(
              `has ${Math.round((bytes / (bytes + low.length)) * 100)} % of its ${bytes + low.length} bytes: ${low.length} bytes`,
            ),
          ),
        ]),
    ],
    [
      'ends where the largest file ends',
      (b) => b.writeBigUInt64LE(largest - BigInt(low.length), 64 + 56 + 8),
      (problems) =>
        expect(problems).toEqual([
          expect.stringMatching(`has 1 % of its ${largest} bytes: ${low.length} bytes of memory are missing`),
        ]),
    ],
    [
      'ends behind it',
      (b) => b.writeBigUInt64LE(largest - BigInt(low.length) + 1n, 64 + 56 + 8),
      (problems) =>
        expect(problems).toEqual([
          `the file is damaged: ${low.length} bytes of memory are missing, they read as absent`,
        ]),
    ],
  ])('nothing of a segment that can be: one that %s', (_, change, look) => {
    const bytes = changed(change)
    withCore(bytes, ({ problems, memory }) => {
      look(problems, bytes.length)
      const held = memory.ranges.reduce((sum, { length }) => sum + length, 0)
      expect(held).toBe(high.length + (problems.length === 0 ? low.length : 0))
    })
  })

  it('to copy gigabytes of program headers or notes', () => {
    // A sparse file of 64 GiB that is nothing but notes, or so it says.
    const fd = openSync(path, 'w')
    const claim = 2 ** 16
    const head = buildElfCore({ loads: [], extendedCount: true })
    head.writeUInt32LE(0xffffffff, head.length - 64 + 44)
    writeSync(fd, head)
    ftruncateSync(fd, 64 * 2 ** 30)
    const note = Buffer.alloc(56 * claim)
    for (let i = 0; i < claim; i++) {
      note.writeUInt32LE(4, i * 56)
      note.writeBigUInt64LE(BigInt(2 ** 32), i * 56 + 32)
    }
    head.writeBigUInt64LE(4096n, 32)
    writeSync(fd, head, 0, head.length, 0)
    writeSync(fd, note, 0, note.length, 4096)
    closeSync(fd)
    const before = process.memoryUsage().arrayBuffers
    const { memory, problems, cpus } = openElfCore(path)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 * 2 ** 20)
    expect(problems.join('; ')).toContain('claims 4294967295 program headers')
    expect(cpus).toEqual([])
    memory.close()
    rmSync(path)
  })

  it('notes whose sizes lead out of their segment, and reads those before', () => {
    const good = prstatusNote(count(1, 27))
    const bytes = buildElfCore({ ...core, notes: [good, good] })
    const second = bytes.length - low.length - high.length - 12 - 8 - 336
    for (const [at, size] of [
      [second, 0xffffffff],
      [second, 4096],
      [second + 4, 0xfffffffe],
      [second + 4, 337],
    ] as const) {
      const broken = Buffer.from(bytes)
      broken.writeUInt32LE(size, at)
      withCore(broken, ({ cpus }) => expect(cpus).toHaveLength(1))
    }
  })

  it('nothing else than with a sentence, whatever the bytes, and never reads wrong memory', () => {
    const whole = buildElfCore(core)
    const header = whole.length - low.length - high.length
    const flip = fc.tuple(fc.nat(header - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(flip, { maxLength: 12 }), fc.nat(whole.length), (flips, length) => {
        const bytes = Buffer.from(whole)
        for (const [at, value] of flips) bytes[at] = value
        writeFileSync(path, bytes.subarray(0, length))
        try {
          withCore(bytes.subarray(0, length), ({ memory, cpus }) => {
            for (const { start, length: size } of memory.ranges) {
              expect(size).toBeLessThanOrEqual(length)
              memory.read(start, size)
            }
            for (const { registers } of cpus) expect(typeof registers.rip).toBe('bigint')
          })
        } catch (error) {
          expect(error).toBeInstanceOf(CryoscopeError)
        }
      }),
      { numRuns: 250 },
    )
  })
})

it('isElf looks at the first four bytes', () => {
  expect(isElf(Buffer.from('\x7fELF\x02', 'latin1'))).toBe(true)
  for (const other of ['\x7fEL', '\x7fELG', 'ELF\x7f', ''])
    expect(isElf(Buffer.from(other, 'latin1'))).toBe(false)
})
