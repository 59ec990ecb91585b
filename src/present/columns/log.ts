import { levelNames } from '../../contract/log.js'
import type { LogRecord } from '../../kernel/dmesg.js'
import { type Column, numberColumn } from './column.js'

export const logColumns: readonly Column<LogRecord>[] = [
  numberColumn(
    'time',
    'SECONDS',
    ({ time }) => time,
    ({ time }) => secondsText(time),
  ),
  {
    key: 'level',
    title: 'LEVEL',
    rigid: true,
    cell: ({ level }) => levelNames[level] ?? String(level),
    sort: ({ level }) => level,
  },
  { key: 'text', title: 'TEXT', cell: ({ text }) => text },
]

/** Nanoseconds since boot as the log has them: "12.000345". */
function secondsText(time: bigint): string {
  const microseconds = (time % 1_000_000_000n) / 1000n
  return `${time / 1_000_000_000n}.${microseconds.toString().padStart(6, '0')}`
}
