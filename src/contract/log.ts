import type { LogRecord } from '../kernel/dmesg.js'
import { plainInteger } from './json.js'

/** Names of printk's levels, as dmesg --decode has them, the gravest first. */
export const levelNames = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const

/** A record of the kernel log. */
export interface RecordJson {
  readonly sequence: number | string
  /** Nanoseconds since boot. */
  readonly time: number | string
  /** By name; a number where printk has none for it. */
  readonly level: (typeof levelNames)[number] | number
  readonly facility: number
  readonly text: string
}

export function recordJson({ sequence, time, level, facility, text }: LogRecord): RecordJson {
  return {
    sequence: plainInteger(sequence),
    time: plainInteger(time),
    level: levelNames[level] ?? level,
    facility,
    text,
  }
}
