import { describe, expect, it, vi } from 'vitest'
import type { Kernel } from '../../src/kernel/kernel.js'
import { modules } from '../../src/kernel/modules.js'
import { Problems } from '../../src/problems.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeList } from '../support/structures.js'

const wild = 0xffff800000001000n
const moduleText = 0xffffffffc0a00000n
const jit = 0xffffffffc0001000n

interface ElfSymbol {
  readonly name: string
  readonly address: bigint
  readonly size: bigint
  readonly type: string
}

/** A module and its symbol table; index 0 is the null symbol, as in every ELF symbol table. */
function makeModule(guest: KernelGuest, name: string, symbols: readonly ElfSymbol[], state = 0): bigint {
  const table = [{ name: '', address: 0n, size: 0n, type: 'u' }, ...symbols]
  const symtab = guest.alloc(24 * table.length)
  const typetab = guest.alloc(table.length)
  const strtab = guest.alloc(table.reduce((sum, symbol) => sum + symbol.name.length + 1, 0))
  let at = 0
  for (const [i, symbol] of table.entries()) {
    guest.u32(symtab + BigInt(i * 24), at)
    guest.u64(symtab + BigInt(i * 24 + 8), symbol.address)
    guest.u64(symtab + BigInt(i * 24 + 16), symbol.size)
    guest.text(strtab + BigInt(at), symbol.name)
    at += symbol.name.length + 1
  }
  guest.write(typetab, Buffer.from(table.map(({ type }) => type).join('')))
  const kallsyms = guest.objects.make('mod_kallsyms', { symtab, num_symtab: table.length, strtab, typetab })
  return guest.objects.make('module', { name, state, kallsyms }, { having: 'list' })
}

/** A kernel with these modules and JITed programs. */
function withDynamic(
  make: (guest: KernelGuest) => bigint[],
  programs: readonly { readonly name: string; readonly start: bigint; readonly end: bigint }[] = [],
  change: (guest: KernelGuest, list: bigint) => void = () => {},
): Kernel {
  const guest = new KernelGuest()
  guest.symbol('schedule', guest.image(0x100, 0x100), 'T')
  guest.symbol('schedule_timeout', guest.image(0x100), 'T')
  const list = guest.global('modules', 16)
  const listAt = BigInt(guest.objects.offsetOf('module', 'list', 'list'))
  writeList(
    guest,
    list,
    make(guest).map((module) => module + listAt),
  )
  const ksyms = programs.map((program) => guest.objects.make('bpf_ksym', program))
  const lnode = BigInt(guest.objects.offsetOf('bpf_ksym', 'lnode'))
  const head = guest.global('bpf_kallsyms', 16)
  writeList(
    guest,
    head,
    ksyms.map((ksym) => ksym + lnode),
  )
  change(guest, list)
  return guest.kernel()
}

const driver: readonly ElfSymbol[] = [
  { name: 'probe', address: moduleText, size: 0x80n, type: 't' },
  { name: '.Llabel', address: moduleText, size: 0n, type: 't' },
  { name: '.Linner', address: moduleText + 0x20n, size: 0n, type: 't' },
  { name: 'remove', address: moduleText + 0x100n, size: 0x40n, type: 'T' },
]
const programs = [
  { name: 'bpf_prog_0011223344556677_demo_enqueue', start: jit + 0x40n, end: jit + 0x100n },
  { name: 'bpf_trampoline_42', start: jit + 0x200n, end: jit + 0x280n },
]

describe('symbolize', () => {
  const kernel = withDynamic((guest) => [makeModule(guest, 'driver', driver)], programs)

  it('names addresses in the image', () => {
    const at = kernel.symbol('schedule')
    expect(kernel.symbolize(at)).toBe('schedule')
    expect(kernel.symbolize(at + 0x1cn)).toBe('schedule+0x1c')
    expect(kernel.symbolAt(at + 0x1cn)).toEqual({ name: 'schedule', address: at, type: 'T' })
    expect(kernel.symbolize(kernel.symbol('_stext') - 1n)).toBeUndefined()
    expect(kernel.symbolize(kernel.symbol('_end'))).toBeUndefined()
    expect(kernel.symbolize(0n)).toBeUndefined()
  })

  it.each([
    [moduleText, 'probe [driver]'],
    [moduleText + 0x20n, 'probe+0x20 [driver]'],
    [moduleText + 0x7fn, 'probe+0x7f [driver]'],
    [moduleText + 0x80n, undefined],
    [moduleText + 0x13fn, 'remove+0x3f [driver]'],
    [moduleText - 1n, undefined],
    [jit + 0x44n, 'bpf_prog_0011223344556677_demo_enqueue+0x4 [bpf]'],
    [jit + 0x100n, undefined],
    [jit + 0x200n, 'bpf_trampoline_42 [bpf]'],
  ])('names 0x%s in modules and programs', (address, name) => {
    expect(kernel.symbolize(address)).toBe(name)
  })

  it('lists symbols as /proc/kallsyms does: modules, then programs, those without a name left out', () => {
    const listed = kernel.symbolizer.dynamic().map(({ name, group, type }) => `${type} ${name} [${group}]`)
    expect(listed).toEqual([
      't probe [driver]',
      't .Llabel [driver]',
      't .Linner [driver]',
      'T remove [driver]',
      't bpf_prog_0011223344556677_demo_enqueue [bpf]',
      't bpf_trampoline_42 [bpf]',
    ])
  })

  it('looks again when the guest has run', () => {
    const first = kernel.symbolizer
    expect(kernel.symbolizer).toBe(first)
    kernel.invalidate()
    expect(kernel.symbolizer).not.toBe(first)
  })
})

describe('modules', () => {
  it('are those that are formed, in the order of their list', () => {
    const kernel = withDynamic((guest) => [
      makeModule(guest, 'one', []),
      makeModule(guest, 'unformed', driver, 3),
      makeModule(guest, 'leaving', [], 2),
    ])
    expect([...modules(kernel, new Problems())].map(({ name }) => name)).toEqual(['one', 'leaving'])
    expect(kernel.symbolizer.dynamic()).toEqual([])
  })

  it('that are broken are passed over, and all else is named', () => {
    const kernel = withDynamic((guest) => {
      const broken = ['no_table', 'no_names', 'huge'].map((name) =>
        makeModule(guest, name, driver.slice(0, 1)),
      )
      const tables = broken.map((module) =>
        Buffer.from(
          guest.bytesAt(module + BigInt(guest.objects.offsetOf('module', 'kallsyms', 'list')), 8),
        ).readBigUInt64LE(),
      )
      guest.objects.set('module', broken[0] ?? 0n, { kallsyms: wild }, 'list')
      guest.objects.set('mod_kallsyms', tables[1] ?? 0n, { strtab: wild })
      guest.objects.set('mod_kallsyms', tables[2] ?? 0n, { num_symtab: 0xffffffff })
      return [...broken, makeModule(guest, 'good', driver)]
    }, programs)
    expect(kernel.symbolize(moduleText + 0x20n)).toBe('probe+0x20 [good]')
    expect(kernel.problems.sentences).toEqual([
      expect.stringMatching(/^symbols of module no_table: page not present/),
      expect.stringMatching(/^symbols of module no_names: page not present/),
      'symbols of module huge: it claims 4294967295 symbols, which cannot be',
    ])
    expect(kernel.symbolize(jit + 0x200n)).toBe('bpf_trampoline_42 [bpf]')
  })

  it('are named behind a link that leads nowhere, which is said', () => {
    const kernel = withDynamic(
      (guest) =>
        ['one', 'two', 'three'].map((name, i) =>
          makeModule(guest, name, [
            { name: `${name}_fn`, address: moduleText + BigInt(i * 0x1000), size: 0x80n, type: 't' },
          ]),
        ),
      [],
      (guest, list) => guest.u64(guest.space().u64(list), wild),
    )
    const problems = new Problems()
    expect([...modules(kernel, problems)].map(({ name }) => name)).toEqual(['one', 'two', 'three'])
    expect(problems.sentences).toEqual([expect.stringMatching(/^modules: list breaks after 1 entries/)])
    expect(kernel.symbolize(moduleText + 0x2000n)).toBe('three_fn [three]')
    expect(kernel.problems.sentences).toEqual(problems.sentences)
  })

  it('that are only half in memory hide no program', () => {
    const kernel = withDynamic(
      (guest) => [makeModule(guest, 'driver', driver)],
      programs,
      (guest, list) => {
        // The list goes on to the end of a page; what the module has behind it is not there.
        const edge = guest.allocPages(1) + 4096n - 16n
        guest.u64(list, edge)
        guest.u64(edge, list)
      },
    )
    const problems = new Problems()
    expect([...modules(kernel, problems)]).toEqual([])
    expect(problems.sentences).toEqual([expect.stringMatching(/^module at 0x[0-9a-f]+: page not present/)])
    expect(kernel.symbolize(jit + 0x200n)).toBe('bpf_trampoline_42 [bpf]')
  })

  it.each(['modules', 'bpf_kallsyms'])('and programs are none when the list %s is ruined', (name) => {
    const kernel = withDynamic(
      (guest) => [makeModule(guest, 'driver', driver)],
      programs,
      (guest) => {
        const i = guest.symbols.findIndex((symbol) => symbol.name === name)
        guest.symbols[i] = { name, address: 0xffffffff80000000n, type: 'D' }
      },
    )
    const groups = new Set(kernel.symbolizer.dynamic().map(({ group }) => group))
    expect(groups).toEqual(new Set(name === 'modules' ? ['bpf'] : ['driver']))
    expect(kernel.symbolize(kernel.symbol('schedule') + 4n)).toBe('schedule+0x4')
  })
})

it('a kernel without modules and BPF has neither', () => {
  const kernel = new KernelGuest().kernel()
  expect([...modules(kernel, new Problems())]).toEqual([])
  expect(kernel.symbolizer.dynamic()).toEqual([])
  expect(kernel.symbolize(moduleText)).toBeUndefined()
  expect(kernel.problems.sentences).toEqual([])
})

it('lists of what this kernel does not describe are said to be unread, and not empty', () => {
  const program = { name: 'bpf_prog_x', start: jit, end: jit + 16n }
  const kernel = withDynamic((guest) => [makeModule(guest, 'driver', driver)], [program])
  const { layouts } = kernel
  const find = layouts.find.bind(layouts)
  vi.spyOn(layouts, 'find').mockImplementation((name, having) =>
    name === 'module' || name === 'bpf_ksym' ? undefined : find(name, having),
  )
  const problems = new Problems()
  expect([...modules(kernel, problems)]).toEqual([])
  expect(problems.sentences).toEqual(['modules: this kernel has no struct module with a member list'])
  expect(kernel.symbolizer.dynamic()).toEqual([])
  expect(kernel.problems.sentences).toContain('bpf_kallsyms: this kernel has no struct bpf_ksym')
})

it('one million symbols of a module are believed', () => {
  const claims = (count: number): readonly string[] => {
    const kernel = withDynamic((guest) => {
      const module = makeModule(guest, 'huge', driver)
      const at = module + BigInt(guest.objects.offsetOf('module', 'kallsyms', 'list'))
      const table = Buffer.from(guest.bytesAt(at, 8)).readBigUInt64LE()
      guest.objects.set('mod_kallsyms', table, { num_symtab: count })
      return [module]
    })
    kernel.symbolizer.dynamic()
    return kernel.problems.sentences
  }
  expect(claims(1_000_000)).toEqual([expect.not.stringContaining('claims 1000000 symbols')])
  expect(claims(1_000_001)).toEqual(['symbols of module huge: it claims 1000001 symbols, which cannot be'])
})
