import { describe, expect, it } from 'vitest'
import { Changes } from '../../../src/ui/repl/changes.js'

const value = (address: bigint) => ({ $kind: 'struct', $type: 'struct rq', $address: address })
const text = (running: number, weight: number) =>
  `struct rq {\n  .nr_running = ${running},\n  .cfs = {\n    .load = { .weight = ${weight} },\n    .nr_running = 1,\n  },\n}`

describe('Changes', () => {
  it('marks members that are different from an earlier stop', () => {
    const changes = new Changes()
    expect(changes.mark(value(1n), text(1, 5), 1)).toEqual({ text: text(1, 5), count: 0 })
    // The same stop is no change, whatever was written meanwhile.
    expect(changes.mark(value(1n), text(1, 5), 1).count).toBe(0)
    const marked = changes.mark(value(1n), text(2, 6), 2)
    expect(marked.count).toBe(2)
    expect(marked.text).toBe(
      'struct rq {\n* .nr_running = 2,\n  .cfs = {\n*   .load = { .weight = 6 },\n    .nr_running = 1,\n  },\n}',
    )
    // Shown again at the same stop, the marks stay.
    expect(changes.mark(value(1n), text(2, 6), 2).count).toBe(2)
    expect(changes.mark(value(1n), text(2, 6), 3).count).toBe(0)
  })

  it('marks a struct that stands on one line', () => {
    const changes = new Changes()
    changes.mark(value(1n), 'struct rq { .cpu = 1 }', 1)
    expect(changes.mark(value(1n), 'struct rq { .cpu = 2 }', 2)).toEqual({
      text: '* struct rq { .cpu = 2 }',
      count: 1,
    })
  })

  it('knows values apart, and leaves others alone', () => {
    const changes = new Changes()
    changes.mark(value(1n), text(1, 5), 1)
    expect(changes.mark(value(2n), text(2, 5), 2).count).toBe(0)
    expect(changes.mark([1, 2], '[ 1, 2 ]', 2)).toEqual({ text: '[ 1, 2 ]', count: 0 })
  })
})
