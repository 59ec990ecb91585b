import { describe, expect, it } from 'vitest'
import { Ledger } from '../../../../src/ui/tui/model/changes.js'

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
