import { exitText } from '../sched/exit.js'
import type { SchedFacts } from '../sched/sched.js'
import type { Scheduler } from '../sched/schedulers.js'
import { countOf } from '../sched/words.js'
import type { StorySentence, Subject } from './story.js'
import { queueSubject } from './story-subjects.js'

/** Queues that are told beside the fullest. */
const queuesTold = 3

/** Which schedulers are loaded, and which have left. */
export function schedulerSentences(sched: SchedFacts): StorySentence[] {
  const found: StorySentence[] = []
  const say = (
    weight: StorySentence['weight'],
    sentence: string,
    facts: StorySentence['facts'],
    about: readonly Subject[] = [],
  ): void => {
    found.push({ topic: 'scheduler', weight, sentence, facts, about })
  }
  for (const scheduler of sched.schedulers.seen) {
    const { name, exit, aborting, bypassDepth } = scheduler
    const about: Subject[] = [{ kind: 'scheduler', name }]
    const facts = { name, state: sched.state }
    say('fact', `The BPF scheduler ${name} is loaded${shareOf(scheduler, sched)}.`, facts, about)
    if (exit !== undefined && exit.kindValue !== 0) {
      const why = exitText(exit)
      say(
        'trouble',
        `Scheduler ${name} is on its way out: ${exit.kind}${why === '' ? '' : `, ${why}`}.`,
        { exit_kind: exit.kind, reason: exit.reason, message: exit.message },
        about,
      )
    }
    if (aborting) say('trouble', `Scheduler ${name} is being aborted.`, { aborting }, about)
    if (bypassDepth !== undefined && bypassDepth > 0)
      say(
        'trouble',
        `Scheduler ${name} is bypassed: the kernel runs tasks in order of arrival and asks nobody.`,
        { bypass_depth: bypassDepth },
        about,
      )
  }
  const { count } = sched.schedulers
  if (count.whole && count.value === 0) {
    if (sched.state !== undefined)
      say('fact', `No BPF scheduler is loaded: sched_ext is ${sched.state}.`, { state: sched.state })
  } else if (!count.whole && count.atLeast === undefined && sched.state !== undefined)
    say('notice', `sched_ext is ${sched.state}; which BPF schedulers are loaded could not be read.`, {
      state: sched.state,
    })
  return [...found, ...exitSentences(sched), ...departedSentences(sched)]
}

/** What it schedules, as far as that is known. */
function shareOf({ isRoot, cgroupPath }: Scheduler, { switchedAll, schedulers }: SchedFacts): string {
  if (isRoot === undefined) return '; which tasks it schedules could not be read'
  if (!isRoot)
    return cgroupPath === undefined
      ? ' and schedules the tasks of a cgroup whose path could not be read'
      : ` and schedules the tasks of cgroup ${cgroupPath}`
  if (switchedAll === undefined) return '; whether it schedules every ordinary task is unknown'
  const others = schedulers.seen.length > 1 ? ' that is in no other scheduler’s cgroup' : ''
  return switchedAll
    ? ` and schedules every ordinary task${others}`
    : ` and schedules the tasks that asked for it${others === '' ? '' : ' and are in no other scheduler’s cgroup'}`
}

function exitSentences({ exitLog }: SchedFacts): StorySentence[] {
  const source = exitLog.isWhole ? '(kernel log)' : '(kernel log, which could not be read whole)'
  return exitLog.seen.map(({ scheduler, kind, reason, message, task }) => {
    const why = [reason, message].filter((text) => text !== '').join(': ')
    return {
      topic: 'scheduler',
      weight: kind === 'normal' ? 'fact' : 'trouble',
      sentence: `Scheduler ${scheduler} has left${why === '' ? '' : `: ${why}`} ${source}.`,
      facts: { scheduler, kind, reason, message, task },
      about: task === undefined ? [] : [{ kind: 'task', ...task }],
    }
  })
}

/** Kinds of exits that are nobody's fault, in the kernel's own words for them (enum scx_exit_kind). */
const orderly = /^(DONE|UNREG|SYSRQ)/

/** What the log does not say: the message of a scheduler that left in an orderly way. */
function departedSentences({ departed }: SchedFacts): StorySentence[] {
  return departed.seen.map(({ name, mapId, exit }) => {
    const why = exitText(exit)
    return {
      topic: 'scheduler',
      weight: orderly.test(exit.kind) ? 'fact' : 'trouble',
      sentence: `Scheduler ${name} has left${why === '' ? '' : `: ${why}`} (${exit.kind}; its owner holds on to it).`,
      facts: {
        scheduler: name,
        map: mapId,
        exit_kind: exit.kind,
        reason: exit.reason,
        message: exit.message,
      },
      about: [{ kind: 'scheduler', name }],
    }
  })
}

/** Where tasks pile up: the fullest queue first. */
export function queueSentences({ queues }: SchedFacts): StorySentence[] {
  const full = queues.filter(({ depth }) => depth > 0).sorted((a, b) => b.depth - a.depth)
  const tell = (sentence: string, facts: StorySentence['facts'], about: readonly Subject[] = []) => [
    { topic: 'queues', weight: 'fact', sentence, facts, about } as const,
  ]
  const [fullest, ...others] = full.seen
  if (fullest === undefined) {
    const { length } = queues.seen
    if (length === 0) return []
    const facts = { queues: length }
    if (!queues.isWhole)
      return tell(
        `At least ${countOf(length, 'DSQ')} ${length === 1 ? 'is' : 'are'} empty; others could not be read.`,
        facts,
      )
    return tell(length === 1 ? 'The only DSQ is empty.' : `All ${length} DSQs are empty.`, facts)
  }
  const rest = others
    .slice(0, queuesTold)
    .map(({ name, depth }) => `${name} ${depth}`)
    .join(', ')
  const more = others.length > queuesTold ? `, and ${others.length - queuesTold} more` : ''
  const among =
    others.length === 0
      ? queues.isWhole
        ? '; all others are empty.'
        : '; others could not be read.'
      : queues.isWhole
        ? `, more than any other (${rest}${more}).`
        : `, others that could be read hold fewer (${rest}${more}).`
  return tell(
    `DSQ ${fullest.name} holds ${countOf(fullest.depth, 'task')}${among}`,
    { depths: Object.fromEntries(full.seen.map(({ name, depth }) => [name, depth])) },
    full.seen.slice(0, queuesTold + 1).map(queueSubject),
  )
}
