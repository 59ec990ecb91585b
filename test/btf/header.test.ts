import { describe, expect, it } from 'vitest'
import { readSections } from '../../src/btf/header.js'
import { Problems } from '../../src/problems.js'

interface Fields {
  readonly magic?: number
  readonly version?: number
  readonly headerLength?: number
  /** Where a section begins behind the header, and its length. */
  readonly types?: readonly [number, number]
  readonly strings?: readonly [number, number]
  readonly layout?: readonly [number, number]
  readonly length?: number
  readonly little?: boolean
}

/** A header of 32 bytes, then bytes that count from 0. */
function file(fields: Fields = {}): Uint8Array {
  const { magic = 0xeb9f, version = 1, headerLength = 32, length = 64, little = true } = fields
  const bytes = Uint8Array.from({ length }, (_, n) => Math.max(0, n - 32))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, magic, little)
  view.setUint8(2, version)
  const words = [headerLength, ...(fields.types ?? [0, 4]), ...(fields.strings ?? [4, 4])]
  const more = length < 32 ? [] : (fields.layout ?? [0, 0])
  for (const [n, word] of [...words, ...more].entries()) view.setUint32(4 + 4 * n, word, little)
  return bytes
}

function read(bytes: Uint8Array) {
  const problems = new Problems()
  const { types, strings, ...rest } = readSections(bytes, 'BTF', problems)
  return { ...rest, types: [...types], strings: [...strings], problems: problems.sentences }
}

describe('the header of BTF', () => {
  it('says where types and strings are', () => {
    const right = { types: [0, 1, 2, 3], strings: [4, 5, 6, 7], layout: [], problems: [] }
    expect(read(file())).toEqual({ ...right, littleEndian: true })
    expect(read(file({ little: false }))).toEqual({ ...right, littleEndian: false })
  })

  it.each<[string, Uint8Array]>([
    ['it has 23 bytes, and the header alone takes 24', file({ length: 32 }).subarray(0, 23)],
    ['it starts with 000a instead of the magic number eb9f', file({ magic: 10 })],
    ['it has version 2, and only version 1 is known', file({ version: 2 })],
    ['its header claims 23 bytes of 64', file({ headerLength: 23 })],
    ['its header claims 65 bytes of 64', file({ headerLength: 65 })],
  ])('is no use where %s', (why, bytes) => {
    expect(() => read(bytes)).toThrow(`BTF is not usable: ${why}.`)
  })

  it('may be all that there is', () => {
    const none: Fields = { types: [0, 0], strings: [0, 0] }
    for (const headerLength of [24, 64])
      expect(read(file({ ...none, headerLength }))).toMatchObject({ types: [], strings: [], problems: [] })
    expect(read(file({ ...none, headerLength: 24 }).subarray(0, 24))).toMatchObject({ problems: [] })
  })

  it('may tell of sections that the file does not have, or only a part of', () => {
    const missing = (what: string, length: number, from: number, has: number): string =>
      `BTF: the ${what} section should have ${length} bytes from byte ${from} on, but the file has ${has} there`
    expect(read(file({ types: [28, 4] }))).toMatchObject({ types: [28, 29, 30, 31], problems: [] })
    expect(read(file({ types: [28, 5] }))).toMatchObject({
      types: [28, 29, 30, 31],
      problems: [missing('type', 5, 60, 4)],
    })
    expect(read(file({ strings: [100, 4] }))).toMatchObject({
      strings: [],
      problems: [missing('string', 4, 132, 0)],
    })
    expect(read(file({ layout: [31, 4] }))).toMatchObject({
      layout: [],
      problems: [missing('layout', 4, 63, 1)],
    })
  })

  it('may have a table of how long kinds are', () => {
    expect(read(file({ layout: [8, 12] })).layout).toEqual([
      { fixed: 8, element: 9 },
      { fixed: 12, element: 13 },
      { fixed: 16, element: 17 },
    ])
    expect(read(file({ layout: [8, 7] })).layout).toEqual([{ fixed: 8, element: 9 }])
    // The header is too short for one.
    expect(read(file({ layout: [8, 12], headerLength: 31 })).layout).toEqual([])
    expect(read(file({ layout: [0, 1024], length: 2048 })).layout).toHaveLength(128)
  })
})
