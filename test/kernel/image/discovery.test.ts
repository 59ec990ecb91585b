import { describe, expect, it } from 'vitest'
import { asPhysical, asPosition } from '../../../src/brands.js'
import { CryoscopeError } from '../../../src/errors.js'
import { prove } from '../../../src/kernel/image/discovery.js'
import { ScanBudget, VmcoreInfo, vmcoreInfoIn } from '../../../src/kernel/image/vmcoreinfo.js'
import { Kernel } from '../../../src/kernel/kernel.js'
import type { PhysicalMemory } from '../../../src/memory/types.js'
import { ArrayMemory } from '../../support/array-memory.js'
import { HoledMemory } from '../../support/holed-memory.js'
import { KernelGuest, noteBytes } from '../../support/kernel-guest.js'

/** The text of the guest's own note. */
function ownText(guest: KernelGuest): string {
  const page = Buffer.from(guest.memory.bytes.subarray(guest.notePhysical, guest.notePhysical + 4096))
  return page.toString('latin1', 24, 24 + page.readUInt32LE(4))
}

/** What looking for a kernel says when there is none. */
function refusal(memory: PhysicalMemory): string {
  try {
    Kernel.find(memory)
  } catch (error) {
    expect(error).toBeInstanceOf(CryoscopeError)
    expect(error).toMatchObject({ code: 'unreadable' })
    return (error as CryoscopeError).message
  }
  throw new Error('a kernel was found')
}

describe.each([4, 5] as const)('a kernel with page tables of %i levels', (levels) => {
  it.each(['relative', 'prel32', 'absolute-percpu'] as const)('is found, with %s symbols', (encoding) => {
    const guest = new KernelGuest({ levels, encoding })
    const answer = guest.global('answer', 8)
    guest.u64(answer, 42n)
    const kernel = guest.kernel()
    expect(kernel.release).toBe('6.99.0-test')
    expect(kernel.symbol('answer')).toBe(answer)
    expect(kernel.space.u64(answer)).toBe(42n)
    expect(kernel.space.levels).toBe(levels)
    expect(kernel.evidence.join('; ')).toContain(`note at 0x${guest.notePhysical.toString(16)}`)
    expect(kernel.evidence.join('; ')).toContain(`${levels} levels`)
    expect(kernel.evidence.join('; ')).toContain(`${guest.symbols.length} from kallsyms`)
  })
})

describe('a hole in the tables of the direct map', () => {
  const base = 0xffff888000000000n

  /** A kernel that maps all memory in a row; the note is kept by its address there. */
  function direct({ said = base, level = 2 } = {}) {
    const guest = new KernelGuest()
    guest.u64(guest.global('page_offset_base', 8), said)
    const { length } = guest.memory.bytes
    for (let at = 0; at < length; at += 4096) guest.map(base + BigInt(at), asPhysical(at))
    const lost = guest.frame()
    guest.finish()
    const note = guest.symbols.find(({ name }) => name === 'vmcoreinfo_note')?.address as bigint
    guest.u64(note, base + BigInt(guest.notePhysical))
    guest.unmap(base + BigInt(lost))
    const table = Math.floor(guest.entryAt(base, level) / 4096)
    const holed = new HoledMemory(guest.memory, (frame) => frame === table)
    return { guest, holed, lost, length, text: ownText(guest) }
  }

  it.each([2, 1, 0])('of level %i is bridged, which is said', (level) => {
    const { guest, holed, length, text } = direct({ level })
    for (const help of [{}, { vmcoreinfo: text }]) {
      const kernel = Kernel.find(holed, help)
      expect(kernel.space.u64(base + 8n)).toBe(guest.memory.view.getBigUint64(8, true))
      expect(kernel.space.u64(base + BigInt(guest.notePhysical) + 24n)).toBe(
        guest.memory.view.getBigUint64(guest.notePhysical + 24, true),
      )
      expect(kernel.problems.sentences).toEqual([
        expect.stringMatching(/^page tables: some of the direct map are not in this memory/),
      ])
      // No frame that memory does not have.
      expect(kernel.space.translate(base + 2n ** 30n * 512n)).toHaveProperty('problem')
      expect(kernel.space.translate(base - 4096n)).toHaveProperty('problem')
      expect(length % 4096).toBe(0)
    }
  })

  it('leaves no page where it was once memory has moved it', () => {
    const { guest, holed } = direct({ level: 0 })
    const { space } = Kernel.find(holed)
    const { view } = guest.memory
    const word = (frame: number): bigint => view.getBigUint64(frame * 4096 + 8, true)
    view.setBigUint64(2 * 4096 + 8, word(1) + 1n, true)
    guest.memory.generation++
    expect(space.u64(base + 8n)).toBe(word(0))
    expect(space.u64(base + 4096n + 8n)).toBe(word(1))
    const locate = guest.memory.locate.bind(guest.memory)
    guest.memory.locate = (frame) => locate(frame === 1 ? 2 : frame)
    guest.memory.generation++
    expect(space.u64(base + 8n)).toBe(word(0))
    expect(space.u64(base + 4096n + 8n)).toBe(word(2))
  })

  it('is none where the tables are there, and what they do not map stays so', () => {
    const { guest, lost } = direct()
    const kernel = Kernel.find(guest.memory)
    expect(kernel.space.u64(base + 8n)).toBe(guest.memory.view.getBigUint64(8, true))
    expect(kernel.space.translate(base + BigInt(lost))).toMatchObject({ problem: { kind: 'not-present' } })
    expect(kernel.problems.none).toBe(true)
  })

  it('leaves no kernel where the place of the note does not prove the base', () => {
    const { holed, text } = direct({ said: base - 4096n })
    expect(refusal(holed)).toMatch(/vmcoreinfo_note leads nowhere/)
    expect(() => Kernel.find(holed, { vmcoreinfo: text })).toThrow(/vmcoreinfo_note leads nowhere/)
  })
})

describe('discovery', () => {
  it('is not taken in by a copy with a valid header that comes first', () => {
    const guest = new KernelGuest()
    guest.finish()
    guest.memory.bytes.set(noteBytes(ownText(guest)), 0x4000)
    const kernel = Kernel.find(guest.memory)
    expect(kernel.info.physical).toBe(guest.notePhysical)
    expect(Kernel.find(guest.memory, { noteAt: asPhysical(0x4000) }).info.physical).toBe(guest.notePhysical)
  })

  it('refuses a stale copy when the note itself is gone', () => {
    const guest = new KernelGuest()
    guest.finish()
    guest.memory.bytes.set(noteBytes(ownText(guest)), 0x4000)
    guest.memory.bytes.fill(0, guest.notePhysical, guest.notePhysical + 4096)
    expect(refusal(guest.memory)).toContain('1 notes refused: note at 0x4000: a stale copy')
  })

  it('passes over notes of other kernels', () => {
    const guest = new KernelGuest()
    guest.finish()
    const text = ownText(guest)
    const decoys = [
      text.replace(/SYMBOL\(swapper_pg_dir\)=.*\n/, ''),
      text.replace(/NUMBER\(phys_base\)=.*\n/, 'NUMBER(phys_base)=4096\n'),
      text.replace(/(SYMBOL\(_stext\)=f*84)/, '$11'),
      text.replace(/SYMBOL\(kallsyms_num_syms\)=.*\n/, ''),
    ]
    for (const [i, decoy] of decoys.entries()) guest.memory.bytes.set(noteBytes(decoy), 0x4000 + i * 4096)
    expect(Kernel.find(guest.memory).info.physical).toBe(guest.notePhysical)

    guest.memory.bytes.fill(0, guest.notePhysical, guest.notePhysical + 4096)
    const message = refusal(guest.memory)
    expect(message).toContain('4 notes refused')
    expect(message).toContain('names no page tables of x86-64')
  })

  it('looks at no more than 64 notes', () => {
    const guest = new KernelGuest()
    guest.finish()
    const decoy = noteBytes('OSRELEASE=decoy\n')
    for (let i = 0; i < 80; i++) guest.memory.bytes.set(decoy, 0x4000 + i * 4096)
    expect(refusal(guest.memory)).toContain('64 notes refused')
  })

  it('takes the hint when it proves itself', () => {
    const guest = new KernelGuest()
    guest.finish()
    const { notePhysical: noteAt } = guest
    expect(Kernel.find(guest.memory, { noteAt: asPhysical(noteAt) }).info.physical).toBe(noteAt)
  })

  it("takes the dump's own note, when memory bears it out", () => {
    const guest = new KernelGuest()
    guest.finish()
    const vmcoreinfo = ownText(guest)
    const kernel = Kernel.find(guest.memory, { vmcoreinfo })
    expect(kernel.info.physical).toBeUndefined()
    expect(kernel.evidence.join('; ')).toContain("the dump's own note")
    // Where its note lies in memory the kernel itself tells.
    expect(kernel.noteAt).toBe(guest.notePhysical)
    // A note of another boot is passed over for the one in memory.
    const other = vmcoreinfo.replace('NUMBER(phys_base)=', 'NUMBER(phys_base)=1')
    expect(Kernel.find(guest.memory, { vmcoreinfo: other }).info.physical).toBe(guest.notePhysical)
  })

  it('says what to think of when there is no kernel at all', () => {
    const message = refusal(new ArrayMemory(2 ** 20))
    expect(message).toContain('no Linux kernel found in the memory of a test')
    expect(message).toContain('may not have booted')
    expect(message).not.toContain('refused')
  })

  describe('in more memory than is looked through', () => {
    /** Zeros, and a note that proves nothing in its last frame. */
    function vast(frames: number): { memory: PhysicalMemory; furthest: () => number } {
      const bytes = new Uint8Array(8192)
      bytes.set(noteBytes('OSRELEASE=decoy\n'), 4096)
      let furthest = -1
      const ranges = [{ start: asPhysical(0), length: frames * 4096 }]
      const memory: PhysicalMemory = {
        description: 'a vast memory',
        ranges,
        windows: [{ bytes, view: new DataView(bytes.buffer) }],
        generation: 0,
        locate(frame) {
          furthest = frame
          return asPosition(frame === frames - 1 ? 4096 : 0)
        },
        dataRanges: () => ranges,
        read: () => ({ ok: true, bytes: new Uint8Array() }),
        close() {},
      }
      return { memory, furthest: () => furthest }
    }
    const frames = 2 ** 38 / 4096

    it('stops after 256 GiB that hold data, and says so', () => {
      const { memory, furthest } = vast(frames + 1)
      expect(refusal(memory)).toContain(
        'no VMCOREINFO note that proves itself, in the first 256 GiB that hold data; the rest was not looked at',
      )
      expect(furthest()).toBe(frames - 1)
    })

    it('looks at all that the bound allows', () => {
      const { memory } = vast(3)
      const left = (count: number): ScanBudget => Object.assign(new ScanBudget(), { left: count })
      const [enough, few] = [left(3), left(2)]
      expect([...vmcoreInfoIn(memory, memory.ranges, enough)]).toHaveLength(1)
      expect([...vmcoreInfoIn(memory, memory.ranges, few)]).toHaveLength(0)
      // Below 0 is what the sentence goes by.
      expect([enough.left, few.left]).toEqual([0, -1])
    })
  })

  it('refuses a note whose symbol table was overwritten, whatever with', () => {
    for (const fill of [0, 0x41, 0xff]) {
      const guest = new KernelGuest()
      guest.finish()
      const names = guest.symbols.find(({ name }) => name === 'kallsyms_names')?.address ?? 0n
      const at = guest.physicalOf(names)
      guest.memory.bytes.fill(fill, at - 8, at + 65536)
      expect(refusal(guest.memory)).toContain('1 notes refused')
    }
  })
})

describe('Kernel', () => {
  it('has a sentence for a symbol that is not there, with names near it', () => {
    const guest = new KernelGuest()
    for (const name of ['schedule', 'scheduler_tick', 'schedule_timeout']) guest.global(name, 8)
    const kernel = guest.kernel()
    expect(() => kernel.symbol('schedule_tmeout')).toThrow(
      'kernel 6.99.0-test has no symbol schedule_tmeout; near it: schedule_timeout',
    )
    expect(() => kernel.symbol('zzzz')).toThrow(/has no symbol zzzz$/)
    expect(kernel.findSymbol('zzzz')).toBeUndefined()
  })

  it('reads the CPUs and their memory', () => {
    const guest = new KernelGuest({ cpus: [0, 3, 5] })
    const counter = guest.symbol('counter', guest.allocPerCpu(8))
    for (const cpu of guest.cpus) guest.u64(guest.perCpu(counter, cpu), 100n + BigInt(cpu))
    const { cpus, space } = guest.kernel()
    expect(cpus.possible).toEqual([0, 3, 5])
    expect(cpus.possible.map((cpu) => space.u64(cpus.address(counter, cpu)))).toEqual([100n, 103n, 105n])
    expect(() => cpus.address(counter, 1)).toThrow('there is no CPU 1; CPUs are 0, 3, 5')
  })

  it.each([0, 65_537, 0xffffffff])('does not believe in %i CPUs', (count) => {
    const guest = new KernelGuest()
    guest.u32(guest.symbols.find(({ name }) => name === 'nr_cpu_ids')?.address ?? 0n, count)
    expect(() => guest.kernel().cpus).toThrow(`nr_cpu_ids is ${count}, which cannot be`)
  })

  it('reads its types in place, and does not believe a size that cannot be', () => {
    const guest = new KernelGuest()
    const { types } = guest.kernel()
    expect(types.name).toBe('vmlinux')
    expect(types.find('task_struct', 'struct')?.member('pid')).toBeDefined()

    // Of two symbols with one name the first counts; this one makes the size negative.
    const broken = new KernelGuest()
    broken.symbol('__stop_BTF', broken.image(8))
    expect(() => broken.kernel().types).toThrow(/the kernel's BTF claims -\d+ bytes, which cannot be/)
  })

  it('names enum values, and cuts their prefix', () => {
    const kernel = new KernelGuest().kernel()
    expect(kernel.enumName('bpf_map_type', 9, 'BPF_MAP_TYPE_')).toBe('LRU_HASH')
    expect(kernel.enumName('bpf_map_type', 9)).toBe('BPF_MAP_TYPE_LRU_HASH')
    expect(kernel.enumName('bpf_map_type', 99)).toBeUndefined()
    expect(kernel.enumName('no_such_enum', 1)).toBeUndefined()
  })

  it('reads live structures anew when the guest has run', () => {
    const guest = new KernelGuest()
    const page = guest.allocPages(1)
    guest.u64(page, 1n)
    const kernel = guest.kernel()
    expect(kernel.space.u64(page)).toBe(1n)
    const moved = guest.frame()
    guest.map(page, moved)
    guest.u64(page, 2n)
    kernel.invalidate()
    expect(kernel.space.u64(page)).toBe(2n)
  })
})

describe('what a note says of page tables', () => {
  const root = 0x12000n
  const image = 0xffff800080000000n
  /** Why a note of these lines is none of this memory's kernel. */
  const refused = (lines: readonly string[]): string => {
    const text = ['OSRELEASE=x', 'SYMBOL(kallsyms_num_syms)=ffff800080001000', ...lines].join('\n')
    const names = ['names', 'token_table', 'token_index', 'offsets']
    const symbols = names.map((name) => `SYMBOL(kallsyms_${name})=ffff800080002000`)
    return String(prove(new ArrayMemory(0x10000), new VmcoreInfo([text, ...symbols].join('\n'))))
  }
  const arm64 = (lines: readonly string[]): string =>
    refused([
      `SYMBOL(swapper_pg_dir)=${(image + root).toString(16)}`,
      `NUMBER(kimage_voffset)=0x${image.toString(16)}`,
      ...lines,
    ])
  const none = "the dump's own note: names no page tables of x86-64 or arm64"
  /** The topmost table of a place is not in this memory. */
  const top = (at: bigint): unknown =>
    expect.stringContaining(`its pgd is at physical 0x${at.toString(16)}, which this memory does not hold`)

  it.each<[readonly string[], unknown]>([
    // The index in the root table of 0xffff800080001000, by 8 bytes.
    [['NUMBER(VA_BITS)=48'], top(root + 0x100n * 8n)],
    [['NUMBER(VA_BITS)=48', 'PAGESIZE=4096'], top(root + 0x100n * 8n)],
    [['NUMBER(VA_BITS)=48', 'PAGESIZE=16384'], top(root + 8n)],
    [['NUMBER(VA_BITS)=52', 'PAGESIZE=65536'], top(root + 0x3e0n * 8n)],
    // With 64 KiB the root is indexed as if all bits were in use.
    [['NUMBER(VA_BITS)=52', 'PAGESIZE=65536', 'NUMBER(TCR_EL1_T1SZ)=16'], top(root + 0x3e0n * 8n)],
    [['NUMBER(VA_BITS)=52', 'NUMBER(TCR_EL1_T1SZ)=16'], top(root + 0x100n * 8n)],
    [['NUMBER(VA_BITS)=48', 'PAGESIZE=8192'], none],
    [[], none],
    [['NUMBER(VA_BITS)=35'], none],
    [['NUMBER(VA_BITS)=53'], none],
    [['NUMBER(VA_BITS)=52', 'NUMBER(TCR_EL1_T1SZ)=11'], none],
    [['NUMBER(VA_BITS)=52', 'NUMBER(TCR_EL1_T1SZ)=29'], none],
  ])('of arm64: %j', (lines, why) => {
    expect(arm64(lines)).toEqual(why)
  })

  it('of arm64 need the distance of the image', () => {
    expect(refused(['SYMBOL(swapper_pg_dir)=ffff800080012000', 'NUMBER(VA_BITS)=48'])).toBe(none)
  })

  it.each([36, 52])('of arm64 may be for addresses of %i bits', (bits) => {
    expect(arm64([`NUMBER(VA_BITS)=${bits}`])).not.toBe(none)
  })

  it.each([
    ['', 0x100],
    ['NUMBER(pgtable_l5_enabled)=0', 0x100],
    ['NUMBER(pgtable_l5_enabled)=1', 0x1ff],
  ])('of x86-64: %s', (line, index) => {
    const lines = ['SYMBOL(swapper_pg_dir)=ffffffff80010000', 'NUMBER(phys_base)=8192', line]
    expect(refused(lines)).toEqual(top(root + BigInt(index) * 8n))
  })
})

it('refuses a note whose symbols do not lead back to it', () => {
  const guest = new KernelGuest()
  guest.finish()
  const note = guest.symbols.find(({ name }) => name === 'vmcoreinfo_note')?.address ?? 0n
  guest.u64(note, 0xffff800000001000n)
  expect(refusal(guest.memory)).toContain('1 notes refused: note at')
  expect(refusal(guest.memory)).toContain(': vmcoreinfo_note leads nowhere')
})

it('tells of three notes why they are none', () => {
  const guest = new KernelGuest()
  guest.finish()
  guest.memory.bytes.fill(0, guest.notePhysical, guest.notePhysical + 4096)
  for (let i = 0; i < 4; i++) guest.memory.bytes.set(noteBytes('OSRELEASE=decoy\n'), 0x4000 + i * 4096)
  expect(refusal(guest.memory).match(/note at 0x/g)).toHaveLength(3)
})
