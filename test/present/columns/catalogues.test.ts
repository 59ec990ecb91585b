import { describe, expect, it } from 'vitest'
import { catalogueOf } from '../../../src/present/columns/catalogues.js'
import { arePlainRows, plainCell, plainColumns } from '../../../src/present/columns/plain-rows.js'

const task = {
  address: 1n,
  pid: 7,
  tgid: 7,
  name: 'load',
  comm: 'load',
  state: 'R',
  cpu: 0,
  isRunning: true,
  isKernelThread: false,
  parentPid: 1,
}
const titles = (rows: readonly unknown[]) => catalogueOf(rows)?.columns.map(({ title }) => title)

describe('columns of a list', () => {
  it('are those of its noun', () => {
    expect(titles([task])).toEqual(['PID', 'TGID', 'PPID', 'CPU', 'S', 'NAME', 'TASK_STRUCT'])
  })

  it('mark the CPU of a task that runs, and of one of which that is not known', () => {
    const cpu = catalogueOf([task])?.columns[3]
    const cells = [true, false, undefined].map((isRunning) => cpu?.cell({ ...task, isRunning }))
    expect(cells).toEqual(['0*', '0', '0?'])
  })

  it('are those of its noun and whatever else copies have, also where only the last has it', () => {
    const rows = [task, { ...task, waitedMs: 3 }, { ...task, note: 'late' }]
    expect(titles(rows)?.slice(7)).toEqual(['waitedMs', 'note'])
    const cells = catalogueOf(rows)
      ?.columns.slice(7)
      .map(({ cell }) => rows.map(cell))
    expect(cells).toEqual([
      ['-', '3', '-'],
      ['-', '-', 'late'],
    ])
  })

  it('are all members of other objects', () => {
    const rows = [{ a: 1 }, { b: [1, { c: 2n }], a: undefined }]
    expect(arePlainRows(rows)).toBe(true)
    const columns = plainColumns(rows)
    expect(columns.map(({ title, align }) => [title, align])).toEqual([
      ['a', 'right'],
      ['b', undefined],
    ])
    expect(rows.map((row) => columns.map(({ cell }) => cell(row)))).toEqual([
      ['1', '-'],
      ['-', '[ 1, { c: 2n } ]'],
    ])
    expect(plainCell(2n ** 60n)).toBe('0x1000000000000000')
  })
})
