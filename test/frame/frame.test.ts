import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { frame, listed } from '../../src/frame/list.js'
import { op } from '../../src/frame/measures.js'

const huge = 2n ** 64n - 1n
const tasks = () =>
  frame([
    { pid: 1, name: 'init', cpu: 0, run: huge, se: { weight: 100n, on: true } },
    { pid: 7, name: 'load, "a"', cpu: 1, run: 3n, se: { weight: 88n, on: false }, late: 1.5 },
    { pid: 9, name: '', cpu: 1, run: 4n, se: undefined },
  ])

describe('a frame', () => {
  it('has a column for every member that some row has, nested ones by path, and loses no bit', () => {
    const made = tasks()
    expect(made.kinds).toEqual({
      pid: 'integer',
      name: 'text',
      cpu: 'integer',
      run: 'uint64',
      'se.weight': 'uint64',
      'se.on': 'boolean',
      se: 'integer',
      late: 'float',
    })
    expect(made.column('run')).toEqual([huge, 3n, 4n])
    expect(made.column('late')).toEqual([null, 1.5, null])
    expect(made.column('se.on')).toEqual([true, false, null])
    expect(made.at(-1)).toMatchObject({ pid: 9, 'se.weight': null })
  })

  it('rounds nothing where kinds are mixed', () => {
    const column = (...cells: unknown[]) => frame(cells.map((value) => ({ value }))).column('value')
    expect(column(1, 2n ** 63n)).toEqual([1n, 2n ** 63n])
    expect(column(-1n, 2n ** 62n)).toEqual([-1n, 2n ** 62n])
    expect(column(1.5, 2n ** 62n)).toEqual(['1.5', String(2n ** 62n)])
    expect(column('a', 1)).toEqual(['a', '1'])
  })

  it('filters, derives, sorts and selects', () => {
    const low = 5n
    const made = tasks()
      .filter(({ run }) => run < low)
      .derive({ twice: ({ run }) => run * 2n })
      .sort('-twice')
      .select('pid', 'twice')
    expect(made.rows()).toEqual([
      { pid: 9, twice: 8n },
      { pid: 7, twice: 6n },
    ])
    expect(() => tasks().select('pidd')).toThrow('the frame has no column pidd; it has pid, name')
  })

  it('groups: sums of 64-bit integers are exact, means are doubles', () => {
    const made = tasks()
      .groupBy('cpu')
      .rollup({
        n: op.count(),
        sum: op.sum('run'),
        mean: op.mean('run'),
        worst: op.max('run'),
        middle: op.median('run'),
      })
    expect(made.rows()).toEqual([
      { cpu: 0, n: 1, sum: huge, mean: Number(huge), worst: huge, middle: Number(huge) },
      { cpu: 1, n: 2, sum: 7n, mean: 3.5, worst: 4n, middle: 3.5 },
    ])
    expect(
      tasks()
        .rollup({ n: op.distinct('cpu') })
        .rows(),
    ).toEqual([{ n: 2 }])
  })

  it('joins by what keys mean, or by what is named', () => {
    const stats = frame([
      { key: 7, runs: 3n },
      { key: 1, runs: 5n },
    ])
    expect(stats.join(tasks()).select('key', 'runs', 'name').sort('-key').rows()).toEqual([
      { key: 7, runs: 3n, name: 'load, "a"' },
      { key: 1, runs: 5n, name: 'init' },
    ])
    const queues = frame([{ address: 4096n, id: 77n, depth: 2 }])
    const waiting = frame([
      { pid: 7, queueAddress: 4096n },
      { pid: 9, queueAddress: 0n },
    ])
    expect(waiting.join(queues).select('pid', 'id').rows()).toEqual([{ pid: 7, id: 77n }])
    expect(waiting.join(queues, ['queueAddress', 'address'], 'left').column('depth')).toEqual([2, null])
    expect(() => frame([{ key: 3 }]).join(frame([{ pid: 4 }]))).toThrow('no columns of the two mean the same')
    // A few tasks of the many that a map knows; indexes of an array are no pids.
    const many = (keys: readonly number[]) => frame(keys.map((key) => ({ key, runs: key * 2 })))
    const some = frame([{ pid: 7 }, { pid: 19 }])
    const all = Array.from({ length: 30 }, (_, n) => n)
    expect(
      some
        .join(many(all.slice(3)))
        .sort('pid')
        .column('runs'),
    ).toEqual([14, 38])
    expect(() => some.join(many(all))).toThrow('no columns of the two mean the same')
  })

  it('pivots and joins on', () => {
    const made = tasks().pivot({ rows: 'cpu', columns: 'pid', measure: op.count() })
    expect(made.rows()).toEqual([
      { cpu: 0, 1: 1, 7: null, 9: null },
      { cpu: 1, 1: null, 7: 1, 9: 1 },
    ])
    expect(
      tasks()
        .concat(frame([{ pid: 11, extra: 'x' }]))
        .column('extra'),
    ).toEqual([null, null, null, 'x'])
  })

  it('is written as CSV and JSON, exactly', () => {
    const made = tasks().select('pid', 'name', 'run', 'se.on')
    expect(made.csv()).toBe(`pid,name,run,se.on\n1,init,${huge},true\n7,"load, ""a""",3,false\n9,"",4,\n`)
    expect(JSON.parse(made.json())[0]).toEqual({ pid: 1, name: 'init', run: String(huge), 'se.on': true })
  })

  it('is read by others from Arrow and Parquet, exactly', async () => {
    const made = tasks().select('pid', 'name', 'run', 'se.on', 'late')
    const table = tableFromIPC(made.arrow())
    expect(table.toArray().map((row) => row?.toJSON())).toMatchObject([
      { name: 'init', run: huge, 'se.on': true, late: null },
      { run: 3n, late: 1.5 },
      { name: '', 'se.on': null },
    ])
    const bytes = made.parquet()
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
    const rows = await parquetReadObjects({ file })
    expect(rows).toMatchObject([
      { pid: 1n, name: 'init', run: huge, 'se.on': true },
      { run: 3n, late: 1.5 },
      { name: '', run: 4n },
    ])
  })

  it('is what a list of a session has, also of what is made of it', () => {
    const list = listed([{ pid: 1 }, { pid: 2 }])
    expect(Array.isArray(list)).toBe(true)
    expect(list.frame().column('pid')).toEqual([1, 2])
    const more = list.filter(({ pid }) => pid > 1).map((row) => ({ ...row, waitedMs: 3 }))
    expect(more.frame().rows()).toEqual([{ pid: 2, waitedMs: 3 }])
    expect(
      listed(Object.freeze([1, 2]))
        .frame()
        .column('value'),
    ).toEqual([1, 2])
  })
})
