import { hasCounters, missRate, timePerRun } from '../bpf/programs/statistics.js'
import type { Found } from '../found.js'
import { complaints } from '../kernel/complaints.js'
import type { LogRecord } from '../kernel/dmesg.js'
import { type Panic, panicText } from '../kernel/panic.js'
import { figureJson } from '../problems.js'
import type { Running } from '../sched/scene.js'
import type { SchedFacts } from '../sched/sched.js'
import { capital, countOf, cpusText, named, timeText } from '../sched/words.js'
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
    ...(sched === undefined ? [] : cpuSentences(sched, scene.cpus)),
    ...logSentences(log, panic),
    ...programSentences(scene),
  ]
}

function cpuSentences({ runqueues }: SchedFacts, possible: readonly number[]): StorySentence[] {
  const { seen } = runqueues
  const told = seen.filter(({ online }) => online !== false)
  const known = told.flatMap(({ cpu, current, runnableTasks }): (Running & { ready: number })[] =>
    current === undefined ? [] : [{ cpu, current, ready: runnableTasks }],
  )
  const offline = seen.filter(({ online }) => online === false).map(({ cpu }) => cpu)
  const unknown = possible.filter(
    (cpu) => !offline.includes(cpu) && !known.some((other) => other.cpu === cpu),
  )
  const idle = known.filter(({ current }) => current.isIdle)
  const busy = known.filter(({ current }) => !current.isIdle)
  const parts: string[] = []
  if (idle.length > 0) parts.push(`${cpusText(numbers(idle))} ${idle.length === 1 ? 'is' : 'are'} idle`)
  if (busy.length > cpusTold)
    parts.push(`${unknown.length > 0 ? 'at least ' : ''}${countOf(busy.length, 'CPU')} run tasks`)
  else
    for (const { cpu, current } of busy)
      parts.push(`CPU ${cpu} runs ${named(current)} of class ${current.schedClass ?? '(unknown)'}`)
  if (unknown.length > 0)
    parts.push(`what ${cpusText(unknown)} ${unknown.length === 1 ? 'does' : 'do'} could not be read`)
  if (parts.length === 0) return []
  const sentences: StorySentence[] = [
    {
      topic: 'cpus',
      weight: 'fact',
      sentence: `${capital(parts.join(', '))}.`,
      facts: {
        cpus: known.map(({ cpu, current, ready }) => ({
          cpu,
          pid: current.pid,
          name: current.name,
          class: current.schedClass,
          ready,
        })),
        unknown,
      },
      about: busy.slice(0, cpusTold).map(({ cpu }) => ({ kind: 'cpu', cpu })),
    },
  ]
  const ready = idle.filter((cpu) => cpu.ready > 0)
  if (ready.length > 0) {
    const tasks = countOf(
      ready.reduce((sum, cpu) => sum + cpu.ready, 0),
      'task',
    )
    sentences.push({
      topic: 'cpus',
      weight: 'notice',
      sentence: `${unknown.length > 0 ? `At least ${tasks}` : tasks} ${tasks === '1 task' ? 'is' : 'are'} ready on the runqueues of ${cpusText(numbers(ready))}, which ${ready.length === 1 ? 'idles' : 'idle'} all the same.`,
      facts: { ready: ready.map((cpu) => ({ cpu: cpu.cpu, ready: cpu.ready })) },
      about: ready.map(({ cpu }) => ({ kind: 'cpu', cpu })),
    })
  }
  return sentences
}

function numbers(runqueues: readonly { readonly cpu: number }[]): number[] {
  return runqueues.map(({ cpu }) => cpu)
}

/** That the kernel gave up is what everything else is read by. */
export function panicSentences({ panic, log }: StoryScene): StorySentence[] {
  if (panic === undefined) return []
  // What led to it may be in what was lost of the log: what is left does not tell.
  const known: Panic = log.isWhole ? panic : { ...panic, cause: undefined, where: undefined }
  const { cpu, task, message, time, cause, where } = known
  const after =
    time === undefined || (message === undefined && !log.isWhole)
      ? ''
      : ` after ${timeText(Number(time / 1_000_000n))}`
  const lost = log.isWhole ? '' : ' (its log could not be read whole)'
  return [
    {
      topic: 'log',
      weight: 'trouble',
      sentence: `The kernel panicked${after} ${panicText(known)}${lost}`,
      facts: withoutUndefined({ cpu, pid: task?.pid, name: task?.name, message, time, cause, where }),
      about: [
        { kind: 'cpu', cpu },
        ...(task === undefined ? [] : [{ kind: 'task', pid: task.pid, name: task.name } as const]),
      ],
    },
  ]
}

function withoutUndefined(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

function logSentences(log: Found<LogRecord>, panic: Panic | undefined): StorySentence[] {
  // What led to the panic is told there.
  const found = complaints(log.seen).filter(({ line }) => !log.isWhole || line !== panic?.cause)
  const last = found.at(-1)
  if (last === undefined) return []
  const { record, line, where } = last
  const at = where === undefined ? '' : `, at ${where}`
  const of = log.isWhole
    ? found.length === 1
      ? ''
      : ` (the last of ${found.length} complaints)`
    : ` (one of at least ${countOf(found.length, 'complaint')}; the log could not be read whole)`
  return [
    {
      topic: 'log',
      weight: 'trouble',
      sentence: `The kernel complained after ${timeText(Number(record.time / 1_000_000n))}: ${line}${at}${of}`,
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
  if (programs.seen.length === 0) return []
  // Programs whose counters cannot be read are missing from sums and comparisons.
  const { isWhole } = programs
  const withCounters = programs.seen.filter(hasCounters)
  const ran = withCounters.filter(({ runCount }) => runCount > 0n)
  const busiest = ran.toSorted((a, b) => Number(b.runTime - a.runTime)).slice(0, programsTold)
  const sentences: StorySentence[] = []
  const about = (program: { id: number; name: string }): StorySentence['about'] => [
    { kind: 'program', id: program.id, name: program.name },
  ]
  const all = capital(countOf(programs.count, 'BPF program'))
  if (busiest.length > 0) {
    const total = spent(ran.reduce((sum, { runTime }) => sum + runTime, 0n))
    const texts = busiest.map(
      (program) =>
        `${program.name || `program ${program.id}`} (${spent(program.runTime)} in ${program.runCount} ${program.runCount === 1n ? 'run' : 'runs'}, ${nanosecondsText(BigInt(Math.round(timePerRun(program) ?? 0)))} each)`,
    )
    const took = isWhole ? total : `at least ${total}`
    const which = isWhole ? 'the busiest' : 'the busiest that could be read'
    sentences.push({
      topic: 'programs',
      weight: 'fact',
      sentence: `${all} took ${took} while runs were counted; ${which}: ${texts.join(', ')}.`,
      facts: {
        programs: figureJson(programs.count),
        busiest: busiest.map(({ id, name, runCount, runTime }) => ({ id, name, runCount, runTime })),
      },
      about: busiest.flatMap(about),
    })
  } else if (countsRuns === false)
    sentences.push({
      topic: 'programs',
      weight: 'fact',
      sentence: `${all} loaded; the kernel does not count their runs (sysctl kernel.bpf_stats_enabled).`,
      facts: { programs: figureJson(programs.count), countsRuns },
      about: [],
    })
  const missing = withCounters
    .filter(({ recursionMisses }) => recursionMisses > 0n)
    .toSorted((a, b) => Number(b.recursionMisses - a.recursionMisses))
  const [most] = missing
  if (most !== undefined) {
    const share = missRate(most)
    const part =
      share === undefined || most.runCount === 0n ? '' : `, ${(share * 100).toFixed(2)} % of its runs`
    const atLeast = isWhole ? '' : 'at least '
    const others =
      missing.length > 1
        ? `; ${atLeast}${countOf(missing.length - 1, 'other program')} ${missing.length === 2 ? 'was' : 'were'} skipped too`
        : isWhole
          ? ''
          : '; whether others were could not be read'
    sentences.push({
      topic: 'programs',
      weight: 'notice',
      sentence: `${most.name || `Program ${most.id}`} was skipped ${most.recursionMisses === 1n ? 'once' : `${most.recursionMisses} times`} because it ran already${part}${others}.`,
      facts: { skipped: missing.map(({ id, name, recursionMisses }) => ({ id, name, recursionMisses })) },
      about: about(most),
    })
  }
  return sentences
}

function spent(nanoseconds: bigint): string {
  return timeText(Number(nanoseconds) / 1e6)
}
