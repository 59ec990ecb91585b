import { describe, expect, it } from 'vitest'
import { Ledger } from '../../../../src/ui/tui/model/changes.js'
import type { Row } from '../../../../src/ui/tui/model/row.js'

const row = (id: string, ...cells: string[]) => ({ id, cells })

describe('Ledger', () => {
  it('marks what differs from the stop before, and counts each once', () => {
    const ledger = new Ledger()
    ledger.next()
    ledger.note(row('tasks/1', 'init', 'S'))
    ledger.note(row('tasks/2', 'kthreadd', 'S'))
    ledger.next()
    expect(ledger.note(row('tasks/1', 'init', 'R'))).toBe('changed')
    expect(ledger.note(row('tasks/1', 'init', 'R'))).toBe('changed')
    expect(ledger.note(row('tasks/2', 'kthreadd', 'S'))).toBe('same')
    expect(ledger.changedCount).toBe(1)
    expect(ledger.cellsBefore('tasks/1')).toEqual(['init', 'S'])
  })

  it('calls a row new only where all rows were known before', () => {
    const ledger = new Ledger()
    ledger.next()
    ledger.noteAll('tasks', [row('tasks/1', 'init')])
    ledger.note(row('map:1/00', 'seen by chance'))
    ledger.next()
    expect(ledger.note(row('tasks/9', 'forked'))).toBe('new')
    expect(ledger.note(row('map:1/01', 'not looked at before'))).toBe('same')
  })

  it('never marks rows that say nothing of the guest', () => {
    const ledger = new Ledger()
    ledger.next()
    ledger.note({ ...row('x/1', 'a'), inert: true })
    ledger.next()
    expect(ledger.note({ ...row('x/1', 'b'), inert: true })).toBe('same')
  })
})

describe('what differs', () => {
  const stops = (...rows: readonly Row[]): Ledger => {
    const ledger = new Ledger()
    for (const [i, each] of rows.entries()) {
      if (i > 0) ledger.next()
      ledger.note(each)
    }
    return ledger
  }

  it('is called as a person would write it, and leads there', () => {
    const entry = (runtime: string): Row => ({
      id: 'map:5/e4000000',
      name: 'pid_stats[228]',
      parts: ['', '.nr_run', '.runtime_ns'],
      cells: ['228', '4', runtime],
      target: { kind: 'map', id: 5 },
    })
    expect(stops(entry('666096733'), entry('736868883')).differences).toEqual([
      {
        id: 'map:5/e4000000',
        name: 'pid_stats[228].runtime_ns',
        before: '666096733',
        now: '736868883',
        target: { kind: 'map', id: 5 },
      },
    ])
  })

  it('takes the name of a field from the end of its id, and is part of what it hangs below', () => {
    const ledger = new Ledger()
    const field = (value: string): Row => ({ id: 'vcpu:0/rax vCPU 0 rax', cells: ['rax', value, ''] })
    ledger.note(field('0x1'))
    ledger.next()
    ledger.note(field('0x2'), { kind: 'vcpu', index: 0 })
    expect(ledger.differences).toMatchObject([
      { name: 'vCPU 0 rax', before: '0x1', now: '0x2', target: { kind: 'vcpu', index: 0 } },
    ])
  })

  it('counts a field once that a table and a tree show', () => {
    const ledger = new Ledger()
    const both = (value: string): Row[] => [
      { id: 'map:5/e4 p[228].n', cells: ['n', value, 'int'] },
      {
        id: 'map:5/e4',
        name: 'p[228]',
        parts: ['', '.n'],
        cells: ['228', value],
        target: { kind: 'map', id: 5 },
      },
    ]
    for (const row of both('1')) ledger.note(row)
    ledger.next()
    for (const row of both('2')) ledger.note(row)
    expect(ledger.changedCount).toBe(1)
    expect(ledger.differences[0]?.target).toEqual({ kind: 'map', id: 5 })
  })

  it('is not what a screen of another width broke elsewhere', () => {
    const sentence = (line: string): Row => ({
      id: 'story/programs',
      cells: ['programs', line],
      compared: ['20 BPF programs took 596 ms.'],
    })
    expect(stops(sentence('20 BPF programs took'), sentence('20 BPF programs')).changedCount).toBe(0)
  })
})
