import { CryoscopeError } from '../errors.js'
import { extent } from '../extent.js'
import type { Found } from '../found.js'
import { figureJson } from '../problems.js'
import type { QueueFacts } from '../sched/dispatch-queue.js'
import type { WaitingTask } from '../sched/runqueue.js'
import type { SchedFacts } from '../sched/sched.js'
import type { Explanation } from '../sched/why.js'
import { capital, countOf, isOne, named, timeText } from '../sched/words.js'
import type { StorySentence, Subject } from './story.js'
import type { StoryScene, StoryTask } from './story-scene.js'
import { queueSubject, taskSubject } from './story-subjects.js'

/** Milliseconds that no task waits for its turn on a machine that is well. */
const long = 1000
/** Places where tasks wait too long that are explained, and tasks that are named, in one story. */
const placesTold = 4
const namesTold = 6

type Explain = (pid: number) => Explanation

/** Who waits for a CPU, for how long, where and why; who sleeps uninterruptibly. */
export function waitingSentences({ sched, tasks }: StoryScene, explain: Explain): StorySentence[] {
  if (sched === undefined) return []
  return [...readySentences(sched, explain), ...blockedSentences(tasks, explain)]
}

/** A queue, that a task says to be on none, or that it is not known where it is. */
type Place = QueueFacts | 'no DSQ' | 'unknown'

function readySentences(sched: SchedFacts, explain: Explain): StorySentence[] {
  const { waiting, watchdog } = sched
  const limit = Math.min(long, (watchdog.timeoutMs ?? Number.POSITIVE_INFINITY) / 10)
  const stuck = waiting.filter(({ waitingMs }) => waitingMs !== undefined && waitingMs >= limit)
  const placeOf = placesOf(sched)
  if (stuck.seen.length > 0) return stuckSentences(stuck, limit, placeOf, explain)
  return sched.state === 'enabled' ? [patientSentence(waiting, placeOf)] : []
}

function placesOf({ queues }: SchedFacts): (task: WaitingTask) => Place {
  const places = new Map(
    queues.seen.flatMap((queue) => queue.tasks.seen.map((task) => [task.address, queue] as const)),
  )
  const byAddress = new Map(queues.seen.map((queue) => [queue.address, queue]))
  return ({ address, queueAddress }) =>
    places.get(address) ?? (queueAddress === 0n ? 'no DSQ' : (byAddress.get(queueAddress) ?? 'unknown'))
}

/** The ones that wait too long, by where they wait; the longest waiting of each place is explained. */
function stuckSentences(
  stuck: Found<WaitingTask>,
  limit: number,
  placeOf: (task: WaitingTask) => Place,
  explain: Explain,
): StorySentence[] {
  const groups = new Map<Place, WaitingTask[]>()
  for (const task of stuck.seen) {
    const place = placeOf(task)
    const group = groups.get(place)
    if (group === undefined) groups.set(place, [task])
    else group.push(task)
  }
  const told = [...groups].slice(0, placesTold).flatMap(([place, group]) => {
    const [longest, ...others] = group
    if (longest === undefined) return []
    const about: Subject[] = [
      taskSubject(longest),
      ...(typeof place === 'string' ? [] : [queueSubject(place)]),
    ]
    const sentences = reasonsFor(longest, readyText(longest), explain).map(
      ({ sentence, facts }): StorySentence => ({
        topic: 'waiting',
        weight: 'trouble',
        sentence,
        facts,
        about,
      }),
    )
    if (others.length > 0) sentences.push(alsoStuck(others, place, stuck.isWhole))
    return sentences
  })
  const left = groups.size - placesTold
  if (left > 0) {
    const places = countOf(left, 'more place')
    told.push({
      topic: 'waiting',
      weight: 'trouble',
      sentence: `Tasks wait for longer than ${timeText(limit)} in ${stuck.isWhole ? places : `at least ${places}`}.`,
      facts: { places: groups.size, tasks: figureJson(stuck.count) },
      about: [],
    })
  }
  return told
}

interface Known {
  readonly pid: number
  readonly name: string
}

type Told = Pick<StorySentence, 'sentence' | 'facts'>

/** Why one task does not run; what is known without the reasons where they cannot be read. */
function reasonsFor({ pid }: Known, known: Told, explain: Explain): readonly Told[] {
  try {
    const { reasons } = explain(pid)
    return reasons.length === 0 ? [known] : reasons.map(({ sentence, facts }) => ({ sentence, facts }))
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return [known]
  }
}

function readyText({ pid, name, waitingMs, cpu }: WaitingTask): Told {
  const since = waitingMs === undefined ? '' : ` for ${timeText(waitingMs)}`
  return {
    sentence: `${named({ pid, name })} has been ready${since} and does not run; why could not be read.`,
    facts: { pid, waitingMs, cpu },
  }
}

function alsoStuck(others: readonly WaitingTask[], place: Place, isWhole: boolean): StorySentence {
  const ages = others.map(({ waitingMs = 0 }) => waitingMs)
  const range = extent(ages).map(timeText)
  const age = range[0] === range[1] ? range[0] : `${range[0]} to ${range[1]}`
  const where =
    place === 'no DSQ'
      ? 'on no DSQ either'
      : place === 'unknown'
        ? 'on DSQs that could not be read'
        : `on DSQ ${place.name} too`
  const who = isWhole ? names(others) : `At least ${names(others)}`
  return {
    topic: 'waiting',
    weight: 'trouble',
    sentence: `${who} ${others.length === 1 ? 'has' : 'have'} waited ${where}, for ${age}.`,
    facts: {
      dsq: typeof place === 'string' ? undefined : place.name,
      tasks: others.map(({ pid, name, waitingMs, cpu }) => ({ pid, name, waitingMs, cpu })),
    },
    about: others.slice(0, namesTold).map(taskSubject),
  }
}

function patientSentence(waiting: Found<WaitingTask>, placeOf: (task: WaitingTask) => Place): StorySentence {
  const [longest] = waiting.seen
  const facts = { waiting: figureJson(waiting.count), longestMs: longest?.waitingMs }
  const tell = (sentence: string, about: readonly Subject[] = []): StorySentence => ({
    topic: 'waiting',
    weight: 'fact',
    sentence,
    facts,
    about,
  })
  if (longest === undefined)
    return tell(
      waiting.isWhole
        ? 'No task of sched_ext waits for a CPU.'
        : 'Whether tasks of sched_ext wait for a CPU could not be read.',
    )
  const place = placeOf(longest)
  const where =
    place === 'no DSQ'
      ? ''
      : place === 'unknown'
        ? ' on a DSQ that could not be read'
        : ` on DSQ ${place.name}`
  const age = longest.waitingMs === undefined ? '' : `, for ${timeText(longest.waitingMs)}`
  const about = [taskSubject(longest), ...(typeof place === 'string' ? [] : [queueSubject(place)])]
  const ready = countOf(waiting.count, 'ready task')
  if (!waiting.isWhole)
    return tell(
      `Whether a task waits for long could not be read: of ${ready}, ${named(longest)} is known to wait${where}${age}.`,
      about,
    )
  // A task without a stamp has just become ready; without a clock, nothing is known of anybody.
  if (longest.waitingMs === undefined)
    return tell(
      `${capital(countOf(waiting.count, 'task'))} of sched_ext ${isOne(waiting.count) ? 'waits' : 'wait'} for a CPU; for how long is unknown.`,
      about,
    )
  return tell(`No task waits for long: of ${ready}, ${named(longest)} waits longest${where}${age}.`, about)
}

/** Processes in uninterruptible sleep: none are there for long on a machine that is well; kernel threads often are. */
function blockedSentences(tasks: Found<StoryTask>, explain: Explain): StorySentence[] {
  const { seen: blocked, count } = tasks.filter(
    ({ state, isKernelThread }) => state === 'D' && !isKernelThread,
  )
  const [first] = blocked
  if (first === undefined) return []
  const about = blocked.slice(0, namesTold).map(taskSubject)
  const facts = { tasks: blocked.map(({ pid, name }) => ({ pid, name })) }
  if (blocked.length > 1 || !count.whole) {
    const sentence = `${capital(countOf(count, 'task'))} ${isOne(count) ? 'sleeps' : 'sleep'} uninterruptibly: ${names(blocked)}.`
    return [{ topic: 'waiting', weight: 'notice', sentence, facts, about }]
  }
  const known = { sentence: `${named(first)} sleeps uninterruptibly; why could not be read.`, facts: {} }
  return reasonsFor(first, known, explain)
    .slice(0, 1)
    .map(({ sentence, facts: own }) => ({
      topic: 'waiting',
      weight: 'notice',
      sentence,
      facts: { ...facts, ...own },
      about,
    }))
}

/** "a (pid 1), b (pid 2) and 3 more". */
function names(tasks: readonly Known[]): string {
  const shown = tasks.slice(0, namesTold).map(named)
  const left = tasks.length - shown.length
  if (left > 0) return `${shown.join(', ')} and ${left} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}
