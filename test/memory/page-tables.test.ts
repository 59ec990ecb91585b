import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPage, asPhysical } from '../../src/brands.js'
import { AddressSpace } from '../../src/memory/address-space.js'
import { arm64PageTables, type Granule } from '../../src/memory/page-tables.js'
import { ArrayMemory } from '../support/array-memory.js'

/** Descriptors as the Arm ARM has them (D8.3): valid, a table or a page, or a block. */
const tableBits = 3n
const pageBits = 3n
const blockBits = 1n
/** Attributes that must not be taken for address bits: AF, inner shareable, PXN, UXN and the contiguous hint. */
const attributes = (1n << 10n) | (1n << 52n) | (1n << 53n) | (1n << 54n)

/** Tables of the kernel's half, written entry by entry. */
class ArmTables {
  readonly memory = new ArrayMemory(2 ** 22)
  readonly root: number
  readonly #granule: number
  readonly #bits: number
  readonly #stride: number
  #end: number

  constructor(granule: Granule, bits: number) {
    this.#granule = granule
    this.#bits = bits
    this.#stride = Math.log2(granule) - 3
    this.#end = granule
    this.root = this.#table()
  }

  #table(): number {
    const at = this.#end
    this.#end += this.#granule
    if (this.#end > this.memory.bytes.length) throw new Error('the test needs more memory')
    return at
  }

  /** An output address in a descriptor: bits 51 to 48 are elsewhere where addresses are wide. */
  #output(physical: bigint): bigint {
    const low = physical & ((1n << 48n) - 1n)
    const high = physical >> 48n
    if (this.#granule === 65_536) return low | (high << 12n)
    if (this.#bits <= 48) return low
    return low | ((high & 3n) << 48n) | ((high >> 2n) << 8n)
  }

  /** Maps one page, or a block at a level above 0. */
  map(address: bigint, physical: bigint, level = 0): void {
    const levels = Math.ceil((this.#bits - Math.log2(this.#granule)) / this.#stride)
    const offset = BigInt.asUintN(this.#bits, address)
    let table = this.root
    for (let at = levels - 1; ; at--) {
      const shift = BigInt(Math.log2(this.#granule) + this.#stride * at)
      const index = Number((offset >> shift) & ((1n << BigInt(this.#stride)) - 1n))
      const entry = table + index * 8
      if (at === level) {
        const shareable = this.#granule !== 65_536 && this.#bits > 48 ? 0n : 3n << 8n
        const kind = level === 0 ? pageBits : blockBits
        this.memory.view.setBigUint64(entry, this.#output(physical) | kind | attributes | shareable, true)
        return
      }
      let next = this.memory.view.getBigUint64(entry, true)
      if (next === 0n) {
        next = this.#output(BigInt(this.#table())) | tableBits
        this.memory.view.setBigUint64(entry, next, true)
      }
      table = Number(next & ~tableBits & ((1n << 48n) - 1n) & ~BigInt(this.#granule - 1))
    }
  }
}

const kinds = [
  [4096, 39, 3],
  [4096, 48, 4],
  [4096, 52, 5],
  [16_384, 47, 3],
  [16_384, 48, 4],
  [16_384, 52, 4],
  [65_536, 42, 2],
  [65_536, 48, 3],
  [65_536, 52, 3],
] as const

describe.each(kinds)('arm64 with pages of %i bytes and addresses of %i bits', (granule, bits, levels) => {
  const format = arm64PageTables(granule, bits)
  const start = -(1n << BigInt(bits))
  const page = BigInt(granule)
  const last = 2 ** (bits - Math.log2(granule)) - 1
  const widest = bits > 48 ? 52 : 48
  const frames = fc.bigInt({ min: 0n, max: (1n << BigInt(widest)) / page - 1n })

  it(`walks ${levels} levels to any page`, () => {
    expect(format.levels).toBe(levels)
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.double({ min: 0, max: last, noNaN: true }).map(Math.floor), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.array(frames, { minLength: 4, maxLength: 4 }),
        fc.nat({ max: granule - 1 }),
        (pages, targets, within) => {
          const tables = new ArmTables(granule, bits)
          pages.forEach((number, i) => {
            tables.map(start + BigInt(number) * page, (targets[i] as bigint) * page)
          })
          const space = new AddressSpace(tables.memory, asPhysical(tables.root), format)
          // Twice: the second time from what was remembered of the last table.
          for (let round = 0; round < 2; round++) {
            for (const [i, number] of pages.entries()) {
              const address = start + BigInt(number) * page + BigInt(within)
              expect(space.translate(address)).toEqual({
                physical: Number((targets[i] as bigint) * page) + within,
              })
            }
          }
          for (const number of pages) {
            const first = Number(BigInt.asUintN(64, start + BigInt(number) * page) >> 12n)
            const { pages: found } = space.presentPages(asPage(first - (first % 16)), 16)
            const all = Array.from({ length: granule / 4096 }, (_, each) => first + each)
            expect(all.filter((each) => !found.includes(asPage(each)))).toEqual([])
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('says at which level a page is not present, and which addresses are not its own', () => {
    const tables = new ArmTables(granule, bits)
    tables.map(start, 0n)
    const space = new AddressSpace(tables.memory, asPhysical(tables.root), format)
    expect(space.translate(start + page)).toMatchObject({ problem: { kind: 'not-present', level: 'pte' } })
    expect(space.translate(-page)).toMatchObject({ problem: { kind: 'not-present', level: 'pgd' } })
    expect(space.translate(0x400000n)).toMatchObject({ problem: { kind: 'non-canonical' } })
    expect(space.translate(start - 1n)).toMatchObject({ problem: { kind: 'non-canonical' } })
  })

  it('follows blocks', () => {
    const stride = Math.log2(granule) - 3
    const size = page << BigInt(stride)
    const tables = new ArmTables(granule, bits)
    const target = size * 3n
    tables.map(start + size, target, 1)
    const space = new AddressSpace(tables.memory, asPhysical(tables.root), format)
    for (const within of [0n, 12_345n, size - 1n, size / 2n + 4097n]) {
      expect(space.translate(start + size + within)).toEqual({ physical: Number(target + within) })
      expect(space.translate(start + size + within)).toEqual({ physical: Number(target + within) })
    }
    expect(space.translate(start + 2n * size)).toMatchObject({ problem: { kind: 'not-present' } })
  })

  it('follows blocks of the largest size that there is, and no larger ones', () => {
    // Arm ARM, D8.3: 1 GiB, 32 MiB or 512 MiB; one level more where addresses have 52 bits.
    const highest = (granule === 4096 ? 2 : 1) + (bits === 52 ? 1 : 0)
    const at = (level: number) => {
      const tables = new ArmTables(granule, bits)
      const size = page << BigInt((Math.log2(granule) - 3) * level)
      tables.map(start + size, size * 3n, level)
      const space = new AddressSpace(tables.memory, asPhysical(tables.root), format)
      return {
        found: space.translate(start + size + 0x1234n),
        right: { physical: Number(size * 3n) + 0x1234 },
      }
    }
    const largest = at(highest)
    expect(largest.found).toEqual(largest.right)
    if (highest + 1 < levels) expect(at(highest + 1).found).toMatchObject({ problem: { kind: 'absent' } })
  })
})
