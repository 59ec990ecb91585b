import { runningMark } from '../present/columns/tasks.js'
import { type Cell, headings, type Table } from '../present/table.js'
import { capsText, cidsText, effectiveText, rescuePairs } from '../present/text/sched.js'
import { exitText } from '../sched/exit.js'
import { extStateText } from '../sched/sched-ext.js'
import { durationText, nanosecondsText } from '../units.js'
import type { ReportHead } from './document.js'
import { objectText } from './text/entry-text.js'

type Stack = NonNullable<ReportHead['tasks'][number]['stack']>

function taskCell(task: { readonly name: string; readonly pid: number } | null | undefined): Cell {
  if (task === null || task === undefined) return null
  const text = `${task.name} (${task.pid})`
  return task.pid === 0 ? text : { text, object: `task:${task.pid}` }
}

export function runqueueTable({ sched }: ReportHead): Table {
  const rows = (sched?.runqueues ?? []).map(({ cpu, current, runnableTasks, schedExt }) => [
    cpu,
    taskCell(current),
    current?.schedClass,
    runnableTasks,
    schedExt?.runnableTasks,
    schedExt?.flags.join(' '),
  ])
  return { headings: headings('CPU#', 'RUNS', 'CLASS', 'READY#', 'SCX#', 'FLAGS'), rows }
}

/** Queues that hold a task or ever did. */
export function queueTable({ sched }: ReportHead): Table & { readonly unused: number } {
  const queues = sched?.queues ?? []
  const used = queues.filter(({ depth, sequence }) => depth > 0 || sequence > 0)
  const rows = used.map(({ name, kind, depth, sequence, tasks }) => [
    name,
    kind,
    depth,
    sequence,
    tasks.map((task) => `${task.name} (${task.pid})`).join(', '),
  ])
  return {
    headings: headings('DSQ', 'KIND', 'TASKS#', 'EVER#', 'IN ORDER'),
    rows,
    unused: queues.length - used.length,
  }
}

/** Tasks that are ready and do not run, the longest waiting first. */
export function waitingTable({ sched }: ReportHead): Table {
  const places = new Map(
    (sched?.queues ?? []).flatMap(({ name, tasks }) => tasks.map(({ address }) => [address, name])),
  )
  const rows = (sched?.runqueues ?? [])
    .flatMap(({ schedExt }) => schedExt?.runnable ?? [])
    .filter(({ isCurrent }) => !isCurrent)
    .sort((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
    .map(({ pid, name, cpu, waitingMs, address }) => [
      pid,
      { text: name, object: `task:${pid}` },
      cpu,
      waitingMs === null ? null : durationText(waitingMs),
      places.get(address),
    ])
  return { headings: headings('PID#', 'WAITING', 'CPU#', 'FOR#', 'ON'), rows }
}

/** Counters that are not zero. */
export function eventTable({ sched }: ReportHead): Table {
  const events = sched?.events ?? []
  const rows = events.flatMap(({ scheduler, counters }) => {
    // The same counters of each, where there are several.
    const owner = sched?.schedulers.find(({ address }) => address === scheduler)?.name ?? '?'
    const of = events.length > 1 ? ` of ${owner}` : ''
    return counters
      .filter(({ total }) => String(total) !== '0')
      .map(({ name, total, cpus }) => [`${name}${of}`, total, cpus.map(({ value }) => value).join(' ')])
  })
  return { headings: headings('EVENT', 'COUNT#', 'PER CPU'), rows }
}

export function taskTable({ tasks }: ReportHead): Table {
  const rows = tasks.map((task) => {
    const { pid, tgid, name, state, cpu, isRunning, isKernelThread, details, stack } = task
    return [
      pid,
      tgid,
      // Kernel threads in brackets, as ps shows them.
      isKernelThread ? `[${name}]` : name,
      state,
      `${cpu ?? '-'}${runningMark(isRunning)}`,
      details?.schedClass,
      details?.priority,
      details?.cgroup?.path,
      sleepsIn(stack),
    ]
  })
  return { headings: headings('PID#', 'TGID#', 'NAME', 'S', 'CPU#', 'CLASS', 'PRIO#', 'CGROUP', 'IN'), rows }
}

const schedulerFunctions =
  /^(__)?(schedule|switch_to|context_switch|preempt_schedule|io_schedule|do_nanosleep)/

/** The innermost function that is not the scheduler's own. */
function sleepsIn(stack: Stack | null): string | undefined {
  const frame = stack?.frames.find(({ symbol }) => symbol !== null && !schedulerFunctions.test(symbol))
  return frame?.symbol?.replace(/\+0x[0-9a-f]+/, '')
}

export function programTable({ programs }: ReportHead): Table {
  const rows = programs.map((program) => {
    const { id, name, type, runCount, runTimeNs: runTime, recursionMisses, mapIds } = program
    const runs = Number(runCount)
    const spent = runTime === null ? null : nanosecondsText(BigInt(runTime))
    const each = runs === 0 ? null : nanosecondsText(BigInt(Math.round(Number(runTime) / runs)))
    return [id, name, type, runCount, spent, each, recursionMisses, mapIds.join(',')]
  })
  return { headings: headings('ID#', 'NAME', 'TYPE', 'RUNS#', 'TIME#', 'EACH#', 'MISSED#', 'MAPS'), rows }
}

export function linkTable({ links }: ReportHead): Table {
  const rows = links.map(({ id, type, programId, attachType, target }) => [
    id,
    type,
    programId === 0 ? null : { text: String(programId), object: `program:${programId}` },
    attachType,
    objectText(target as Readonly<Record<string, unknown>>),
  ])
  return { headings: headings('ID#', 'TYPE', 'PROG#', 'ATTACHED AS', 'TO'), rows }
}

/** Of all, since the first may lack what could not be read. */
function keysOf(records: readonly object[]): string[] {
  return [...new Set(records.flatMap(Object.keys))]
}

export function cpuTimeTable({ cpuTime }: ReportHead): Table {
  const kinds = keysOf(cpuTime.map(({ nanoseconds }) => nanoseconds)).filter((kind) =>
    cpuTime.some(({ nanoseconds }) => String(nanoseconds[kind] ?? 0) !== '0'),
  )
  const rows = cpuTime.map(({ cpu, nanoseconds, interrupts }) => [
    cpu,
    ...kinds.map((kind) => {
      const spent = nanoseconds[kind]
      return spent === undefined ? null : nanosecondsText(BigInt(spent))
    }),
    interrupts,
  ])
  return { headings: headings('CPU#', ...kinds.map((kind) => `${kind.toUpperCase()}#`), 'IRQS#'), rows }
}

export function domainTable({ domains }: ReportHead): Table {
  const rows = domains.flatMap(({ cpu, domains: own }) =>
    own.map(({ level, name, cpus, balanceInterval, failedBalances }) => [
      cpu,
      level,
      name,
      cpus?.join(','),
      balanceInterval,
      failedBalances,
    ]),
  )
  return { headings: headings('CPU#', 'LEVEL#', 'NAME', 'CPUS', 'INTERVAL#', 'FAILED#'), rows }
}

export function numaTable({ numa }: ReportHead): Table {
  const events = keysOf(numa.map(({ events }) => events ?? {}))
  const rows = numa.map(({ node, events: own }) => [node, ...events.map((event) => own[event])])
  return { headings: headings('NODE#', ...events.map((event) => `${event.toUpperCase()}#`)), rows }
}

/** What the scheduler is at, in pairs. */
export function schedulerPairs({ sched }: ReportHead): [string, string][] {
  if (sched === null) return []
  const pairs: [string, string][] = [['sched_ext', extStateText(sched.state, sched.absent)]]
  for (const { name, exit, flags, bypassDepth, isRoot, cgroupPath, form, caps, ecaps } of sched.schedulers) {
    const left =
      exit === null || exit.kindValue === 0
        ? ''
        : `, exit ${exit.kind}: ${exitText({ reason: exit.reason ?? undefined, message: exit.message ?? undefined })}`
    const bypass = (bypassDepth ?? 0) > 0 ? `, bypassed (depth ${bypassDepth})` : ''
    const place = isRoot === false ? `, for cgroup ${cgroupPath ?? '(unknown)'}` : ''
    const cid = form === 'cid' ? ', by cid' : ''
    const about = `${flags.length === 0 ? '' : ` (${flags.join(' ')})`}${place}${cid}${bypass}${left}`
    pairs.push(['scheduler', `${name}${about}`])
    if (caps !== null) pairs.push(['granted', capsText(caps)])
    if (ecaps !== null) pairs.push(['in force', effectiveText(ecaps)])
  }
  if (sched.cids !== null) pairs.push(['cids', cidsText(sched.cids)])
  for (const { cpu, schedExt } of sched.runqueues)
    if (schedExt?.rescue != null) pairs.push(...rescuePairs(cpu, schedExt.rescue))
  const { timeoutMs, ageMs } = sched.watchdog
  const looked = ageMs === null ? '' : `, looked ${durationText(ageMs)} ago`
  // Without a scheduler the times are those of the last one, or 0.
  if (timeoutMs !== null && sched.schedulers.length > 0)
    pairs.push(['watchdog', `ejects after a wait of ${durationText(timeoutMs)}${looked}`])
  for (const { scheduler, reason, message } of sched.exitLog)
    pairs.push(['left', `${scheduler}: ${[reason, message].filter((text) => text !== '').join(': ')}`])
  return pairs
}

/** Facts of the environment and the clocks, in pairs. */
export function environmentPairs({ environment, time }: ReportHead): [string, string, string][] {
  const pairs = (environment?.facts ?? []).map(({ fact, value, how }): [string, string, string] => [
    fact,
    Array.isArray(value) ? value.join('; ') || 'none' : String(value ?? 'not read'),
    how,
  ])
  if (time === null) return pairs
  const { uptimeMs, realtime, jiffies, hz } = time
  if (uptimeMs !== null) pairs.push(['up', durationText(uptimeMs), 'jiffies and HZ'])
  if (realtime !== null) pairs.push(['clock', realtime, 'struct timekeeper, as old as its last update'])
  pairs.push(['jiffies', `${jiffies ?? 'not read'}`, 'jiffies_64'])
  pairs.push(['HZ', `${hz ?? 'not read'}`, 'clocksource_jiffies'])
  return pairs
}

/** Sections that are not complete, with the reasons. */
export function incompletePairs({ sections }: ReportHead): [string, string][] {
  return Object.entries(sections)
    .filter(([, { status }]) => status !== 'complete')
    .map(([name, { status, expected, obtained, reasons }]) => {
      const count = expected === null ? '' : `, ${obtained} of ${expected}`
      const more = reasons.length > 3 ? `; and ${reasons.length - 3} more` : ''
      return [name, `${status}${count}: ${reasons.slice(0, 3).join('; ')}${more}`]
    })
}
