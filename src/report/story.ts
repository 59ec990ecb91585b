import { jsonOf } from '../contract/shape.js'
import { explain } from '../sched/why.js'
import type { Session } from '../session/session.js'
import { escapeText } from '../text.js'
import { machineSentences, panicSentences } from './story-machine.js'
import { memorySentences } from './story-memory.js'
import { gatherScene, type StoryScene } from './story-scene.js'
import { queueSentences, schedulerSentences } from './story-scheduler.js'
import { waitingSentences } from './story-waiting.js'

/** What a sentence belongs to. */
export type Topic = 'scheduler' | 'waiting' | 'queues' | 'cpus' | 'log' | 'programs' | 'memory' | 'problems'

/** `trouble`: something is wrong. `notice`: worth a look. `fact`: how things are. */
export type Weight = 'trouble' | 'notice' | 'fact'

/** An object that a sentence speaks of, by what it is called where it is listed. */
export type Subject =
  | { readonly kind: 'task'; readonly pid: number; readonly name: string }
  /** `name` as in `vm.sched.queues`, `id` the kernel's. */
  | { readonly kind: 'queue'; readonly name: string; readonly id: bigint }
  | { readonly kind: 'cpu'; readonly cpu: number }
  | { readonly kind: 'program'; readonly id: number; readonly name: string }
  | { readonly kind: 'allocator'; readonly name: string; readonly arena: number }
  | { readonly kind: 'scheduler'; readonly name: string }

/** One sentence, the facts it rests on, and the objects it is about. */
export interface StorySentence {
  readonly topic: Topic
  readonly weight: Weight
  readonly sentence: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly about: readonly Subject[]
}

/** Facts are JSON already. */
export const sentenceJson = jsonOf<StorySentence>()({ about: { id: 'id' } })
export type SentenceJson = ReturnType<typeof sentenceJson>

/** What is going on, told in sentences: who waits and why, where work piles up, what is odd. */
export interface Story {
  /** In the order in which they should be read: what is wrong comes first within a topic. */
  readonly sentences: readonly StorySentence[]
  toJSON(): readonly SentenceJson[]
  /** The sentences, one a line. */
  toString(): string
}

/** Reads what a story needs from a frozen guest or a dump, and tells it. What cannot be read is told as well. */
export function tellStory(vm: Session): Story {
  return storyOf(gatherScene(vm))
}

/** The same from what was read already. */
export function storyOf(scene: StoryScene): Story {
  const told = [
    ...panicSentences(scene),
    ...(scene.sched === undefined ? [] : schedulerSentences(scene.sched)),
    ...waitingSentences(scene, (pid) => explain(scene.kernel, pid)),
    ...(scene.sched === undefined ? [] : queueSentences(scene.sched)),
    ...machineSentences(scene),
    ...memorySentences(scene),
  ]
  // Names and messages in them are the guest's.
  const sentences = told.map((each) => ({ ...each, sentence: escapeText(each.sentence) }))
  return {
    sentences,
    toJSON: () => sentences.map(sentenceJson),
    toString: () => sentences.map(({ sentence }) => sentence).join('\n'),
  }
}
