import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { syntheticPointer } from '../../src/btf/inflate.js'
import type { SectionType, StructType } from '../../src/btf/types.js'
import type { ValueContext } from '../../src/value/context.js'
import type { RecoveredPointer, RecoveryEvidence } from '../../src/value/recovered.js'
import { compileJson } from '../../src/value/render/compile-json.js'
import { jsonOf } from '../../src/value/render/json.js'
import type { ArrayValue, PointerValue, Scalar, StructValue } from '../../src/value/types.js'
import { makeValue } from '../../src/value/value.js'
import { BtfBuilder } from '../btf/builder.js'
import { base, FakeGuest } from './fake-guest.js'
import { build, integers } from './types.js'

const evidence: RecoveryEvidence = {
  degree: 'proven',
  function: 'enqueue',
  instruction: 12,
  file: 'a.bpf.c',
  line: 7,
  why: 'a pointer is stored there: c->task = (u64)p;',
  lines: ['a.bpf.c:7'],
}

/** struct node: words of which some are pointers to other nodes. */
function nodes(shownBy: RecoveryEvidence = evidence) {
  const b = new BtfBuilder()
  const { u32, u64 } = integers(b)
  const table = b.array(b.array(u64, 2), 2)
  b.struct('node', [
    { name: 'count', type: u64 }, // 0
    { name: 'next', type: u64 }, // 8
    { name: 'half', type: u32 }, // 16
    {
      type: b.struct('', [
        { name: 'pad', type: u64 },
        { name: 'inner', type: u64 },
      ]),
      offset: 24,
    }, // inner at 32
    { name: 'table', type: table, offset: 40 },
  ])
  const btf = Btf.parse(b.build())
  const type = btf.find('node', 'struct') as StructType
  const guest = new FakeGuest()
  const asked: string[] = []
  const pointer: RecoveredPointer = {
    type: syntheticPointer(type),
    evidence: shownBy,
    accepts: (value) => value === 0n || value >= base,
  }
  const known = new Set(['node+8', '+8', 'node+56'])
  const recoverPointer = (home: StructType | SectionType, offset: number) => {
    asked.push(`${home.name}+${offset}`)
    return known.has(`${home.name}+${offset}`) ? pointer : undefined
  }
  const context: ValueContext = guest.context({ recoverPointer })
  guest.view.setBigUint64(0, 5n, true)
  guest.setPointer(8, base + 0x100n)
  guest.setPointer(32, base + 0x100n)
  guest.setPointer(56, base + 0x100n)
  guest.view.setBigUint64(0x100, 77n, true)
  return { guest, type, context, asked, node: makeValue(context, type, base, 'node') as StructValue }
}

const { degree: recovered, ...where } = evidence
const shown = { pointer: '0xffff888000000100', type: 'struct node *', recovered, evidence: where }

describe('integers in which programs keep pointers', () => {
  test('stay integers as properties, and are pointers as members', () => {
    const { node } = nodes()
    expect(node.next).toBe(base + 0x100n)
    const next = node.$member('next') as PointerValue
    expect(next.$kind).toBe('pointer')
    expect(next.$type).toBe('struct node *')
    expect(next.$value).toBe(base + 0x100n)
    expect(next.$address).toBe(base + 8n)
    expect(next.count).toBe(77n)
    expect(next.$recovered).toEqual(evidence)
    expect((node.$member('count') as Scalar).$kind).toBe('scalar')
  })

  test('say so in text and JSON, and why', () => {
    const { node } = nodes()
    const next = node.$member('next')
    expect(inspect(next)).toBe('0xffff888000000100 (recovered struct node *)')
    expect(next.$json()).toEqual(shown)
    expect(node.$format()).toContain('.next  = 0xffff888000000100 (recovered struct node *)')
    expect(node.$json()).toMatchObject({ count: 5, next: shown })
  })

  test('are found in anonymous structs by those, not by the struct around them', () => {
    const { node, asked } = nodes()
    expect(node.$json()).toMatchObject({ inner: shown, pad: 0 })
    expect(asked).toContain('+8')
    expect(asked).not.toContain('node+32')
  })

  test('are found in arrays, element by element', () => {
    const { node } = nodes()
    expect(node.$json()).toMatchObject({
      table: [
        [0, 0],
        [shown, 0],
      ],
    })
    const row = (node.$member('table') as ArrayValue).$element(1) as ArrayValue
    expect((row.$element(0) as PointerValue).count).toBe(77n)
    expect((row.$element(1) as Scalar).$kind).toBe('scalar')
    expect(row.$json()).toEqual([shown, 0])
    expect(row.$format()).toContain('(recovered struct node *)')
    // Beyond its end an array has no claim to what its struct says.
    expect((row.$element(2) as Scalar).$kind).toBe('scalar')
  })

  test('name the symbol that they lead to, in JSON and text', () => {
    const { guest, type } = nodes()
    const named = {
      ...nodes().context,
      memory: guest,
      symbolize: (address: bigint) => (address === base + 0x100n ? 'nodes+0x100' : undefined),
    }
    const node = makeValue(named, type, base, 'node') as StructValue
    const next = node.$member('next') as PointerValue
    expect(next.$json()).toEqual({ ...shown, to: 'nodes+0x100' })
    expect(next.$format()).toBe('0xffff888000000100 <nodes+0x100> (recovered struct node *)')
    expect(compileJson(named, type)(guest.view, guest.bytes, 0)).toContain('"to":"nodes+0x100"')
  })

  test('are integers where the value cannot be such a pointer', () => {
    const { guest, node } = nodes()
    guest.setPointer(8, 12345n)
    expect((node.$member('next') as Scalar).$kind).toBe('scalar')
    expect(node.$json()).toMatchObject({ next: 12345 })
    expect(node.$format()).toContain('.next  = 12345')
  })

  test('are null pointers when they are 0', () => {
    const { guest, node } = nodes()
    guest.setPointer(8, 0n)
    const next = node.$member('next') as PointerValue
    expect(next.$isNull).toBe(true)
    expect(inspect(next)).toBe('NULL (recovered struct node *)')
    expect(next.$json()).toEqual({ ...shown, pointer: '0x0' })
  })

  test('equal elements are folded only where the same is known of all', () => {
    const { guest, node } = nodes()
    for (const offset of [40, 48, 56, 64]) guest.setPointer(offset, base + 0x100n)
    const text = node.$format({ columns: 200 })
    expect(text.match(/recovered struct node/g)).toHaveLength(3)
  })

  test('say that they are supported and not proven, with a line', () => {
    const { node } = nodes({ ...evidence, degree: 'supported' })
    const next = node.$member('next') as PointerValue
    expect(inspect(next)).toBe('0xffff888000000100 (supported struct node *, a.bpf.c:7)')
    expect(next.$json()).toEqual({ ...shown, recovered: 'supported' })
    expect(next.$recovered?.degree).toBe('supported')
  })

  test('are the same in compiled JSON', () => {
    const { guest, type, context } = nodes()
    const compiled = compileJson(context, type)
    for (const value of [base + 0x100n, 0n, 12345n, 2n ** 60n]) {
      guest.setPointer(8, value)
      expect(compiled(guest.view, guest.bytes, 0)).toBe(JSON.stringify(jsonOf(context, type, guest.bytes)))
    }
  })

  test('are the same in compiled JSON of arrays that are too long to be known by each element', () => {
    const length = 70_000
    const type = build((b, { u64 }) => b.struct('long', [{ name: 'words', type: b.array(u64, length) }]))
    const guest = new FakeGuest(length * 8)
    const pointer: RecoveredPointer = {
      type: syntheticPointer(type),
      evidence,
      accepts: (value) => value >= base,
    }
    const recoverPointer = (_: unknown, offset: number) => (offset % 24 === 8 ? pointer : undefined)
    const context = guest.context({ recoverPointer })
    for (let n = 0; n < length; n += 2) guest.setPointer(n * 8, base + BigInt(n))
    const text = compileJson(context, type)(guest.view, guest.bytes, 0)
    expect(text === JSON.stringify(jsonOf(context, type, guest.bytes))).toBe(true)
    expect(text.match(/"recovered"/g)?.length).toBe(11_666)
  })
})

describe('elements of an array that look alike', () => {
  const shownOf = (known: number, dimensions: readonly number[]) => {
    const type = build((b, { u64 }) =>
      b.struct('held', [
        { name: 'list', type: dimensions.reduceRight((of, count) => b.array(of, count), u64) },
      ]),
    )
    const guest = new FakeGuest()
    const count = dimensions.reduce((product, each) => product * each, 1)
    for (let n = 0; n < count; n++) guest.setPointer(n * 8, base)
    const pointer: RecoveredPointer = { type: syntheticPointer(type), evidence, accepts: () => true }
    const recoverPointer = (_: unknown, offset: number) => (offset === known ? pointer : undefined)
    const value = makeValue(guest.context({ recoverPointer }), type, base) as StructValue
    return (value.$format as (options: object) => string)({ columns: 2000 })
  }
  const isFolded = (text: string): boolean => text.includes(' ... ')

  test('are shown together only where the same is known of each', () => {
    expect(isFolded(shownOf(-1, [6]))).toBe(true)
    for (const n of [0, 1, 2, 5]) expect(isFolded(shownOf(8 * n, [6]))).toBe(false)
    // Of elements that are arrays themselves each word counts.
    expect(isFolded(shownOf(-1, [6, 2]))).toBe(true)
    for (const n of [0, 1, 3, 11]) expect(isFolded(shownOf(8 * n, [6, 2]))).toBe(false)
  })
})

describe('what was allocated where a pointer leads', () => {
  test('is had as its own type, behind the header', () => {
    const { guest, type } = nodes()
    const objectAt = (address: bigint) =>
      address === base + 0xf8n ? { type, address: base + 0x100n } : undefined
    const pointer = makeValue(
      guest.context({ objectAt }),
      syntheticPointer(type),
      base + 0x200n,
    ) as PointerValue
    expect(pointer.$isNull).toBe(true)
    expect(String(pointer.$payload)).toMatch(/null pointer/)
    guest.setPointer(0x200, base + 0xf8n)
    const again = makeValue(
      guest.context({ objectAt }),
      syntheticPointer(type),
      base + 0x200n,
    ) as PointerValue
    expect((again.$payload as StructValue).count).toBe(77n)
    guest.setPointer(0x200, base + 0x100n)
    const other = makeValue(
      guest.context({ objectAt }),
      syntheticPointer(type),
      base + 0x200n,
    ) as PointerValue
    expect(String(other.$payload)).toMatch(/points into no allocation of a known type/)
  })
})
