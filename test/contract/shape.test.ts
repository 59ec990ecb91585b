import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hexAddress, jsonLine, jsonText, plainInteger } from '../../src/contract/json.js'
import { jsonOf, withJson } from '../../src/contract/shape.js'

interface Queue {
  readonly address: bigint
  readonly id: bigint
  readonly name: string | undefined
  readonly depth: bigint | undefined
  readonly tasks: readonly { readonly address: bigint; readonly pid: number }[]
  readonly sums: Readonly<Record<string, bigint>>
}

const queueJson = jsonOf<Queue>()({
  address: 'address',
  id: 'id',
  depth: 'integer',
  tasks: { address: 'address' },
  sums: {},
})

const queue: Queue = {
  address: 0xffff888000000000n,
  id: 0x79n,
  name: undefined,
  depth: 2n ** 60n,
  tasks: [{ address: -1n, pid: 4 }],
  sums: { small: 3n, large: 2n ** 53n },
}

const written = {
  address: '0xffff888000000000',
  id: '0x79',
  name: null,
  depth: '1152921504606846976',
  tasks: [{ address: '0xffffffffffffffff', pid: 4 }],
  sums: { small: 3, large: '9007199254740992' },
}

describe('the shape of a noun', () => {
  it('decides how each of its bigints is written', () => {
    expect(queueJson(queue)).toEqual(written)
    // What its members are called has no say.
    expect(jsonOf<{ address: bigint }>()({ address: 'integer' })({ address: 7n })).toEqual({ address: 7 })
  })

  it('must speak of each of them', () => {
    // @ts-expect-error a bigint that nobody has decided about does not compile
    jsonOf<{ start: bigint }>()({})
    // @ts-expect-error neither does one further in
    jsonOf<{ frames: { at: bigint }[] }>()({ frames: {} })
    // @ts-expect-error nor one of which there may be none
    jsonOf<{ at: bigint | undefined; pid: number }>()({})
    expect(jsonOf<{ pid: number }>()({})({ pid: 1 })).toEqual({ pid: 1 })
  })

  it('makes a noun and what is in it known to JSON.stringify, and to nothing else', () => {
    const noun = withJson({ ...queue, tasks: [{ address: 5n, pid: 4 }] }, queueJson)
    expect(JSON.parse(JSON.stringify(noun))).toEqual({ ...written, tasks: [{ address: '0x5', pid: 4 }] })
    expect(JSON.stringify(noun.tasks[0])).toBe('{"address":"0x5","pid":4}')
    expect(Object.keys(noun)).toEqual(Object.keys(queue))
    expect({ ...noun }).not.toHaveProperty('toJSON')
    // One that it contains is written by its own JSON.
    const holder = jsonOf<{ queue: unknown }>()({})
    expect(holder({ queue: noun })).toMatchObject({ queue: { address: '0xffff888000000000' } })
  })
})

describe('the rule for integers', () => {
  it('keeps every 64-bit integer exactly, and addresses by their bits', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 64n), 2n ** 64n), (value) => {
        const json = plainInteger(value)
        expect(BigInt(json)).toBe(value)
        expect(typeof json === 'number').toBe(value < 2n ** 53n && value > -(2n ** 53n))
        expect(JSON.parse(jsonLine({ value }))).toEqual({ value: json })
        expect(JSON.parse(jsonText([value]))).toEqual([json])
        expect(BigInt(hexAddress(value))).toBe(BigInt.asUintN(64, value))
      }),
    )
  })
})
