import { describe, expect, it } from 'vitest'
import { CastIndex } from '../../../src/bpf/cast/cast-index.js'
import { btfIdentity } from '../../../src/bpf/cast/object/identity.js'
import type { CastFinding, CastReport } from '../../../src/bpf/cast/report.js'
import { Btf } from '../../../src/btf/btf.js'
import { BtfBuilder } from '../../btf/builder.js'
import { integers } from '../../value/types.js'

const b = new BtfBuilder()
const { u32, u64 } = integers(b)
const task = b.struct('task', [{ name: 'pid', type: u64 }])
const inner = b.struct('inner', [
  { name: 'a', type: u64 },
  { name: 'b', type: u64 },
])
const empty = b.struct('empty', [])
const value = b.struct('value', [
  { name: 'none', type: empty },
  { name: 'flags', type: u32 },
  { name: 'inner', type: inner, offset: 8 },
  { name: 'rows', type: b.array(b.array(inner, 2), 3), offset: 24 },
  { name: 'words', type: b.array(u64, 4), offset: 120 },
])
const either = b.union('either', [
  { name: 'inner', type: inner },
  { name: 'word', type: u64 },
])
const section = b.section('.bss', [
  { type: b.variable('first', u64), offset: 0, size: 8 },
  { type: b.variable('v', value), offset: 8, size: 152 },
])
const types = Btf.parse(b.build())
const identity = btfIdentity(types)

/** A finding at an offset of a type; of so many elements. */
const finding = (
  typeId: number,
  offset: number,
  { target = task, elements = 0, space = 'kernel', size = null as number | null } = {},
) =>
  ({
    place: { typeId, offset, elements, type: 't', member: 'm' },
    target: target === 0 ? null : { typeId: target, type: 'struct task' },
    addressSpace: space,
    allocationSize: size,
  }) as unknown as CastFinding

const report = (findings: readonly CastFinding[], withheld: readonly CastFinding[] = [], name = 'o') =>
  ({ objects: [{ name, btf: identity, findings, withheld }] }) as unknown as CastReport

describe('what a word holds', () => {
  const index = new CastIndex([
    report([
      finding(inner, 8),
      finding(value, 0, { target: 0, space: 'arena', size: 48 }),
      finding(value, 120, { elements: 4 }),
      finding(section, 0),
    ]),
  ])
  const at = (type: number, offset: number) => index.castAt(types, type, offset)
  const known = (type: number, ...offsets: number[]) =>
    offsets.filter((offset) => at(type, offset) !== undefined)

  it('is told by type and offset, wherever that type lies', () => {
    expect(known(inner, 0, 4, 8, 16)).toEqual([8])
    expect(known(value, 8, 16, 24, 32, 40, 48, 64, 112, 120)).toEqual([16, 32, 48, 64, 112, 120])
    expect(known(section, 0, 8, 16, 24, 40, 128, 152, 160)).toEqual([0, 8, 24, 40, 128, 152])
    expect(known(u64, 0)).toEqual([])
    expect(index.castAt(types, types.type(value), 16)?.target?.name).toBe('task')
  })

  it('is told of each element of an array that was used as a whole', () => {
    expect(known(value, 112, 120, 124, 128, 136, 144, 152)).toEqual([112, 120, 128, 136, 144])
  })

  it('is what was found, with the offset that was asked for', () => {
    expect(at(section, 24)).toMatchObject({
      object: 'o',
      offset: 24,
      addressSpace: 'kernel',
      allocationSize: undefined,
    })
    expect(at(section, 24)?.target?.id).toBe(task)
    // Only the space is known.
    expect(at(value, 0)).toMatchObject({
      target: undefined,
      addressSpace: 'arena',
      allocationSize: 48,
      offset: 0,
    })
  })

  it('is not told where several arms of a union lie there', () => {
    expect(known(either, 0, 8)).toEqual([8])
    expect(at(either, -8)).toBeUndefined()
    const ofUnion = new CastIndex([report([finding(either, 0)])])
    expect(ofUnion.castAt(types, either, 0)?.target?.name).toBe('task')
  })

  it('is told of types that are known only', () => {
    expect(index.has(types)).toBe(true)
    const other = new BtfBuilder()
    integers(other)
    const stranger = Btf.parse(other.build())
    expect(index.has(stranger)).toBe(false)
    expect(index.castAt(stranger, 1, 0)).toBeUndefined()
    expect(new CastIndex().castAt(types, inner, 8)).toBeUndefined()
  })
})

describe('objects with the same types', () => {
  const castAt = (...reports: readonly CastReport[]) => new CastIndex(reports).castAt(types, inner, 8)?.object

  it('may agree', () => {
    expect(castAt(report([finding(inner, 8)]), report([finding(inner, 8)], [], 'p'))).toBe('p')
  })

  it('may differ by target or space, and then nothing is said, whoever comes first', () => {
    for (const other of [finding(inner, 8, { target: inner }), finding(inner, 8, { space: 'arena' })]) {
      expect(castAt(report([finding(inner, 8)]), report([other]))).toBeUndefined()
      expect(castAt(report([other]), report([finding(inner, 8)]))).toBeUndefined()
      // A third does not decide.
      expect(
        castAt(report([other]), report([finding(inner, 8)]), report([finding(inner, 8)])),
      ).toBeUndefined()
    }
  })

  it('say nothing of what one of them withholds', () => {
    expect(castAt(report([finding(inner, 8)]), report([], [finding(inner, 8)]))).toBeUndefined()
    expect(castAt(report([], [finding(inner, 8)]), report([finding(inner, 8)]))).toBeUndefined()
    expect(castAt(report([finding(inner, 8)]), report([], [finding(inner, 0)]))).toBe('o')
    const many = new CastIndex([
      report([finding(value, 136)]),
      report([], [finding(value, 120, { elements: 4 })]),
    ])
    expect(many.castAt(types, value, 136)).toBeUndefined()
  })
})
