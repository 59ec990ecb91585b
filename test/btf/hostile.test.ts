import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { declare } from '../../src/btf/declaration.js'
import { readExtension } from '../../src/btf/ext.js'
import { alignOf, memberAt, memberPathAt, sizeOf, strip } from '../../src/btf/layout.js'
import { parseTypeName } from '../../src/btf/parse-type-name.js'
import { typeName } from '../../src/btf/type-name.js'
import { CryoscopeError } from '../../src/errors.js'
import { Problems } from '../../src/problems.js'
import { declareTypeScript } from '../../src/value/typescript.js'
import { BtfBuilder } from './builder.js'
import { everyKind } from './every-kind.js'

/** Touches everything there is to touch in a file; throws what it throws. */
function exercise(btf: Btf): void {
  const types = [...btf.types()]
  expect(types).toHaveLength(btf.typeCount)
  for (const type of types) {
    strip(type)
    sizeOf(type)
    alignOf(type)
    typeName(type)
    declare(type)
    declare(type, { offsets: true })
    memberPathAt(type, 9)
    memberAt(type, 'b[2]')
    if (type.kind === 'struct' || type.kind === 'union') {
      type.member('a')
      for (const member of type.members) sizeOf(member.type)
    }
    if (type.kind === 'enum') type.nameOf(1n)
    if (type.kind === 'section') for (const { variable } of type.variables) sizeOf(variable)
    if (type.kind === 'prototype') for (const parameter of type.parameters) strip(parameter.type)
  }
  declareTypeScript(types)
  for (const name of btf.names()) {
    // Bytes that are no UTF-8 cannot be asked for.
    if (!name.includes('\ufffd')) expect(btf.find(name)).toBeDefined()
  }
  parseTypeName(btf, 'struct node *')
}

/** Fails for anything thrown but the library's own error; the test's own limit bounds the time of all of them. */
function survives(bytes: Uint8Array, base?: Btf): void {
  try {
    exercise(Btf.parse(bytes, { base }))
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
  }
}

const good = everyKind().build()
const typesStart = 24
const typesEnd = 24 + new DataView(good.buffer).getUint32(12, true)

describe('broken BTF', () => {
  it('is whole to begin with', () => {
    exercise(Btf.parse(good))
    exercise(Btf.parse(everyKind().build({ bigEndian: true })))
  })

  it('may be cut anywhere', () => {
    for (let length = 0; length < good.length; length++) survives(good.subarray(0, length))
  })

  it('keeps what stands before the cut', () => {
    const cut = Btf.parse(good.subarray(0, typesEnd - 1))
    expect(cut.problems.none).toBe(false)
    expect(cut.typeCount).toBeGreaterThan(10)
  })

  it('may have any byte changed', () => {
    for (let at = 0; at < good.length; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const bytes = good.slice()
        bytes[at] = value
        survives(bytes)
      }
    }
  })

  it('may have several bytes changed', () => {
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
        const bytes = good.slice()
        for (const [at, value] of changes) bytes[at] = value
        survives(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('may be noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => survives(bytes)),
      { numRuns: 200 },
    )
  })

  it('may have noise for types', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: typesEnd - typesStart }), (noise) => {
        const bytes = good.slice()
        bytes.set(noise, typesStart)
        survives(bytes)
      }),
      { numRuns: 300 },
    )
  })

  it('may have records that refer anywhere', () => {
    const kind = fc.integer({ min: 0, max: 20 })
    const word = fc.oneof(fc.nat(30), fc.nat(0xffffffff))
    const record = fc.tuple(kind, fc.boolean(), fc.nat(4), fc.array(fc.nat(30), { maxLength: 14 }), word)
    fc.assert(
      fc.property(fc.array(record, { maxLength: 30 }), (records) => {
        const b = new BtfBuilder()
        for (const [kind, flag, vlen, words, value] of records) {
          b.raw(b.string('node'), (((flag ? 0x80 : 0) | kind) * 0x1000000 + vlen) >>> 0, value, ...words)
        }
        survives(b.build())
      }),
      { numRuns: 500 },
    )
  })

  it('may be split from a base that it does not fit', () => {
    const base = everyKind()
    const split = everyKind(base).build()
    exercise(Btf.parse(split, { base: Btf.parse(base.build()) }))
    survives(split)
    survives(good, Btf.parse(good))
    survives(split, Btf.parse(good.subarray(0, 60)))
  })
})

describe('BTF that is expensive', () => {
  it('may claim huge element counts', () => {
    const b = new BtfBuilder()
    b.raw(0, 0x04ffffff, 8)
    const btf = Btf.parse(b.build())
    expect(btf.typeCount).toBe(1)
    expect(btf.problems.list).toHaveLength(1)
  })

  it('may nest anonymous structs by the trillion', () => {
    const b = new BtfBuilder()
    const int = b.int('int', 4)
    let inner = b.struct('', [{ name: 'x', type: int }])
    for (let level = 0; level < 30; level++) {
      const type = inner
      inner = b.struct(
        '',
        Array.from({ length: 20 }, () => ({ type })),
        4,
      )
    }
    b.struct('node', [{ type: inner }])
    const node = Btf.parse(b.build()).findStruct('node')
    if (node === undefined) throw new Error('no node')
    expect(node.member('x')).toBeDefined()
    expect(node.member('y')).toBeUndefined()
    expect(alignOf(node)).toBe(4)
    expect(declare(node, { offsets: true })).toContain('struct {')
    expect(declareTypeScript([node])).toMatch(/interface node(__\d+)? extends/)
    expect(memberPathAt(node, 0)).toMatchObject({ path: 'x' })
  })

  it('may be one long chain', () => {
    const b = new BtfBuilder()
    const length = 20_000
    for (let n = 0; n < length; n++) {
      const next = n + 2
      const make = [
        () => b.pointer(next),
        () => b.array(next, 2, 1),
        () => b.struct(`s${n}`, [{ name: 'in', type: next }], 8),
        () => b.typedef(`t${n}`, next),
      ][n % 4]
      make?.()
    }
    const btf = Btf.parse(b.build())
    for (let id = 1; id < length; id += 997) {
      const type = btf.type(id)
      strip(type)
      sizeOf(type)
      alignOf(type)
      declare(type, { offsets: true })
    }
  })

  it('may give every type the same name', () => {
    const b = new BtfBuilder()
    for (let n = 0; n < 20_000; n++) b.struct('same', [], 4)
    const btf = Btf.parse(b.build())
    expect(btf.findAll('same')).toHaveLength(20_000)
    expect(btf.find('sama')).toBeUndefined()
  })
})

describe('broken BTF.ext', () => {
  it('may be noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Uint8Array.from([0x9f, 0xeb, 1, 0, 24, 0, 0, 0, ...noise])
        const longer = Uint8Array.from([0x9f, 0xeb, 1, 0, 32, 0, 0, 0, ...noise])
        for (const input of [noise, bytes, longer]) {
          const { functions, lines, core } = readExtension(input, Btf.parse(good), new Problems())
          const records = [...functions.values(), ...core.values()].reduce((sum, { size }) => sum + size, 0)
          expect(records).toBeLessThanOrEqual(input.length)
          for (const each of lines.values()) each.lineOf(1)
        }
      }),
    )
  })
})
