import type { LogRecord } from './dmesg.js'

/** Something that the kernel found wrong, as its log tells it: the first of the records that belong together. */
export interface Complaint {
  readonly record: LogRecord
  /** The first line of it: "BUG: kernel NULL pointer dereference, address: 0000000000000010". */
  readonly line: string
  /** Where the kernel was, as the log has it: "sysrq_handle_crash+0x16/0x20"; undefined where it does not say. */
  readonly where: string | undefined
  /** Alarming records of it, this one included. */
  readonly count: number
}

/** Kernel log levels up to critical. */
const critical = 2
const alarming =
  /\bBUG\b|\bOops\b|WARNING: CPU|general protection fault|Unable to handle kernel|Internal error:|soft lockup|hard LOCKUP|blocked for more than|Out of memory:|self-detected stall|detected stalls|KASAN|UBSAN/
const panicking = /^Kernel panic - not syncing: ?(.*)/
/** Registers in kernel mode: of x86-64 (segment 0x10), of arm64. */
const place = /^RIP: 0010:(\S+)|^pc : (\S+)/m
/** What one fault prints comes within this time, nanoseconds; serial consoles are slow. */
const together = 2_000_000_000n

/** LOG_KERN; what processes write to /dev/kmsg is of another, whatever they ask for (kernel/printk/printk.c, devkmsg_write). */
const kernelFacility = 0

/** The records that the kernel itself wrote. */
export function ofKernel(log: readonly LogRecord[]): LogRecord[] {
  return log.filter(({ facility }) => facility === kernelFacility)
}

/** What a kernel log complains about up to a panic, oldest first. What panic() itself says is `panicMessage`. */
export function complaints(log: readonly LogRecord[]): Complaint[] {
  const found: Complaint[] = []
  let open: { record: LogRecord; where: string | undefined; count: number; last: bigint } | undefined
  const close = (): void => {
    if (open !== undefined) {
      const { record, where, count } = open
      found.push({ record, line: firstLine(record.text), where, count })
    }
    open = undefined
  }
  for (const record of ofKernel(log)) {
    if (open !== undefined && record.time - open.last > together) close()
    // What is said from there on belongs to the panic.
    if (panicking.test(record.text)) break
    if (isAlarm(record)) {
      open ??= { record, where: undefined, count: 0, last: record.time }
      open.count++
      open.last = record.time
    }
    if (open !== undefined) open.where ??= placeIn(record.text)
  }
  close()
  return found
}

/** What panic() was called with (kernel/panic.c), and when; undefined where the log does not have it. */
export function panicMessage(log: readonly LogRecord[]): { message: string; time: bigint } | undefined {
  for (const { text, time } of ofKernel(log)) {
    const message = panicking.exec(firstLine(text))?.[1]
    if (message !== undefined) return { message, time }
  }
  return undefined
}

function isAlarm({ level, text }: LogRecord): boolean {
  return level <= critical || alarming.test(text)
}

function placeIn(text: string): string | undefined {
  const match = place.exec(text)
  return match?.[1] ?? match?.[2]
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
