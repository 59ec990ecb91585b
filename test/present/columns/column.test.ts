import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Column, comparing, numberColumn, terminalCells } from '../../../src/present/columns/column.js'
import { waitingRows } from '../../../src/present/columns/sched.js'

interface Row {
  readonly name: string
  readonly size: bigint | undefined
}

const name: Column<Row> = { key: 'name', title: 'NAME', cell: (row) => row.name }
const size = numberColumn<Row>('size', 'SIZE', (row) => row.size)

describe('columns', () => {
  it('make cells that a terminal can show', () => {
    expect(terminalCells([name, size], { name: 'a\u001b[2Jb\n', size: undefined })).toEqual([
      'a\\x1b[2Jb\\n',
      '-',
    ])
  })

  it('sort text as people do, numbers by value, and what has no value last in both directions', () => {
    const rows: Row[] = [
      { name: 'vm10', size: 2n },
      { name: 'vm9', size: undefined },
      { name: 'vm1', size: 1n << 64n },
    ]
    const names = (sorted: Row[]) => sorted.map((row) => row.name)
    expect(names(rows.toSorted(comparing(name)))).toEqual(['vm1', 'vm9', 'vm10'])
    expect(names(rows.toSorted(comparing(size)))).toEqual(['vm10', 'vm1', 'vm9'])
    expect(names(rows.toSorted(comparing(size, true)))).toEqual(['vm1', 'vm10', 'vm9'])
  })

  it('give an order that sorting can rely on', () => {
    const row = fc.record({ name: fc.string(), size: fc.option(fc.bigInt(), { nil: undefined }) })
    fc.assert(
      fc.property(row, row, fc.constantFrom(name, size), fc.boolean(), (a, b, column, descending) => {
        const compare = comparing(column, descending)
        expect(Math.sign(compare(a, b)) === -Math.sign(compare(b, a))).toBe(true)
        expect(compare(a, a) === 0).toBe(true)
      }),
    )
  })
})

it('waiting tasks name the queue they are on, the longest waiting first', () => {
  const task = (pid: number, waitingMs: number, isCurrent = false) => ({
    address: BigInt(pid),
    pid,
    name: `t${pid}`,
    cpu: 0,
    isCurrent,
    waitingMs,
  })
  const state = {
    runqueues: [{ schedExt: { runnable: [task(1, 5), task(2, 50), task(3, 500, true)] } }],
    queues: [{ name: '0x77', tasks: [task(2, 50)] }],
  } as unknown as Parameters<typeof waitingRows>[0]
  expect(waitingRows(state).map(({ pid, queue }) => [pid, queue])).toEqual([
    [2, '0x77'],
    [1, undefined],
  ])
})
