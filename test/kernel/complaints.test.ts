import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { complaints, panicMessage } from '../../src/kernel/complaints.js'
import type { LogRecord } from '../../src/kernel/dmesg.js'

const second = 1_000_000_000n

function log(...lines: readonly (readonly [time: number, text: string, level?: number])[]): LogRecord[] {
  return lines.map(([time, text, level = 6], index) => ({
    sequence: BigInt(index),
    time: BigInt(Math.round(time * 1e6)) * 1000n,
    facility: 0,
    level,
    text,
  }))
}

const oops = log(
  [5, 'all is well'],
  [6, 'BUG: kernel NULL pointer dereference, address: 0000000000000000', 1],
  [6.0001, '#PF: supervisor instruction fetch in kernel mode', 1],
  [6.0002, 'Oops: Oops: 0010 [#1] SMP NOPTI', 4],
  [6.0003, 'CPU: 0 UID: 0 PID: 156 Comm: cat Not tainted', 4],
  [6.0004, 'RIP: 0010:seq_read_iter+0x12f/0x480', 4],
  [6.0005, 'RIP: 0033:0x47b7a0', 4],
)

describe('complaints', () => {
  it('are told by their first record, with where the kernel was', () => {
    const found = complaints([...oops, ...log([60, 'INFO: task cat:9 blocked for more than 10 seconds.', 3])])
    expect(found).toEqual([
      {
        record: oops[1],
        line: 'BUG: kernel NULL pointer dereference, address: 0000000000000000',
        where: 'seq_read_iter+0x12f/0x480',
        count: 3,
      },
      expect.objectContaining({ where: undefined, count: 1 }),
    ])
  })

  it('are told with the place that arm64 prints', () => {
    const arm = log(
      [1, 'Unable to handle kernel paging request at virtual address dead000000000100', 1],
      [1.1, 'Internal error: Oops: 0000000096000004 [#1]  SMP', 0],
      [1.2, 'pc : show_one+0x20/0x40', 4],
    )
    expect(complaints(arm)).toMatchObject([{ where: 'show_one+0x20/0x40', count: 2 }])
  })

  it('end at a panic, whose own lines are none', () => {
    const panic = log(
      [6.1, 'Kernel panic - not syncing: Fatal exception', 0],
      [6.2, 'Kernel Offset: 0x1000000 from 0xffffffff81000000', 0],
      [6.3, '---[ end Kernel panic - not syncing: Fatal exception ]---', 0],
    )
    expect(complaints([...oops, ...panic])).toHaveLength(1)
    expect(complaints(panic)).toEqual([])
    expect(panicMessage([...oops, ...panic])).toEqual({ message: 'Fatal exception', time: 6_100_000_000n })
    expect(panicMessage(oops)).toBeUndefined()
  })

  it('of any log are in its order, and no more than its alarms', () => {
    const record = fc.record({
      sequence: fc.bigInt({ min: 0n, max: 9n }),
      time: fc.bigInt({ min: 0n, max: 100n * second }),
      facility: fc.nat(),
      level: fc.integer({ min: 0, max: 7 }),
      text: fc.oneof(
        fc.string(),
        fc.constantFrom('BUG: x', 'RIP: 0010:', 'Kernel panic - not syncing:', 'a\nBUG'),
      ),
    })
    fc.assert(
      fc.property(fc.array(record, { maxLength: 40 }), (records) => {
        const found = complaints(records)
        const alarms = found.reduce((sum, { count }) => sum + count, 0)
        expect(alarms).toBeLessThanOrEqual(records.length)
        expect(found.map(({ record: first }) => records.indexOf(first))).toEqual(
          found.map(({ record: first }) => records.indexOf(first)).toSorted((a, b) => a - b),
        )
      }),
    )
  })
})
