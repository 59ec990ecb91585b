import type { Allocator } from '../bpf/allocators/allocator.js'
import { isUnreadableName } from '../btf/strings.js'
import { CryoscopeError } from '../errors.js'
import { countOf } from '../sched/words.js'
import type { StorySentence } from './story.js'
import type { StoryScene } from './story-scene.js'

/** Reasons that are told one by one. */
const problemsTold = 3

/** How full allocators are, what leaks and dangles, and what could not be read at all. */
export function memorySentences({ allocators, unread }: StoryScene): StorySentence[] {
  const problems = [...unread]
  const sentences = allocators.seen.flatMap((allocator) => {
    try {
      return allocatorSentences(allocator)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      problems.push(`${allocator.name}: ${error.message}`)
      return []
    }
  })
  for (const { name, problems: own } of allocators.seen)
    for (const { where, why } of own) problems.push(`${name}, ${where}: ${why}`)
  if (problems.length > 0) {
    const told = problems.slice(0, problemsTold).join('; ')
    const more = problems.length > problemsTold ? `; and ${problems.length - problemsTold} more` : ''
    sentences.push({
      topic: 'problems',
      weight: 'notice',
      sentence: `${countOf(problems.length, 'thing')} could not be read: ${told}${more}.`,
      facts: { problems },
      about: [],
    })
  }
  return sentences
}

function allocatorSentences(allocator: Allocator): StorySentence[] {
  const { name, kind, arena, leaks, dangling } = allocator
  const isNamed = !isUnreadableName(name)
  const object = isNamed ? name : 'an allocator whose name could not be read'
  const about: StorySentence['about'] = [{ kind: 'allocator', name, arena: arena.id }]
  const sentences: StorySentence[] = []
  // Learning of references may come upon what cannot be read.
  const isWhole = allocator.problems.length === 0 && arena.problems.length === 0
  const filled = filling(allocator, isWhole)
  if (filled !== undefined)
    sentences.push({
      topic: 'memory',
      weight: 'fact',
      sentence: `${isNamed ? `Allocator ${name}` : 'An allocator whose name could not be read'} has ${filled.text}.`,
      facts: { allocator: name, kind, ...filled.facts },
      about,
    })
  const unreadRoots = allocator.unreadRoots.length
  if (leaks.length > 0) {
    const unsure =
      unreadRoots > 0
        ? ` (or only from ${countOf(unreadRoots, 'place')} that could not be read)`
        : isWhole
          ? ''
          : ', as far as could be read'
    const isOne = leaks.length === 1
    sentences.push({
      topic: 'memory',
      weight: unsure === '' ? 'trouble' : 'notice',
      sentence: `${countOf(leaks.length, 'element')} of ${object} ${isOne ? 'is' : 'are'} handed out and nothing refers to ${isOne ? 'it' : 'them'}${unsure}.`,
      facts: {
        leaks: leaks.slice(0, 100).map(({ index }) => index),
        count: leaks.length,
        unreadRoots: allocator.unreadRoots,
      },
      about,
    })
  }
  if (dangling.length > 0) {
    const sure = isWhole && unreadRoots === 0
    sentences.push({
      topic: 'memory',
      weight: isWhole ? 'trouble' : 'notice',
      sentence: `${sure ? '' : 'At least '}${countOf(dangling.length, 'reference')} to ${object} ${dangling.length === 1 ? 'leads' : 'lead'} to memory that is not handed out${isWhole ? '' : ', as far as could be read'}: ${dangling[0]?.from}${dangling.length > 1 ? ' and others' : ''}.`,
      facts: {
        dangling: dangling.slice(0, 100).map(({ from, why }) => ({ from, why })),
        count: dangling.length,
      },
      about,
    })
  }
  return sentences
}

/** How much of it is handed out; lower bounds where some of it could not be read. */
function filling(
  { reading: { slots, regions } }: Allocator,
  isWhole: boolean,
): { readonly text: string; readonly facts: Readonly<Record<string, unknown>> } | undefined {
  const known = (state: 'live' | 'in-flight'): number => {
    const figure = slots.count(state)
    return figure.whole ? figure.value : (figure.atLeast ?? 0)
  }
  const [live, moving] = [known('live'), known('in-flight')]
  const figure = (count: number): unknown => (isWhole ? count : { atLeast: count })
  const facts: Record<string, unknown> = {
    live: figure(live),
    inFlight: figure(moving),
    slots: figure(slots.length),
  }
  const parts: string[] = []
  const onTheWay = moving > 0 ? `, ${moving} on the way` : ''
  if (slots.length > 0)
    parts.push(
      isWhole
        ? `${live} of its ${countOf(slots.length, 'element')} handed out${onTheWay}`
        : `at least ${live} of at least ${countOf(slots.length, 'element')} handed out${onTheWay}`,
    )
  for (const { name: region, used, length } of regions) {
    if (used === undefined || length === 0) continue
    facts[region] = { used, length }
    parts.push(
      `${used} of ${length} bytes of its ${region} handed out${isWhole ? '' : ', as far as could be read'}`,
    )
  }
  return parts.length === 0 ? undefined : { text: parts.join(', '), facts }
}
