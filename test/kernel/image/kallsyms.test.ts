import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { Kallsyms } from '../../../src/kernel/image/kallsyms.js'
import { VmcoreInfo } from '../../../src/kernel/image/vmcoreinfo.js'
import { GuestBuilder } from '../../support/guest-builder.js'
import {
  type AddressEncoding,
  buildSymbolTable,
  type SymbolSpec,
  type SymbolTableOptions,
} from '../../support/symbol-table.js'

const text = 0xffffffff84200000n
const tableAt = text + 0x800000n

/** Letters that no token is made for, so that a long name stays long: more than 127 tokens need two bytes of length. */
const bigName = `big_${'qwxyz'.repeat(70)}`

/** 700 symbols: three blocks of 256 names, shared names, shared addresses, a name of 355 tokens. */
const symbols: SymbolSpec[] = [
  { name: '_stext', address: text, type: 'T' },
  ...Array.from({ length: 690 }, (_, i) => ({
    name: `${i % 3 === 0 ? 'bpf_' : 'sched_'}${(i * 7919) % 997}_fn`,
    address: text + BigInt(16 + i * 16),
    type: i % 2 === 0 ? 't' : 'T',
  })),
  { name: 'static_helper', address: text + 0x8000n, type: 't' },
  { name: 'static_helper', address: text + 0x4000n, type: 't' },
  { name: 'static_helper', address: text + 0x6000n, type: 't' },
  { name: 'alias_a', address: text + 0x9000n, type: 'T' },
  { name: 'alias_b', address: text + 0x9000n, type: 'T' },
  { name: 'Ümlaut', address: text + 0x9100n, type: 'd' },
  { name: bigName, address: text + 0x9200n, type: 'T' },
  { name: '_end', address: text + 0xa000n, type: 'B' },
]
const inOrder = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))

/** A guest with the table, and the note that leads to it. */
function table(
  options: SymbolTableOptions,
  specs: readonly SymbolSpec[] = symbols,
  change: (bytes: Uint8Array, places: Readonly<Record<string, number>>) => void = () => {},
): { guest: GuestBuilder; info: VmcoreInfo } {
  const { bytes, places } = buildSymbolTable(specs, tableAt, options)
  change(bytes, places)
  const guest = new GuestBuilder({ memory: 2 ** 20 })
  for (let offset = 0; offset < bytes.length; offset += 4096)
    guest.map(tableAt + BigInt(offset), guest.frame())
  guest.write(tableAt, bytes)
  const lines = Object.entries(places)
    .filter(([name]) => name !== 'kallsyms_markers' && name !== 'kallsyms_seqs_of_names')
    .map(([name, offset]) => `SYMBOL(${name})=${(tableAt + BigInt(offset)).toString(16)}`)
  return {
    guest,
    info: new VmcoreInfo(['OSRELEASE=x', `SYMBOL(_stext)=${text.toString(16)}`, ...lines].join('\n')),
  }
}

function read(options: SymbolTableOptions, specs?: readonly SymbolSpec[]): Kallsyms {
  const { guest, info } = table(options, specs)
  return Kallsyms.read(guest.space(), info)
}

const names = (found: Iterable<{ readonly name: string }>): string[] => [...found].map(({ name }) => name)

const encodings: readonly AddressEncoding[] = ['relative', 'absolute-percpu', 'prel32']
const indexes: readonly SymbolTableOptions[] = [
  { encoding: 'relative' },
  { encoding: 'relative', sortedIndex: 'garbage' },
  { encoding: 'relative', sortedIndex: 'zeros' },
  { encoding: 'relative', markers: 'zeros' },
  { encoding: 'prel32' },
  { encoding: 'prel32', indexAlign: 4 },
  { encoding: 'prel32', sortedIndex: 'garbage', markers: 'zeros' },
  { encoding: 'prel32', sortedIndex: 'zeros' },
]

describe.each(encodings)('a symbol table with %s addresses', (encoding) => {
  it('gives every symbol, in the order of addresses', () => {
    const found = read({ encoding })
    expect(found.count).toBe(symbols.length)
    expect([...found]).toEqual(inOrder)
    expect(found.at(300)).toEqual(inOrder[300])
    expect(found.address(511)).toBe(inOrder[511]?.address)
  })
})

it('reads absolute per-CPU symbols beside the others', () => {
  const perCpu = [
    { name: 'current_task', address: 0x1a000n, type: 'A' },
    { name: 'fixed_percpu_data', address: 0n, type: 'A' },
  ]
  const found = read({ encoding: 'absolute-percpu' }, [...symbols, ...perCpu])
  expect(found.lookup('current_task')).toEqual(perCpu[0])
  expect(found.lookup('fixed_percpu_data')).toEqual(perCpu[1])
  expect(found.lookup('_end')?.address).toBe(text + 0xa000n)
})

describe.each(indexes)('a symbol table with %o', (options) => {
  const found = read(options)

  it('finds every symbol by its name', () => {
    for (const { name } of symbols) {
      const first = inOrder.find((symbol) => symbol.name === name)
      expect(found.lookup(name)).toEqual(first)
      // The second answer comes from what was kept.
      expect(found.lookup(name)).toEqual(first)
    }
  })

  it('finds nothing for other names', () => {
    for (const name of [
      '',
      'a',
      '_stex',
      '_stext_',
      'zzz',
      'static_helpe',
      bigName.slice(0, -1),
      '\u{10ffff}',
    ])
      expect(found.lookup(name)).toBeUndefined()
  })

  it('finds all symbols of a name, in the order of addresses', () => {
    expect(found.all('static_helper').map(({ address }) => address)).toEqual([
      text + 0x4000n,
      text + 0x6000n,
      text + 0x8000n,
    ])
    expect(found.all('none')).toEqual([])
  })

  it('lists names by their start, sorted', () => {
    for (const prefix of ['bpf_1', 'sched_99', 'static_', 'alias', bigName.slice(0, 40), 'none']) {
      const expected = names(symbols).filter((name) => name.startsWith(prefix))
      expect(names(found.startingWith(prefix))).toEqual(expected.sort())
    }
    expect(names(found.startingWith(''))).toHaveLength(symbols.length)
  })
})

describe('lookupAddress', () => {
  const found = read({ encoding: 'prel32' })

  it('finds the symbol that covers an address', () => {
    for (const [i, symbol] of inOrder.entries()) {
      const first = inOrder.find(({ address }) => address === symbol.address)
      expect(found.lookupAddress(symbol.address)).toEqual(first)
      const next = inOrder.slice(i).find(({ address }) => address > symbol.address)
      if (next !== undefined) expect(found.lookupAddress(next.address - 1n)).toEqual(first)
    }
    expect(found.lookupAddress(text + 0xffffffn)?.name).toBe('_end')
    expect(found.lookupAddress(text - 1n)).toBeUndefined()
    expect(found.lookupAddress(0n)).toBeUndefined()
  })
})

describe('a damaged symbol table costs no more steps', () => {
  const { address: end } = inOrder.at(-1) ?? { address: 0n }

  it('where thousands of symbols share an address', () => {
    const same = Array.from({ length: 4000 }, (_, i) => ({ name: `same_${i}`, address: end, type: 'T' }))
    const found = read({ encoding: 'relative' }, [...symbols, ...same])
    const steps = vi.spyOn(found, 'address')
    expect(found.lookupAddress(end + 5n)?.address).toBe(end)
    expect(steps.mock.calls.length).toBeLessThan(40)
  })

  it.each(['zeros', 'garbage'] as const)('for each name where its sorted index is %s', (sortedIndex) => {
    const decoded = vi.spyOn(Buffer.prototype, 'toString')
    try {
      const found = read({ encoding: 'prel32', sortedIndex })
      const opened = decoded.mock.calls.length
      // Each name a few times: samples, _stext, and the search for the index by its own symbol.
      expect(opened).toBeLessThan(4 * symbols.length)
      for (let i = 0; i < 300; i++) expect(found.lookup(`none_${i}`)).toBeUndefined()
      // An index of its own, made once, and a dozen names for each search.
      expect(decoded.mock.calls.length - opened).toBeLessThan(symbols.length + 300 * 13)
    } finally {
      decoded.mockRestore()
    }
  })

  it('where names claim to be as long as can be', () => {
    const decoded = vi.spyOn(Buffer.prototype, 'toString')
    try {
      // Each name takes the bytes of many, until there are none left.
      const { guest, info } = table({ encoding: 'prel32', markers: 'zeros' }, symbols, (bytes, places) =>
        bytes.fill(0xff, (places.kallsyms_names ?? 0) + 2000, places.kallsyms_token_table),
      )
      const found = Kallsyms.read(guest.space(), info)
      const before = decoded.mock.calls.length
      expect(names(found)).toHaveLength(symbols.length)
      expect(decoded.mock.calls.length - before).toBe(symbols.length)
      const lengths = decoded.mock.results.map(({ value }) => String(value).length)
      expect(Math.max(...lengths)).toBeLessThanOrEqual(512)
    } finally {
      decoded.mockRestore()
    }
  })
})

describe('a broken symbol table', () => {
  const refuse = (
    change: (bytes: Uint8Array, places: Readonly<Record<string, number>>) => void,
    options: SymbolTableOptions = { encoding: 'prel32' },
  ): (() => Kallsyms) => {
    const { guest, info } = table(options, symbols, change)
    return () => Kallsyms.read(guest.space(), info)
  }
  const word = (bytes: Uint8Array, at: number | undefined, value: number): void =>
    new DataView(bytes.buffer).setUint32(at ?? 0, value, true)

  it.each([0, 4_000_001, 0xffffffff])('that claims %i symbols is refused', (count) => {
    expect(refuse((bytes, places) => word(bytes, places.kallsyms_num_syms, count))).toThrow(
      `the kernel's symbol table claims ${count} symbols, which cannot be`,
    )
  })

  it('whose names lie behind their tokens is refused', () => {
    const { guest, info } = table({ encoding: 'prel32' })
    const behind = ((info.symbol('kallsyms_names') ?? 0n) - 8n).toString(16)
    const swapped = info.text.replace(/(kallsyms_token_table\)=).*/, `$1${behind}`)
    expect(() => Kallsyms.read(guest.space(), new VmcoreInfo(swapped))).toThrow(
      'the kernel symbol names do not lie before their token table',
    )
  })

  it('with an unknown encoding of addresses is refused', () => {
    expect(
      refuse((bytes, { kallsyms_offsets: at = 0 }) => bytes.fill(0x11, at, at + symbols.length * 4)),
    ).toThrow('encoded in a way not known here')
  })

  it.each([1, 30, symbols.length - 1])(
    'with no symbol at place %i of its sorted index does without it',
    (place) => {
      const open = refuse((bytes, { kallsyms_seqs_of_names: at = 0 }) =>
        bytes.fill(0xff, at + place * 3, at + place * 3 + 3),
      )
      const found = open()
      for (const { name } of symbols) expect(found.lookup(name)?.name).toBe(name)
      expect(names(found.startingWith(''))).toHaveLength(symbols.length)
    },
  )

  it('without _stext is refused', () => {
    expect(refuse((bytes, { kallsyms_names: at = 0 }) => bytes.fill(0, at + 1, at + 20))).toThrow(
      'has no _stext',
    )
  })

  it('that is not in memory is refused', () => {
    const { guest, info } = table({ encoding: 'relative' })
    const offsets = info.symbol('kallsyms_offsets') ?? 0n
    guest.unmap(offsets & ~0xfffn)
    expect(() => Kallsyms.read(guest.space(), info)).toThrow('page not present')
  })

  it.each(['names', 'num_syms', 'token_table', 'token_index', 'offsets'])(
    'of which the note does not say where kallsyms_%s is, is refused',
    (name) => {
      const { guest, info } = table({ encoding: 'prel32' })
      const less = new VmcoreInfo(info.text.replace(`kallsyms_${name})`, 'other)'))
      expect(() => Kallsyms.read(guest.space(), less)).toThrow(`does not say where kallsyms_${name} is`)
    },
  )

  it('does no worse than refusing or giving other symbols, whatever its bytes', () => {
    const { bytes } = buildSymbolTable(symbols, tableAt, { encoding: 'prel32' })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(40)), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...encodings),
        (changes, encoding) => {
          const open = refuse(
            (bytes) => {
              for (const [at, value, length] of changes) bytes.fill(value, at, at + length)
            },
            { encoding },
          )
          try {
            const found = open()
            let count = 0
            for (const { name } of found) {
              expect(name.length).toBeLessThan(512)
              count++
            }
            expect(count).toBe(found.count)
            found.lookup('static_helper')
            found.all('alias_a')
            found.lookupAddress(text + 0x1234n)
            for (const _ of found.startingWith('sched_1')) count--
            expect(count).toBeGreaterThanOrEqual(0)
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})
