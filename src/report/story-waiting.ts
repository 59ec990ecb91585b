import { CryoscopeError } from '../errors.js'
import type { DispatchQueue } from '../sched/dispatch-queue.js'
import type { WaitingTask } from '../sched/runqueue.js'
import { counted, named, timeText } from '../sched/scene.js'
import type { SchedState } from '../sched/sched.js'
import type { Explanation } from '../sched/why.js'
import type { StorySentence, Subject } from './story.js'
import type { StoryScene } from './story-scene.js'

/** Milliseconds that no task waits for its turn on a machine that is well. */
const long = 1000
/** Places where tasks wait too long that are explained, and tasks that are named, in one story. */
const placesTold = 4
const namesTold = 6

/** Who waits for a CPU, for how long, where and why; where work piles up. */
export function waitingSentences(
  { sched, tasks }: StoryScene,
  explain: (pid: number) => Explanation,
): StorySentence[] {
  if (sched === undefined) return []
  const places = new Map(sched.queues.flatMap((queue) => queue.tasks.map((task) => [task.address, queue])))
  const waiting = sched.runqueues
    .flatMap(({ schedExt }) => schedExt?.runnable ?? [])
    .filter(({ isCurrent }) => !isCurrent)
    .sort((a, b) => (b.waitingMs ?? -1) - (a.waitingMs ?? -1))
  const limit = Math.min(long, (sched.watchdog.timeoutMs ?? Number.POSITIVE_INFINITY) / 10)
  const stuck = waiting.filter(({ waitingMs = 0 }) => waitingMs >= limit)
  return [
    ...schedulerSentences(sched),
    ...(stuck.length > 0
      ? stuckSentences(stuck, places, explain)
      : sched.state === 'enabled'
        ? [patientSentence(waiting, places)]
        : []),
    ...queueSentences(sched),
    ...blockedSentences(tasks ?? [], explain),
  ]
}

/** The ones that wait too long, by where they wait; the longest waiting of each place is explained. */
function stuckSentences(
  stuck: readonly WaitingTask[],
  places: ReadonlyMap<bigint, DispatchQueue>,
  explain: (pid: number) => Explanation,
): StorySentence[] {
  const groups = new Map<DispatchQueue | undefined, WaitingTask[]>()
  for (const task of stuck) {
    const place = places.get(task.address)
    const group = groups.get(place)
    if (group === undefined) groups.set(place, [task])
    else group.push(task)
  }
  const told = [...groups].slice(0, placesTold).flatMap(([queue, group]) => {
    const [longest, ...others] = group
    if (longest === undefined) return []
    const about: Subject[] = [taskSubject(longest), ...(queue === undefined ? [] : [queueSubject(queue)])]
    const sentences = reasonsFor(longest, explain).map(
      ({ sentence, facts }): StorySentence => ({
        topic: 'waiting',
        weight: 'trouble',
        sentence,
        facts,
        about,
      }),
    )
    if (others.length > 0) sentences.push(alsoStuck(others, queue))
    return sentences
  })
  const left = groups.size - placesTold
  if (left > 0)
    told.push({
      topic: 'waiting',
      weight: 'trouble',
      sentence: `Tasks wait for longer than ${timeText(long)} in ${counted(left, 'more place')}.`,
      facts: { places: groups.size, tasks: stuck.length },
      about: [],
    })
  return told
}

/** Why one task waits; what is known without the reasons when they cannot be read. */
function reasonsFor(
  task: WaitingTask,
  explain: (pid: number) => Explanation,
): { readonly sentence: string; readonly facts: Readonly<Record<string, unknown>> }[] {
  const known = {
    sentence: `${named(task)} has been ready for ${timeText(task.waitingMs ?? 0)} and does not run.`,
    facts: { pid: task.pid, waitingMs: task.waitingMs, cpu: task.cpu },
  }
  try {
    const { reasons } = explain(task.pid)
    return reasons.length === 0 ? [known] : reasons.map(({ sentence, facts }) => ({ sentence, facts }))
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return [known]
  }
}

function alsoStuck(others: readonly WaitingTask[], queue: DispatchQueue | undefined): StorySentence {
  const ages = others.map(({ waitingMs = 0 }) => waitingMs)
  const range = [timeText(Math.min(...ages)), timeText(Math.max(...ages))]
  const age = range[0] === range[1] ? range[0] : `${range[0]} to ${range[1]}`
  const where = queue === undefined ? 'on no DSQ either' : `on DSQ ${queue.name} too`
  return {
    topic: 'waiting',
    weight: 'trouble',
    sentence: `${names(others)} ${others.length === 1 ? 'has' : 'have'} waited ${where}, for ${age}.`,
    facts: {
      dsq: queue?.name,
      tasks: others.map(({ pid, name, waitingMs, cpu }) => ({ pid, name, waitingMs, cpu })),
    },
    about: others.slice(0, namesTold).map(taskSubject),
  }
}

function patientSentence(
  waiting: readonly WaitingTask[],
  places: ReadonlyMap<bigint, DispatchQueue>,
): StorySentence {
  const [longest] = waiting
  const facts = { waiting: waiting.length, longestMs: longest?.waitingMs }
  if (longest === undefined)
    return {
      topic: 'waiting',
      weight: 'fact',
      sentence: 'No task of sched_ext waits for a CPU.',
      facts,
      about: [],
    }
  const queue = places.get(longest.address)
  const where = queue === undefined ? '' : ` on DSQ ${queue.name}`
  const age = longest.waitingMs === undefined ? '' : `, for ${timeText(longest.waitingMs)}`
  return {
    topic: 'waiting',
    weight: 'fact',
    sentence: `No task waits for long: of ${counted(waiting.length, 'ready task')}, ${named(longest)} waits longest${where}${age}.`,
    facts,
    about: [taskSubject(longest), ...(queue === undefined ? [] : [queueSubject(queue)])],
  }
}

function schedulerSentences(sched: SchedState): StorySentence[] {
  const found: StorySentence[] = []
  const say = (
    weight: StorySentence['weight'],
    sentence: string,
    facts: StorySentence['facts'],
    about: readonly Subject[] = [],
  ): void => {
    found.push({ topic: 'scheduler', weight, sentence, facts, about })
  }
  for (const { name, isRoot, exit, aborting, bypassDepth = 0, cgroupPath } of sched.schedulers) {
    const about: Subject[] = [{ kind: 'scheduler', name }]
    const share = isRoot
      ? sched.switchedAll
        ? 'schedules every ordinary task'
        : 'schedules the tasks that asked for it'
      : `schedules the tasks of cgroup ${cgroupPath ?? '?'}`
    say('fact', `The BPF scheduler ${name} is loaded and ${share}.`, { name, state: sched.state }, about)
    if (exit !== undefined && exit.kindValue !== 0) {
      const why = [exit.reason, exit.message].filter((text) => text !== '').join(': ')
      say(
        'trouble',
        `Scheduler ${name} is on its way out: ${exit.kind}${why === '' ? '' : `, ${why}`}.`,
        { exit_kind: exit.kind, reason: exit.reason, message: exit.message },
        about,
      )
    }
    if (aborting) say('trouble', `Scheduler ${name} is being aborted.`, { aborting }, about)
    if (bypassDepth > 0)
      say(
        'trouble',
        `Scheduler ${name} is bypassed: the kernel runs tasks in order of arrival and asks nobody.`,
        { bypass_depth: bypassDepth },
        about,
      )
  }
  if (sched.schedulers.length === 0 && sched.state !== undefined)
    say('fact', `No BPF scheduler is loaded: sched_ext is ${sched.state}.`, { state: sched.state })
  for (const { scheduler, kind, reason, message, task } of sched.exitLog) {
    const why = [reason, message].filter((text) => text !== '').join(': ')
    say(
      kind === 'normal' ? 'fact' : 'trouble',
      `Scheduler ${scheduler} has left${why === '' ? '' : `: ${why}`} (kernel log).`,
      { scheduler, kind, reason, message, task },
      task === undefined ? [] : [{ kind: 'task', ...task }],
    )
  }
  return found
}

/** Where tasks pile up: queues that are not a CPU's own, the fullest first. */
function queueSentences({ queues }: SchedState): StorySentence[] {
  const full = queues.filter(({ depth }) => depth > 0).sort((a, b) => b.depth - a.depth)
  if (queues.length === 0) return []
  const [fullest, ...others] = full
  if (fullest === undefined)
    return [
      {
        topic: 'queues',
        weight: 'fact',
        sentence: `All ${counted(queues.length, 'DSQ')} are empty.`.replace(
          'All 1 DSQ are',
          'The only DSQ is',
        ),
        facts: { queues: queues.length },
        about: [],
      },
    ]
  const rest = others
    .slice(0, 3)
    .map(({ name, depth }) => `${name} ${depth}`)
    .join(', ')
  const more = others.length > 3 ? `, and ${others.length - 3} more` : ''
  return [
    {
      topic: 'queues',
      weight: 'fact',
      sentence:
        `DSQ ${fullest.name} holds ${counted(fullest.depth, 'task')}` +
        (others.length === 0 ? '; all others are empty.' : `, more than any other (${rest}${more}).`),
      facts: { depths: Object.fromEntries(full.map(({ name, depth }) => [name, depth])) },
      about: full.slice(0, 4).map(queueSubject),
    },
  ]
}

/** Processes in uninterruptible sleep: none are there for long on a machine that is well; kernel threads often are. */
function blockedSentences(
  tasks: NonNullable<StoryScene['tasks']>,
  explain: (pid: number) => Explanation,
): StorySentence[] {
  const blocked = tasks.filter(({ state, isKernelThread }) => state === 'D' && !isKernelThread)
  const [first] = blocked
  if (first === undefined) return []
  const about = blocked.slice(0, namesTold).map(taskSubject)
  const facts = { tasks: blocked.map(({ pid, name }) => ({ pid, name })) }
  if (blocked.length > 1) {
    const sentence = `${counted(blocked.length, 'task')} sleep uninterruptibly: ${names(blocked)}.`
    return [{ topic: 'waiting', weight: 'notice', sentence, facts, about }]
  }
  const [reason] = reasonsFor(
    { ...first, cpu: first.cpu ?? 0, isCurrent: false, waitingMs: undefined },
    explain,
  )
  const sentence = reason?.sentence ?? `${named(first)} sleeps uninterruptibly.`
  return [{ topic: 'waiting', weight: 'notice', sentence, facts: { ...facts, ...reason?.facts }, about }]
}

/** "a (pid 1), b (pid 2) and 3 more". */
function names(tasks: readonly { readonly name: string; readonly pid: number }[]): string {
  const shown = tasks.slice(0, namesTold).map(named)
  const left = tasks.length - shown.length
  if (left > 0) return `${shown.join(', ')} and ${left} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

function taskSubject({ pid, name }: { readonly pid: number; readonly name: string }): Subject {
  return { kind: 'task', pid, name }
}

function queueSubject({ name, id }: DispatchQueue): Subject {
  return { kind: 'queue', name, id }
}
