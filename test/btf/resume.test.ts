import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Kind } from '../../src/btf/kind.js'
import { parseTypeName } from '../../src/btf/parse-type-name.js'
import { resumeBehind } from '../../src/btf/resume.js'
import type { CType } from '../../src/btf/types.js'
import { BtfBuilder } from './builder.js'

/** As pahole writes a kernel: types, prototypes among them that several functions share, then the functions. */
let functionsAt = 0

function kernel(): Uint8Array {
  const b = new BtfBuilder()
  const u32 = b.int('unsigned int', 4)
  const u64 = b.int('unsigned long', 8)
  const types = [u32, u64]
  const prototypes: number[] = []
  for (let n = 0; n < 900; n++) {
    if (Math.imul(n + 1, 0x9e3779b1) >>> 24 < 100) {
      const parameters = Array.from({ length: n % 4 }, (_, i) => ({
        name: `p${i}`,
        type: types[n % types.length] ?? u32,
      }))
      prototypes.push(b.prototype(u32, parameters))
    }
    const of = (i: number): number => types[(n * 7 + i * 13) % types.length] ?? u32
    const members = Array.from({ length: 1 + (n % 9) }, (_, i) => ({ name: `member_${n}_${i}`, type: of(i) }))
    types.push(b.struct(`struct_number_${n}`, members))
    if (n % 3 === 0) types.push(b.pointer(of(1)))
    if (n % 5 === 0) b.enum(`enum_number_${n}`, { [`FIRST_${n}`]: 0, [`SECOND_${n}`]: n })
  }
  functionsAt = b.nextId
  for (let n = 0; n < 600; n++)
    b.function(`function_number_${n}`, prototypes[(n * 31) % prototypes.length] ?? 0)
  return b.build()
}

const bytes = kernel()
const whole = Btf.parse(bytes, { name: 'vmlinux' })
/** The type section begins behind the header; strings follow it. */
const header = 24
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const typesEnd = header + view.getUint32(12, true)

function holed(...starts: number[]): Btf {
  const damaged = bytes.slice()
  const holes = starts
    .sort((a, b) => a - b)
    .map((start) => ({ start, end: Math.min(start + 4096, bytes.length) }))
  for (const { start, end } of holes) damaged.fill(0, start, end)
  return Btf.parse(damaged, { name: 'vmlinux', holes })
}

it('a type that is not found may lie in what could not be read, and the sentence says so', () => {
  const damaged = holed(header + 4096)
  const lost = [...whole.names()].find(
    (name) => damaged.find(name) === undefined && whole.find(name)?.kind === 'struct',
  )
  expect(lost).toBeDefined()
  expect(() => parseTypeName(damaged, `struct ${lost}`)).toThrow(
    `There is no type "struct ${lost}" in what could be read of this BTF: some of it is not in this memory, and the type may be there.`,
  )
  expect(() => parseTypeName(whole, 'struct nowhere')).toThrow('There is no type "struct nowhere".')
})

it('types before and behind a hole are found by their names, and those in it say where they lie', () => {
  const damaged = holed(header + 2 * 4096)
  let [found, lost, behind] = [0, 0, 0]
  for (let id = 1; id < damaged.typeCount; id++) {
    const type = damaged.type(id)
    if (type.kind === 'unknown') {
      lost++
      const reason = 'it lies in a part of the BTF that this memory does not hold'
      expect(type).toMatchObject({ id, name: '', reason })
    } else if (type.name !== '' && type.kind !== 'function') {
      found++
      if (lost > 0) behind++
      expect(damaged.findAll(type.name)).toEqual([type])
    }
  }
  expect(lost).toBeGreaterThan(50)
  expect(found - behind).toBeGreaterThan(50)
  expect(behind).toBeGreaterThan(50)
  // Prototypes and pointers have no name to be found by.
  expect([...damaged.names()]).not.toContain('')
})

/** What can be said of a type, names of its members included; names that are lost are dots. */
function describeType(type: CType): string {
  const members = 'members' in type ? type.members.map(({ name }) => name).join() : ''
  const size = 'size' in type ? type.size : ''
  return `${type.kind} ${type.name} ${size} ${members}`
}

/** Names that lie in a hole stand for any. */
function agrees(found: CType, right: CType): boolean {
  const parts = describeType(found).split(/unreadable_name_\d+/)
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')
  return new RegExp(`^${pattern}$`).test(describeType(right))
}

function compare(found: Btf): { lost: number; wrong: number[] } {
  let lost = 0
  const wrong: number[] = []
  for (let id = 1; id < whole.typeCount; id++) {
    const type = id < found.typeCount ? found.type(id) : undefined
    if (type === undefined || type.kind === 'unknown') lost++
    else if (!agrees(type, whole.type(id))) wrong.push(id)
  }
  return { lost, wrong }
}

describe('BTF with pages that could not be read', () => {
  it('has its types when nothing is missing', () => {
    expect(compare(whole)).toEqual({ lost: 0, wrong: [] })
    expect(whole.isWhole).toBe(true)
    expect(whole.typeCount).toBeGreaterThan(2000)
    expect(typesEnd).toBeGreaterThan(10 * 4096)
  })

  it('loses what is in a page of its type section, and keeps the ids of all else', () => {
    for (let start = header; start + 4096 < typesEnd; start += 4096) {
      const found = holed(start)
      const { lost, wrong } = compare(found)
      expect(wrong).toEqual([])
      expect(lost).toBeGreaterThan(0)
      // A record takes 12 bytes at least. Behind a hole among the functions nothing tells ids; functions are lost, no types.
      const last = Number(/^types? (\d+)/.exec(found.problems.list[0]?.why ?? '')?.[1])
      const limit = last + 360 < functionsAt ? 4096 / 12 + 2 : whole.typeCount - last
      expect(lost, `hole at ${start}`).toBeLessThanOrEqual(limit)
      expect(found.isWhole).toBe(false)
      expect(found.problems.list[0]?.why).toMatch(/^types? \d+ .* a part that could not be read/)
    }
    const found = holed(header + 8192)
    expect(found.find('function_number_599', 'function')?.id).toBe(
      whole.find('function_number_599', 'function')?.id,
    )
    const gone = found.type(
      Array.from({ length: 2000 }, (_, id) => id).find((id) => found.type(id).kind === 'unknown') ?? 0,
    )
    expect(gone).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('does not hold') })
  })

  it('loses names in a page of its strings and nothing else, and gives them no other', () => {
    for (let start = typesEnd; start < bytes.length; start += 4096) {
      const found = holed(start)
      expect(compare(found)).toEqual({ lost: 0, wrong: [] })
      const unnamed = [...found.types()].filter(({ name }) => name.startsWith('unreadable_name_'))
      // A name takes 13 bytes at least, and those on both sides may lie in it in part.
      expect(unnamed.length).toBeGreaterThan(0)
      expect(unnamed.length).toBeLessThanOrEqual(4096 / 13 + 2)
    }
  })

  it('keeps what lies between two holes, wherever in a record the second begins', () => {
    // Far behind the first function, so that enough of them prove the count.
    const second = typesEnd - 3000
    for (let cut = 0; cut < 16; cut += 4) {
      const found = holed(header + 8192, second + cut)
      expect(compare(found).wrong).toEqual([])
      const between = found.find('function_number_100', 'function')
      expect(between?.id, `cut by ${cut}`).toBe(whole.find('function_number_100', 'function')?.id)
    }
  })

  it('ends soon where nothing behind the hole is a record', () => {
    const records = 300_000
    const words = new Uint32Array(records * 4)
    for (let i = 0; i < records; i++) words.set([1, Kind.int << 24, 4, 0], i * 4)
    // Each chain of records goes far, and comes to a kind that there is not.
    words.fill(-1, words.length - 8)
    expect(resumeBehind(words, { from: 0, to: 1024 }, words.length, 1)).toBeUndefined()
  })

  it('is never wrong about a type, whatever is missing', () => {
    const place = fc.integer({ min: header, max: bytes.length - 1 })
    fc.assert(
      fc.property(fc.uniqueArray(place, { minLength: 1, maxLength: 3 }), (starts) => {
        expect(
          compare(holed(...starts.map((start) => start - (start % 64)).filter((s) => s >= header))).wrong,
        ).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('where records go on behind a hole', () => {
  const int = [0, 0x01000000, 4, 32]
  const prototype = [0, 0x0d000000, 0]
  const call = (target: number): number[] => [0, 0x0c000000, target]
  const times = <T>(count: number, make: (n: number) => T): T[] =>
    Array.from({ length: count }, (_, n) => make(n))
  /** As many words that are lost, of as many types of which the first is 100, then records. */
  const resumed = (hole: number, records: readonly (readonly number[])[], end?: number) => {
    const words = Uint32Array.from([...Array<number>(hole).fill(0), ...records.flat()])
    return resumeBehind(words, { from: 0, to: hole }, end ?? words.length, 100)
  }
  /** An integer, prototypes side by side, an integer, one more prototype, then functions of all but those at the edges. */
  const records = (lost: number, count: number): number[][] => [
    int,
    ...times(count + 2, () => prototype),
    int,
    prototype,
    ...times(count, (n) => call(100 + lost + 2 + n)),
    call(100 + lost + count + 4),
  ]

  it('is proven by the one number of lost types that gives each function its prototype', () => {
    expect(resumed(30, records(5, 18))).toEqual({ at: 30, lost: 5 })
    expect(resumed(30, records(0, 18))).toEqual({ at: 30, lost: 0 })
    // No more types can have been there than have room, one more for that which reaches in.
    expect(resumed(30, records(11, 18))).toEqual({ at: 30, lost: 11 })
    expect(resumed(30, records(12, 18))).toBeUndefined()
  })

  it('needs sixteen prototypes that differ', () => {
    expect(resumed(30, records(5, 15))).toEqual({ at: 30, lost: 5 })
    expect(resumed(30, records(5, 14))).toBeUndefined()
    const same = records(5, 18).map((words) => (words[1] === 0x0c000000 ? call(107) : words))
    expect(resumed(30, same)).toBeUndefined()
  })

  it('is not told where two numbers would do', () => {
    const many = [...times(40, () => prototype), ...times(20, (n) => call(100 + 15 + n))]
    expect(resumed(30, many)).toBeUndefined()
  })

  it('is behind the rest of a record that the hole cut', () => {
    const rest = [0xffffffff, 0xffffffff]
    expect(resumed(30, [rest, ...records(5, 18)])).toEqual({ at: 32, lost: 5 })
  })

  it('ends with the file, or with a record that the next hole cuts', () => {
    const all = records(5, 18)
    const length = 30 + all.flat().length
    expect(resumed(30, [...all, [0]])).toBeUndefined()
    expect(resumed(30, [...all, [0, 0x04000002, 16, 1, 2, 3]], length + 3)).toEqual({ at: 30, lost: 5 })
    expect(resumed(30, [...all, [0, 0x04000002, 16, 1, 2, 3]])).toBeUndefined()
    expect(resumed(30, [...all, int], length)).toEqual({ at: 30, lost: 5 })
    for (const bad of [0, 0x14000000, 0x2d000000]) {
      expect(resumed(30, [...all, [0, bad, 0]])).toBeUndefined()
      // Nor before another hole.
      expect(resumed(30, [...all, [0, bad, 0], int], length + 3)).toBeUndefined()
    }
  })
})
