import { plainInteger } from '../../contract/json.js'
import { clocksJson } from '../../contract/time.js'
import { readClocks } from '../../kernel/clocks.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems } from '../../problems.js'
import { schedContext } from '../../sched/context.js'
import type { SectionNotes } from '../sections.js'

/** When the target stood still, by its own clocks. */
export interface ReportTime {
  readonly jiffies: number | string | null
  /** Ticks per second. */
  readonly hz: number | null
  /** Milliseconds since boot, by jiffies. */
  readonly uptimeMs: number | null
  /** Nanoseconds, as old as the kernel's last update; null where they cannot be read. */
  readonly clocks: {
    readonly realtime: number | string
    readonly monotonic: number | string
    readonly boottime: number | string
  } | null
  /** The wall clock as text. */
  readonly realtime: string | null
}

/** Jiffies start five minutes before they overflow 32 bits (INITIAL_JIFFIES, include/linux/jiffies.h). */
const secondsBeforeOverflow = 300n

export function readTime(kernel: Kernel, notes: SectionNotes): ReportTime {
  const problems = new Problems()
  const { jiffies, absences } = schedContext(kernel, problems)
  for (const { where, why } of problems.list) notes.lost('kernel', where, why)
  for (const absence of absences.list) notes.lacks(absence)
  const clocks = notes.attempt('kernel', 'clocks', () => readClocks(kernel))
  const hz = jiffies?.perSecond
  return {
    jiffies: jiffies === undefined ? null : plainInteger(jiffies.now),
    hz: hz ?? null,
    uptimeMs: jiffies === undefined || hz === undefined ? null : uptime(jiffies.now, hz),
    clocks: clocks === undefined ? null : clocksJson(clocks),
    realtime: clocks === undefined ? null : dateText(clocks.realtime),
  }
}

function uptime(jiffies: bigint, hz: number): number {
  const start = BigInt.asUintN(32, -secondsBeforeOverflow * BigInt(hz))
  return Math.round((Number(jiffies - start) * 1000) / hz)
}

function dateText(nanoseconds: bigint): string | null {
  const milliseconds = Number(nanoseconds / 1_000_000n)
  return Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString() : null
}
