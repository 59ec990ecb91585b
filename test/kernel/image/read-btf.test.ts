import { describe, expect, it } from 'vitest'
import { Btf } from '../../../src/btf/btf.js'
import { readBtf } from '../../../src/kernel/image/read-btf.js'
import type { ReadResult, VirtualMemory } from '../../../src/memory/types.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'

const page = 4096
/** Not at the start of a page, as the BTF of programs is not. */
const address = 0xffff_8880_0010_0300n

/** Structs, and functions whose prototypes stand between those: they tell how many types are missing. */
function manyTypes(): Uint8Array {
  const b = new BtfBuilder()
  const word = b.int('long unsigned int', 8)
  const prototypes: number[] = []
  for (let n = 0; n < 1500; n++) {
    if (Math.imul(n + 1, 0x9e3779b1) >>> 24 < 60) prototypes.push(b.prototype(word))
    b.struct(`struct_${n}`, [{ name: `member_${n}`, type: word }])
  }
  for (const [n, prototype] of prototypes.entries()) b.function(`function_${n}`, prototype)
  return b.build()
}

/** Bytes at the address, of which the pages that hold these offsets are missing. */
function memory(bytes: Uint8Array, ...missing: readonly number[]): VirtualMemory {
  const gone = new Set(missing.map((offset) => (address + BigInt(offset)) & ~0xfffn))
  return {
    read(at, length): ReadResult {
      const from = Number(at - address)
      for (let n = 0; n < length; n++) {
        const byte = at + BigInt(n)
        if (!gone.has(byte & ~0xfffn)) continue
        const problem = { kind: 'not-present', address: byte, level: 'pte' } as const
        return { ok: false, bytes: bytes.subarray(from, from + n), problem }
      }
      return { ok: true, bytes: bytes.subarray(from, from + length) }
    },
  }
}

function read(space: VirtualMemory, size: number) {
  const problems = new Problems()
  const types = readBtf(space, address, size, { name: 'module' }, problems)
  return { types, problems: problems.sentences }
}

describe('readBtf', () => {
  const bytes = manyTypes()
  const typesEnd = 24 + new DataView(bytes.buffer).getUint32(12, true)

  it('reads what is whole, and has nothing to say of it', () => {
    const { types, problems } = read(memory(bytes), bytes.length)
    expect(types.findStruct('struct_1499')?.size).toBe(8)
    expect(types).toMatchObject({ name: 'module', isWhole: true })
    expect(problems).toEqual([])
  })

  it('says what is broken in what could be read', () => {
    const cut = bytes.slice()
    new DataView(cut.buffer).setUint32(12, typesEnd - 24 - 4, true)
    const { problems } = read(memory(cut), cut.length)
    expect(problems).toEqual(['BTF of module: the type section ends with 8 bytes that are no record'])
  })

  it('loses what lies in a page that is missing, and says how many bytes', () => {
    const lost = 3 * page
    const { types, problems } = read(memory(bytes, lost), bytes.length)
    const at = (address + BigInt(lost)) & ~0xfffn
    expect(types.isWhole).toBe(false)
    expect(problems).toEqual([
      `BTF of module: ${page} of its ${bytes.length} bytes cannot be read: page not present at 0x${at.toString(16)} (pte)`,
      expect.stringMatching(/^BTF of module: types \d+ to \d+ lie in a part that could not be read$/),
    ])
    const whole = Btf.parse(bytes)
    for (const name of ['struct_0', 'struct_1499'])
      expect(types.findStruct(name)?.id).toBe(whole.findStruct(name)?.id)
    // 170 structs are in a page at most.
    const gone = Array.from({ length: 1500 }, (_, n) => n).filter((n) => !types.findStruct(`struct_${n}`))
    expect(gone.length).toBeGreaterThan(100)
    expect((gone.at(-1) ?? 0) - (gone[0] ?? 0)).toBe(gone.length - 1)
  })

  it('joins pages that are missing side by side, and only those', () => {
    const first = read(memory(bytes, 3 * page, 4 * page), bytes.length)
    expect(first.problems).toHaveLength(2)
    expect(first.problems[0]).toContain(`${2 * page} of its`)
    // Of names: those between the two pages are there.
    const apart = read(memory(bytes, typesEnd + page, typesEnd + 3 * page), bytes.length)
    expect(apart.problems).toEqual([expect.stringContaining(`: ${2 * page} of its`)])
    const known = Array.from({ length: 1500 }, (_, n) => apart.types.findStruct(`struct_${n}`) !== undefined)
    expect(known.filter((is, n) => is !== known[n - 1])).toEqual([true, false, true, false, true])
  })

  it('counts of the last page what belongs to it', () => {
    const end = bytes.length - 1
    const { types, problems } = read(memory(bytes, end), bytes.length)
    const inPage = Number((address + BigInt(end)) & 0xfffn) + 1
    expect(problems[0]).toContain(`: ${inPage} of its ${bytes.length} bytes cannot be read`)
    expect(types.typeCount).toBe(Btf.parse(bytes).typeCount)
  })

  it('refuses what has no header', () => {
    expect(() => read(memory(bytes, 0), bytes.length)).toThrow(
      /^BTF of module cannot be read: page not present at 0xffff888000100300/,
    )
  })

  it('refuses more bytes than there can be, without trying each page', () => {
    let reads = 0
    const space: VirtualMemory = {
      read(at, length) {
        reads++
        return { ok: false, bytes: new Uint8Array(), problem: { kind: 'too-long', address: at, length } }
      },
    }
    expect(() => read(space, 2 ** 30)).toThrow(/^BTF of module cannot be read: 1073741824 bytes at/)
    expect(reads).toBe(1)
  })
})
