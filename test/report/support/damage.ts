import { CryoscopeError } from '../../../src/errors.js'
import type { PhysicalMemory } from '../../../src/memory/types.js'
import { tellStory } from '../../../src/report/story.js'
import { explain } from '../../../src/sched/why.js'
import { Session } from '../../../src/session/session.js'
import { HoledMemory } from '../../support/holed-memory.js'

/** A sentence with what it rests on. */
interface Told {
  readonly about: string
  readonly sentence: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** What is said of a target: its story, and why each of some tasks does not run. */
export interface Sayings {
  readonly told: readonly Told[]
  readonly tasks: number
}

/** What a sentence says that claims less than it could. */
const weaker = /\bat least\b|\bunknown\b|\bcould(?: not)? be read\b|\bis known to\b/i

export function sayingsOf(vm: Session, pids: readonly number[]): Sayings {
  const story = tellStory(vm).sentences.map(({ topic, sentence, facts }) => ({
    about: topic,
    sentence,
    facts,
  }))
  const whys = pids.flatMap((pid) => {
    const reasons = quietly(() => explain(vm.kernel, pid).reasons) ?? []
    return reasons.map(({ sentence, facts }) => ({ about: `why ${pid}`, sentence, facts }))
  })
  return { told: [...story, ...whys], tasks: vm.tasks.length }
}

/** The same of a target that lacks frames; undefined where no kernel is found in it any more. */
export function damagedSayings(
  vm: Session,
  pids: readonly number[],
  isHole: (frame: number) => boolean,
): Sayings | undefined {
  const { text: vmcoreinfo, physical: noteAt } = vm.kernel.info
  const memory: PhysicalMemory = new HoledMemory(vm.target.memory, isHole)
  return quietly(() => sayingsOf(new Session({ ...vm.target, memory, vmcoreinfo, noteAt }), pids))
}

/** Sentences of a damaged target that claim what those of the whole one do not, with what is wrong. */
export function lies(whole: Sayings, damaged: Sayings): string[] {
  const known = new Set(whole.told.map(({ sentence }) => withoutNames(sentence)))
  const wrong = damaged.told
    .filter(({ sentence }) => !known.has(withoutNames(sentence)) && !weaker.test(sentence))
    .map(({ about, sentence }) => `${about}: ${sentence}`)
  for (const { about, sentence, facts } of damaged.told)
    for (const [key, value] of Object.entries(facts)) {
      const { atLeast } = (value ?? {}) as { atLeast?: unknown }
      if (typeof atLeast !== 'number') continue
      const most = Math.max(
        ...whole.told.filter((other) => other.about === about).map((other) => Number(other.facts[key] ?? 0)),
      )
      if (atLeast > most) wrong.push(`${about}: ${key} is ${most}, not at least ${atLeast}: ${sentence}`)
    }
  if (damaged.tasks > whole.tasks) wrong.push(`there are ${whole.tasks} tasks, not ${damaged.tasks}`)
  return wrong
}

/** Of a kernel thread comm may be all that is left of its name, which the problems say. */
function withoutNames(sentence: string): string {
  return sentence.replace(/\S+ (?=\(pid \d+\))/g, '')
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}
