import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import type { CType } from '../../src/btf/types.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { MemoryFault } from '../../src/memory/fault.js'
import { Problems } from '../../src/problems.js'
import {
  chooseType,
  describeType,
  severalSymbols,
  symbolsNamed,
  typesIn,
  typesNamed,
} from '../../src/session/names.js'
import { BtfBuilder } from '../btf/builder.js'
import { addBtf } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'

const builder = new BtfBuilder()
const int = builder.int('int', 4, { signed: true })
const long = builder.int('long int', 8, { signed: true })
const first = builder.struct('irq_info', [{ name: 'irq', type: int }])
const second = builder.struct('irq_info', [{ name: 'list', type: long }])
builder.struct('irq_info', [{ name: 'list', type: long }])
builder.struct('alone', [{ name: 'a', type: int }])
builder.typedef('alone_t', int)
const types = Btf.parse(builder.build(), { name: 'vmlinux' })

describe('types of one name', () => {
  it('are all found; those that are declared alike count once', () => {
    const found = typesIn(types, 'struct irq_info', 'vmlinux')
    expect(found.map(({ id }) => id)).toEqual([String(first), String(second)])
    expect(found.map(describeType)).toEqual(['4 bytes, vmlinux', '8 bytes, vmlinux'])
    expect(typesIn(types, ' irq_info ', 'a.o', '7:').map(({ id }) => id)).toEqual([
      `7:${first}`,
      `7:${second}`,
    ])
  })

  it.each(['struct irq_info *', 'struct irq_info[2]', 'unsigned int', 'union irq_info', 'struct none', ''])(
    'are none for %j, which is no name of a type here',
    (text) => {
      expect(typesIn(types, text, 'vmlinux')).toEqual([])
    },
  )

  it('are asked about, and chosen by id', () => {
    const found = typesIn(types, 'struct irq_info', 'vmlinux')
    expect(() => chooseType('struct irq_info', found, undefined)).toThrow(
      `2 types are called struct irq_info; choose one by its id, as in vm.type(name, id): ${first} (4 bytes, vmlinux), ${second} (8 bytes, vmlinux)`,
    )
    expect(chooseType('struct irq_info', found, String(second))?.type.id).toBe(second)
    expect(() => chooseType('struct irq_info', found, '99')).toThrow(
      `no type called struct irq_info has the id 99; there are ${first}, ${second}`,
    )
    expect(chooseType('alone', typesIn(types, 'alone', 'vmlinux'), undefined)?.type.name).toBe('alone')
    expect(chooseType('none', [], undefined)).toBeUndefined()
  })
})

describe('types that vmlinux does not have', () => {
  const program = (size: number): Uint8Array => {
    const own = new BtfBuilder()
    own.struct('only_here', [{ name: 'x', type: own.int('int', size) }])
    own.forward('hidden')
    return own.build()
  }

  it('are those of modules and programs, each with where it is; those that are declared alike once', () => {
    const guest = new KernelGuest()
    addBtf(guest, 1, new Uint8Array(4), { name: 'vmlinux', kernel_btf: true })
    addBtf(guest, 2, program(16), { name: 'demo', kernel_btf: true })
    addBtf(guest, 3, program(4))
    addBtf(guest, 4, program(4))
    addBtf(guest, 5, program(8), { name: 'vmlinux' })
    addBtf(guest, 6, new Uint8Array(64).fill(7))
    const kernel = guest.kernel()
    const problems = new Problems()
    const found = typesNamed(kernel, 'struct only_here', problems)
    expect(found.map(describeType)).toEqual([
      '16 bytes, module demo',
      '4 bytes, BPF object 3',
      '8 bytes, BPF object 5',
    ])
    expect(found.map(({ id }) => id.split(':')[0])).toEqual(['2', '3', '5'])
    expect(problems.sentences).toEqual([expect.stringMatching(/^BTF 6: /)])
    expect(typesNamed(kernel, 'struct hidden', new Problems())).toEqual([])
    // What vmlinux has is asked for nowhere else.
    expect(typesNamed(kernel, 'struct task_struct', new Problems()).map(({ of }) => of)).toEqual(['vmlinux'])
  })

  it('have the name of their kind where they have no size', () => {
    const own = new BtfBuilder()
    own.function('call', own.prototype(0))
    const call = Btf.parse(own.build()).find('call', 'function')
    expect(describeType({ type: call as CType, id: '1', of: 'a\x1b.o' })).toBe('void (void), a\\x1b.o')
  })
})

describe('symbols of one name', () => {
  it('are those of the image, of modules and of programs, each address once', () => {
    const symbol = (address: bigint, group?: string) => ({
      name: 'probe',
      type: 't',
      address,
      ...(group && { group }),
    })
    const all = [symbol(1n), symbol(2n), symbol(1n)]
    const dynamic = [symbol(2n, 'demo'), symbol(3n, 'demo'), { ...symbol(4n, 'demo'), name: 'other' }]
    const kernelWith = (listed: () => unknown) =>
      ({ symbols: { all: () => all }, symbolizer: { dynamic: listed } }) as unknown as Kernel
    const found = symbolsNamed(
      kernelWith(() => dynamic),
      'probe',
    )
    expect(found.map((each) => [each.address, 'group' in each])).toEqual([
      [1n, false],
      [2n, false],
      [3n, true],
    ])
    const damaged = kernelWith(() => {
      throw new MemoryFault({ kind: 'non-canonical', address: 0n })
    })
    expect(symbolsNamed(damaged, 'probe')).toHaveLength(2)
  })
})

describe('names that many have', () => {
  const symbol = (n: number, group?: string) => ({
    name: 'probe',
    type: 't',
    address: 0xffffffff81000000n + BigInt(n),
    ...(group !== undefined && { group, end: 0n }),
  })

  it('are told with six places', () => {
    const six = Array.from({ length: 6 }, (_, n) => symbol(n))
    const places = six.map(({ address }) => `0x${address.toString(16)}`).join(', ')
    const sentence = (count: number): string =>
      `${count} symbols are called probe; give the address of one: ${places}`
    expect(severalSymbols('probe', six)).toMatchObject({ code: 'usage', message: sentence(6) })
    expect(severalSymbols('probe', [...six, symbol(6)]).message).toBe(`${sentence(7)}, …`)
    expect(severalSymbols('probe', [symbol(1, 'a\x1b'), { ...symbol(0), address: 0x10n }]).message).toMatch(
      /one: 0xffffffff81000001 of a\\x1b, 0x0000000000000010$/,
    )
  })

  it('are told with six types', () => {
    const own = new BtfBuilder()
    for (let n = 0; n < 7; n++) own.struct('many', [], 8 * n)
    const found = typesIn(Btf.parse(own.build()), 'struct many', 'vmlinux')
    const shown = Array.from({ length: 6 }, (_, n) => `${n + 1} (${8 * n} bytes, vmlinux)`).join(', ')
    const sentence = 'types are called struct many; choose one by its id, as in vm.type(name, id): '
    expect(() => chooseType('struct many', found.slice(0, 6), undefined)).toThrow(
      expect.objectContaining({ message: `6 ${sentence}${shown}` }),
    )
    expect(() => chooseType('struct many', found, undefined)).toThrow(`7 ${sentence}${shown}, …`)
    expect(() => chooseType('none', [], '3')).toThrow(
      'no type called none has the id 3; there is none of that name',
    )
  })

  it('are a typedef before a struct, and declarations are none', () => {
    const own = new BtfBuilder()
    const number = own.int('int', 4)
    own.typedef('both', number)
    own.struct('both', [], 8)
    own.forward('declared')
    const parsed = Btf.parse(own.build())
    expect(typesIn(parsed, 'both', 'x').map(({ type }) => type.kind)).toEqual(['typedef'])
    expect(typesIn(parsed, 'struct both', 'x').map(({ type }) => type.kind)).toEqual(['struct'])
    expect(typesIn(parsed, 'declared', 'x')).toEqual([])
  })
})
