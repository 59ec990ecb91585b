import { hasCounters, missRate, timePerRun } from '../bpf/programs/statistics.js'
import { complaints } from '../kernel/complaints.js'
import type { LogRecord } from '../kernel/dmesg.js'
import { type Panic, panicText } from '../kernel/panic.js'
import { counted, cpusText, named, timeText } from '../sched/scene.js'
import type { SchedState } from '../sched/sched.js'
import { nanosecondsText } from '../units.js'
import type { StorySentence } from './story.js'
import type { StoryScene } from './story-scene.js'

/** CPUs that are told one by one. */
const cpusTold = 8
const programsTold = 3
const complaintsTold = 10

/** What CPUs do, what the kernel complains about, which programs take the time. */
export function machineSentences(scene: StoryScene): StorySentence[] {
  const { sched, log, panic } = scene
  return [
    ...(sched === undefined ? [] : cpuSentences(sched)),
    ...logSentences(log ?? [], panic),
    ...programSentences(scene),
  ]
}

function cpuSentences({ runqueues }: SchedState): StorySentence[] {
  const online = runqueues.filter((runqueue) => runqueue.online !== false)
  if (online.length === 0) return []
  const idle = online.filter(({ current }) => current?.isIdle)
  const busy = online.filter(({ current }) => current !== undefined && !current.isIdle)
  const cpus = online.map(({ cpu, current, runnableTasks }) => ({
    cpu,
    pid: current?.pid,
    name: current?.name,
    class: current?.schedClass,
    ready: runnableTasks,
  }))
  const parts: string[] = []
  if (idle.length > 0) parts.push(`${cpusText(numbers(idle))} ${idle.length === 1 ? 'is' : 'are'} idle`)
  if (busy.length > cpusTold) parts.push(`${counted(busy.length, 'CPU')} run tasks`)
  else
    for (const { cpu, current } of busy)
      if (current !== undefined)
        parts.push(`CPU ${cpu} runs ${named(current)} of class ${current.schedClass}`)
  const ready = idle.filter(({ runnableTasks }) => runnableTasks > 0)
  const sentences: StorySentence[] = [
    {
      topic: 'cpus',
      weight: 'fact',
      sentence: `${capital(parts.join(', '))}.`,
      facts: { cpus },
      about: busy.slice(0, cpusTold).map(({ cpu }) => ({ kind: 'cpu', cpu })),
    },
  ]
  if (ready.length > 0) {
    const tasks = ready.reduce((sum, { runnableTasks }) => sum + runnableTasks, 0)
    sentences.push({
      topic: 'cpus',
      weight: 'notice',
      sentence: `${counted(tasks, 'task')} ${tasks === 1 ? 'is' : 'are'} ready on the runqueues of ${cpusText(numbers(ready))}, which ${ready.length === 1 ? 'idles' : 'idle'} all the same.`,
      facts: { ready: ready.map(({ cpu, runnableTasks }) => ({ cpu, ready: runnableTasks })) },
      about: ready.map(({ cpu }) => ({ kind: 'cpu', cpu })),
    })
  }
  return sentences
}

function numbers(runqueues: readonly { readonly cpu: number }[]): number[] {
  return runqueues.map(({ cpu }) => cpu)
}

/** That the kernel gave up is what everything else is read by. */
export function panicSentences({ panic }: StoryScene): StorySentence[] {
  if (panic === undefined) return []
  const { cpu, task, message, time, cause, where } = panic
  const after = time === undefined ? '' : ` after ${timeText(Number(time / 1_000_000n))}`
  return [
    {
      topic: 'log',
      weight: 'trouble',
      sentence: `The kernel panicked${after} ${panicText(panic)}`,
      facts: known({ cpu, pid: task?.pid, name: task?.name, message, time, cause, where }),
      about: [
        { kind: 'cpu', cpu },
        ...(task === undefined ? [] : [{ kind: 'task', pid: task.pid, name: task.name } as const]),
      ],
    },
  ]
}

function known(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

function logSentences(log: readonly LogRecord[], panic: Panic | undefined): StorySentence[] {
  // What led to the panic is told there.
  const found = complaints(log).filter(({ line }) => line !== panic?.cause)
  const last = found.at(-1)
  if (last === undefined) return []
  const { record, line, where } = last
  const at = where === undefined ? '' : `, at ${where}`
  const more = found.length === 1 ? '' : ` (the last of ${found.length} complaints)`
  return [
    {
      topic: 'log',
      weight: 'trouble',
      sentence: `The kernel complained after ${timeText(Number(record.time / 1_000_000n))}: ${line}${at}${more}`,
      facts: {
        complaints: found
          .slice(-complaintsTold)
          .map(({ record: { time, level }, line: text, where: place, count }) => ({
            time,
            level,
            text,
            where: place,
            messages: count,
          })),
      },
      about: [],
    },
  ]
}

function programSentences({ programs, countsRuns }: StoryScene): StorySentence[] {
  if (programs === undefined || programs.length === 0) return []
  const withCounters = programs.filter(hasCounters)
  const ran = withCounters.filter(({ runCount }) => runCount > 0n)
  const busiest = ran.toSorted((a, b) => compare(b.runTime, a.runTime)).slice(0, programsTold)
  const sentences: StorySentence[] = []
  const about = (program: { id: number; name: string }): StorySentence['about'] => [
    { kind: 'program', id: program.id, name: program.name },
  ]
  if (busiest.length > 0) {
    const total = ran.reduce((sum, { runTime }) => sum + runTime, 0n)
    const texts = busiest.map(
      (program) =>
        `${program.name || `program ${program.id}`} (${spent(program.runTime)} in ${program.runCount} ${program.runCount === 1n ? 'run' : 'runs'}, ${nanosecondsText(BigInt(Math.round(timePerRun(program) ?? 0)))} each)`,
    )
    sentences.push({
      topic: 'programs',
      weight: 'fact',
      sentence: `${counted(programs.length, 'BPF program')} took ${spent(total)} while runs were counted; the busiest: ${texts.join(', ')}.`,
      facts: { busiest: busiest.map(({ id, name, runCount, runTime }) => ({ id, name, runCount, runTime })) },
      about: busiest.flatMap(about),
    })
  } else if (countsRuns === false)
    sentences.push({
      topic: 'programs',
      weight: 'fact',
      sentence: `${counted(programs.length, 'BPF program')} loaded; the kernel does not count their runs (sysctl kernel.bpf_stats_enabled).`,
      facts: { programs: programs.length, countsRuns },
      about: [],
    })
  const missing = withCounters
    .filter(({ recursionMisses }) => recursionMisses > 0n)
    .toSorted((a, b) => compare(b.recursionMisses, a.recursionMisses))
  const [most] = missing
  if (most !== undefined) {
    const share = missRate(most)
    const part =
      share === undefined || most.runCount === 0n ? '' : `, ${(share * 100).toFixed(2)} % of its runs`
    sentences.push({
      topic: 'programs',
      weight: 'notice',
      sentence: `${most.name || `Program ${most.id}`} was skipped ${most.recursionMisses === 1n ? 'once' : `${most.recursionMisses} times`} because it ran already${part}${missing.length > 1 ? `; ${counted(missing.length - 1, 'other program')} ${missing.length === 2 ? 'was' : 'were'} skipped too` : ''}.`,
      facts: { skipped: missing.map(({ id, name, recursionMisses }) => ({ id, name, recursionMisses })) },
      about: about(most),
    })
  }
  return sentences
}

function spent(nanoseconds: bigint): string {
  return timeText(Number(nanoseconds) / 1e6)
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
