import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import type { BtfObject } from '../../src/kernel/btf-objects.js'
import { Problems } from '../../src/problems.js'
import { BtfBuilder } from '../btf/builder.js'
import { addBtf } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { kernelTypesBuilder } from '../support/kernel-types.js'

const wild = 0xffff800000001000n

const base = new BtfBuilder()
const u32 = base.int('unsigned int', 4)
base.struct('from_base', [{ name: 'x', type: u32 }])
const module = new BtfBuilder(base)
module.struct('from_module', [{ name: 'y', type: u32 }])
const program = new BtfBuilder()
program.struct('from_program', [{ name: 'z', type: program.int('int', 4, { signed: true }) }])

function all(guest: KernelGuest): { found: BtfObject[]; problems: string[] } {
  const problems = new Problems()
  return { found: [...guest.kernel().btfObjects.all(problems)], problems: [...problems.sentences] }
}

describe('BtfObjects', () => {
  it('lists what btf_idr holds, in the order of ids', () => {
    const guest = new KernelGuest()
    const bytes = program.build()
    const kernelOwn = addBtf(guest, 1, bytes, { name: 'vmlinux', kernel_btf: true })
    const ofModule = addBtf(guest, 7, bytes, { name: 'nf_tables', kernel_btf: true, base_btf: kernelOwn })
    const ofProgram = addBtf(guest, 130, bytes)
    const size = bytes.length
    expect(all(guest)).toEqual({
      found: [
        { id: 1, address: kernelOwn, name: 'vmlinux', isKernel: true, size, baseAddress: 0n },
        { id: 7, address: ofModule, name: 'nf_tables', isKernel: true, size, baseAddress: kernelOwn },
        { id: 130, address: ofProgram, name: '', isKernel: false, size, baseAddress: 0n },
      ],
      problems: [],
    })
  })

  it('goes on behind an object that is unreadable', () => {
    const guest = new KernelGuest()
    guest.btfs.set(1, wild)
    addBtf(guest, 2, program.build())
    const { found, problems } = all(guest)
    expect(found.map(({ id }) => id)).toEqual([2])
    expect(problems).toEqual([expect.stringContaining(`btf at 0x${wild.toString(16)}: page not present`)])
  })

  it("parses a program's types, once", () => {
    const guest = new KernelGuest()
    const address = addBtf(guest, 9, program.build())
    const { btfObjects } = guest.kernel()
    const types = btfObjects.types(address)
    expect(types.find('from_program', 'struct')?.size).toBe(4)
    expect(types.name).toBe('btf 9')
    expect(btfObjects.types(address)).toBe(types)
    btfObjects.invalidate()
    expect(btfObjects.types(address)).toBe(types)
  })

  it("parses a module's types on those that the kernel was found with", () => {
    const guest = new KernelGuest()
    const split = new BtfBuilder(kernelTypesBuilder)
    split.struct('demo', [{ name: 'task', type: split.pointer(1) }])
    // What struct btf says of vmlinux's own bytes does not matter.
    const vmlinux = addBtf(guest, 1, new Uint8Array(4), { name: 'vmlinux', kernel_btf: true })
    const address = addBtf(guest, 2, split.build(), { name: 'demo', kernel_btf: true, base_btf: vmlinux })
    const kernel = guest.kernel()
    const types = kernel.btfObjects.types(address)
    expect(types.base).toBe(kernel.types)
    expect(types.find('demo', 'struct')?.size).toBe(8)
    expect(types.find('task_struct')).toBe(kernel.types.find('task_struct'))
  })

  it('parses split BTF on the object that it names as its base', () => {
    const guest = new KernelGuest()
    const first = addBtf(guest, 1, base.build(), { name: 'base' })
    const second = addBtf(guest, 2, module.build(), { name: 'module', base_btf: first })
    const types = guest.kernel().btfObjects.types(second)
    expect(types.find('from_module', 'struct')?.size).toBe(4)
    expect(types.find('from_base', 'struct')?.btf.name).toBe('base')
  })

  it("takes vmlinux's for the kernel's own, and a program that is called so for a program", () => {
    const guest = new KernelGuest()
    const real = addBtf(guest, 1, new Uint8Array(4), { name: 'vmlinux', kernel_btf: true })
    const fake = addBtf(guest, 2, program.build(), { name: 'vmlinux' })
    const kernel = guest.kernel()
    expect(kernel.btfObjects.types(real)).toBe(kernel.types)
    expect(kernel.btfObjects.types(fake).find('from_program')).toBeDefined()
  })

  it.each<[string, (guest: KernelGuest) => bigint, string]>([
    ['is larger than any', (guest) => addBtf(guest, 3, program.build(), { data_size: 0xffffffff }), '16 MiB'],
    [
      'is larger than memory',
      (guest) => addBtf(guest, 3, program.build(), { data_size: 2 ** 24 }),
      'than this memory',
    ],
    ['is nowhere', (guest) => addBtf(guest, 3, program.build(), { data: wild }), 'page not present'],
    ['is no BTF', (guest) => addBtf(guest, 3, new Uint8Array(64).fill(7)), 'BTF of btf 3 is not usable'],
    [
      'is based on itself',
      (guest) => {
        const btf = addBtf(guest, 3, program.build())
        guest.objects.set('btf', btf, { base_btf: btf })
        return btf
      },
      'BTF 3 is based on itself',
    ],
    [
      'has a base that is nowhere',
      (guest) => addBtf(guest, 3, program.build(), { base_btf: wild }),
      'not present',
    ],
  ])('refuses BTF that %s', (_, make, sentence) => {
    const guest = new KernelGuest()
    const address = make(guest)
    const { btfObjects } = guest.kernel()
    expect(() => btfObjects.types(address)).toThrow(CryoscopeError)
    expect(() => btfObjects.types(address)).toThrow(sentence)
  })
})

describe('BTF objects that were read', () => {
  it('are kept until the guest has run', () => {
    const guest = new KernelGuest()
    const address = addBtf(guest, 9, program.build(), { name: 'first' })
    const { btfObjects } = guest.kernel()
    const object = btfObjects.object(address)
    guest.objects.set('btf', address, { name: 'second' })
    expect(btfObjects.object(address)).toBe(object)
    btfObjects.invalidate()
    expect(btfObjects.object(address).name).toBe('second')
  })

  it('give their bytes, of 16 MiB at most', () => {
    const guest = new KernelGuest()
    const bytes = program.build()
    const { btfObjects } = guest.kernel()
    const object = btfObjects.object(addBtf(guest, 9, bytes))
    expect(Buffer.from(btfObjects.bytes(object))).toEqual(Buffer.from(bytes))
    const of = (size: number) => () => btfObjects.bytes({ ...object, size })
    expect(of(2 ** 24)).toThrow('than this memory')
    expect(of(2 ** 24 + 1)).toThrow('BTF 9 claims 16777217 bytes, which cannot be')
  })

  it('may be based on four others', () => {
    const guest = new KernelGuest()
    const chain = (length: number): bigint => {
      let builder = new BtfBuilder()
      builder.int('int', 4)
      let at = addBtf(guest, 1, builder.build())
      for (let n = 1; n < length; n++) {
        builder = new BtfBuilder(builder)
        builder.struct(`s${n}`, [])
        at = addBtf(guest, 10 * length + n, builder.build(), { base_btf: at })
      }
      return at
    }
    const [five, six] = [chain(5), chain(6)]
    const { btfObjects } = guest.kernel()
    expect(btfObjects.types(five).find('s1')).toBeDefined()
    expect(() => btfObjects.types(six)).toThrow('is based on itself')
  })
})
