import { Found } from '../found.js'
import { ofKernel } from '../kernel/complaints.js'
import { dmesg } from '../kernel/dmesg.js'
import { asFarAsRead } from '../kernel/struct-reader.js'
import type { SchedContext } from './context.js'

/** A scheduler that left, as the kernel log tells it: the kernel frees what it knew of it. */
export interface LoggedExit {
  readonly scheduler: string
  readonly kind: 'stall' | 'error' | 'normal' | 'other'
  /** The kernel's words: "runnable task stall". */
  readonly reason: string
  readonly message: string
  /** The task that a stall was about. */
  readonly task: { readonly name: string; readonly pid: number } | undefined
  readonly backtrace: readonly string[]
  /** Since boot, nanoseconds. */
  readonly time: bigint
}

const left = /^sched_ext: BPF scheduler "(.*)" disabled(?: \((.*)\))?$/
const frame = /^\s*(?:\? )?([\w.$]+\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[\w+\])?)$/
const stuck = /^(.*)\[(\d+)\] failed to run for /

/** Schedulers that left, in order of time, as far back as the log goes. */
export function readExitLog({ kernel, problems, absences }: SchedContext): Found<LoggedExit> {
  if (kernel.findSymbol('prb') === undefined) {
    absences.lacks('exit log', 'the kernel has no prb')
    return Found.some([], asFarAsRead(kernel.types, 'the kernel has no log that is known here'))
  }
  return Found.by(problems, (part) => {
    const records = part.attempt('kernel log', () => dmesg(kernel, part)) ?? []
    const lines = ofKernel(records).flatMap(({ text, time }) =>
      text.split('\n').map((line) => ({ line, time })),
    )
    return lines.flatMap(({ line, time }, at) => {
      const match = left.exec(line)
      if (match === null) return []
      const [, scheduler = '', reason = ''] = match
      return [{ scheduler, reason, time, ...details(lines.slice(at + 1, at + 80), scheduler, reason) }]
    })
  })
}

function details(
  lines: readonly { readonly line: string }[],
  scheduler: string,
  reason: string,
): Pick<LoggedExit, 'kind' | 'message' | 'task' | 'backtrace'> {
  const prefix = `sched_ext: ${scheduler}: `
  const backtrace: string[] = []
  let message = ''
  for (const { line } of lines) {
    const found = frame.exec(line)
    if (line.startsWith(prefix) && message === '') message = line.slice(prefix.length)
    else if (found !== null) backtrace.push(found[1] ?? '')
    else break
  }
  const [, name, pid] = stuck.exec(message) ?? []
  const task = name === undefined ? undefined : { name, pid: Number(pid) }
  return { kind: kindOf(`${reason} ${message}`, backtrace), message, task, backtrace }
}

function kindOf(text: string, backtrace: readonly string[]): LoggedExit['kind'] {
  if (/watchdog|stall|stuck/i.test(text) || backtrace.some((line) => line.startsWith('scx_watchdog')))
    return 'stall'
  if (/error/i.test(text)) return 'error'
  return /unregister|requested|done/i.test(text) ? 'normal' : 'other'
}
