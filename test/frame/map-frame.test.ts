import { describe, expect, it } from 'vitest'
import type { BpfMap } from '../../src/bpf/map.js'
import type { CType } from '../../src/btf/types.js'
import { mapFrame } from '../../src/frame/map-frame.js'
import type { Problems } from '../../src/problems.js'
import { FakeGuest } from '../value/fake-guest.js'
import { build } from '../value/types.js'

const u32 = build((_, t) => t.u32)
const sample = build((b, t) =>
  b.struct('sample', [
    { name: 'runs', type: t.u64 },
    { name: 'late', type: t.u32 },
    { name: 'on', type: t.bool },
  ]),
)

interface Packed {
  readonly keyType?: CType
  readonly valueType?: CType
  readonly keySize: number
  readonly valueSize: number
  /** Entries of each batch: the key, and the bytes of its values, one for each CPU. */
  readonly batches: readonly (readonly (readonly [key: number, values: readonly Uint8Array[]])[])[]
  readonly cpus?: readonly number[]
  readonly problem?: string
}

/** A map whose entries come in batches, as readers give them: values of all CPUs one behind the other. */
function packed({ keyType, valueType, keySize, valueSize, batches, cpus, problem }: Packed): BpfMap {
  const valueStride = valueSize * (cpus?.length ?? 1) + 8
  return {
    isPacked: true,
    perCpu: cpus !== undefined,
    cpus: cpus ?? [],
    context: new FakeGuest().context(),
    info: { keyType, valueType },
    *batches(problems: Problems) {
      for (const entries of batches) {
        // Room for more entries than there are, as batches have.
        const keys = new Uint8Array(keySize * (entries.length + 3)).fill(0xee)
        const values = new Uint8Array(valueStride * (entries.length + 3)).fill(0xee)
        for (const [at, [key, all]] of entries.entries()) {
          if (keySize > 0) new DataView(keys.buffer).setUint32(at * keySize, key, true)
          for (const [cpu, bytes] of all.entries()) values.set(bytes, at * valueStride + cpu * valueSize)
        }
        yield { count: entries.length, keySize, valueSize, valueStride, keys, values }
      }
      if (problem !== undefined) problems.add('bucket 7', problem)
    },
  } as unknown as BpfMap
}

function sampleOf(runs: bigint, late: number, on: boolean): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, runs, true)
  view.setUint32(8, late, true)
  bytes[12] = Number(on)
  return bytes
}

const word = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0)

describe('the frame of a map', () => {
  const usual = { keyType: u32, valueType: sample, keySize: 4, valueSize: 16 }

  it('has a row for each entry of all batches, exactly, and what could not be read', () => {
    const made = mapFrame(
      packed({
        ...usual,
        batches: [
          [
            [7, [sampleOf(2n ** 64n - 1n, 1, true)]],
            [9, [sampleOf(0n, 0, false)]],
          ],
          [],
          [[1, [sampleOf(3n, 2 ** 32 - 1, true)]]],
        ],
        problem: 'page not present',
      }),
    )
    expect(made.kinds).toEqual({
      key: 'integer',
      'value.runs': 'uint64',
      'value.late': 'integer',
      'value.on': 'boolean',
    })
    expect(made.rows()).toEqual([
      { key: 7, 'value.runs': 2n ** 64n - 1n, 'value.late': 1, 'value.on': true },
      { key: 9, 'value.runs': 0n, 'value.late': 0, 'value.on': false },
      { key: 1, 'value.runs': 3n, 'value.late': 2 ** 32 - 1, 'value.on': true },
    ])
    expect(made.problems.map(({ where, why }) => [where, why])).toEqual([['bucket 7', 'page not present']])
  })

  it('has a row for each CPU of an entry', () => {
    const made = mapFrame(
      packed({
        ...usual,
        valueType: u32,
        valueSize: 8,
        cpus: [0, 2],
        batches: [
          [
            [5, [word(50), word(52)]],
            [6, [word(60), word(62)]],
          ],
        ],
      }),
    )
    expect(made.names).toEqual(['key', 'cpu', 'value'])
    expect(made.rows().map(({ key, cpu, value }) => [key, cpu, value])).toEqual([
      [5, 0, 50],
      [5, 2, 52],
      [6, 0, 60],
      [6, 2, 62],
    ])
  })

  it('has hexadecimal text where there are no types', () => {
    const made = mapFrame(
      packed({ keySize: 4, valueSize: 2, batches: [[[0x0201, [Uint8Array.of(0xab, 1)]]]] }),
    )
    expect(made.rows()).toEqual([{ key: '01020000', value: 'ab01' }])
  })

  it('has no key where the map has none, and columns where it is empty', () => {
    const queue = packed({ valueType: u32, keySize: 0, valueSize: 4, batches: [[[0, [word(3)]]]] })
    expect(mapFrame(queue).rows()).toEqual([{ value: 3 }])
    const empty = mapFrame(packed({ ...usual, batches: [] }))
    expect([empty.length, empty.names]).toEqual([0, ['key', 'value']])
  })

  it('is made entry by entry where entries mean more than their bytes', () => {
    const owner = { kind: 'task', pid: 1, comm: 'init' }
    const entries = [
      { key: { owner, bytes: Uint8Array.of(1) }, value: { value: 5n, bytes: Uint8Array.of(5) } },
      { key: { json: 'name-3', bytes: Uint8Array.of(2) }, value: { target: { name: 'inner' } } },
      { key: { bytes: Uint8Array.of(0xff) }, value: undefined },
      {
        key: { json: 9, bytes: Uint8Array.of(9) },
        cpus: [
          { cpu: 0, value: 1 },
          { cpu: 1, bytes: Uint8Array.of(2) },
        ],
      },
    ]
    const map = { isPacked: false, entries: () => entries.values() } as unknown as BpfMap
    const made = mapFrame(map)
    expect(made.length).toBe(5)
    expect(made.column('key.pid')).toEqual([1, null, null, null, null])
    expect(made.column('key')).toEqual([null, 'name-3', 'ff', '9', '9'])
    expect(made.column('value.name')).toEqual([null, 'inner', null, null, null])
    expect(made.column('value')).toEqual(['5', null, null, '1', '02'])
    expect(made.column('cpu')).toEqual([null, null, null, 0, 1])
  })
})
