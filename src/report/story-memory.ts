import type { Allocator } from '../bpf/allocators/allocator.js'
import { CryoscopeError } from '../errors.js'
import { counted } from '../sched/scene.js'
import type { StorySentence } from './story.js'
import type { StoryScene } from './story-scene.js'

/** Reasons that are told one by one. */
const problemsTold = 3

/** How full allocators are, what leaks and dangles, and what could not be read at all. */
export function memorySentences({ allocators, unread }: StoryScene): StorySentence[] {
  const problems = [...unread]
  const sentences = (allocators ?? []).flatMap((allocator) => {
    try {
      return allocatorSentences(allocator)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      problems.push(`${allocator.name}: ${error.message}`)
      return []
    }
  })
  for (const { name, problems: own } of allocators ?? [])
    for (const { where, why } of own) problems.push(`${name}, ${where}: ${why}`)
  if (problems.length > 0) {
    const told = problems.slice(0, problemsTold).join('; ')
    const more = problems.length > problemsTold ? `; and ${problems.length - problemsTold} more` : ''
    sentences.push({
      topic: 'problems',
      weight: 'notice',
      sentence: `${counted(problems.length, 'thing')} could not be read: ${told}${more}.`,
      facts: { problems },
      about: [],
    })
  }
  return sentences
}

function allocatorSentences(allocator: Allocator): StorySentence[] {
  const { name, kind, reading, arena, leaks, dangling, unreadRoots } = allocator
  const { slots, regions } = reading
  const about: StorySentence['about'] = [{ kind: 'allocator', name, arena: arena.id }]
  const live = slots.count('live')
  const moving = slots.count('in-flight')
  const facts: Record<string, unknown> = {
    allocator: name,
    kind,
    live,
    inFlight: moving,
    slots: slots.length,
  }
  const parts: string[] = []
  if (slots.length > 0)
    parts.push(
      `${live} of its ${counted(slots.length, 'element')} handed out${moving > 0 ? `, ${moving} on the way` : ''}`,
    )
  for (const { name: region, used, length } of regions) {
    if (used === undefined || length === 0) continue
    facts[region] = { used, length }
    parts.push(`${used} of ${length} bytes of its ${region} handed out`)
  }
  const sentences: StorySentence[] = []
  if (parts.length > 0)
    sentences.push({
      topic: 'memory',
      weight: 'fact',
      sentence: `Allocator ${name} has ${parts.join(', ')}.`,
      facts,
      about,
    })
  if (leaks.length > 0) {
    const unsure =
      unreadRoots.length === 0
        ? ''
        : ` (or only from ${counted(unreadRoots.length, 'place')} that cannot be read)`
    const are = leaks.length === 1 ? 'is' : 'are'
    sentences.push({
      topic: 'memory',
      weight: unreadRoots.length === 0 ? 'trouble' : 'notice',
      sentence: `${counted(leaks.length, 'element')} of ${name} ${are} handed out and nothing refers to ${leaks.length === 1 ? 'it' : 'them'}${unsure}.`,
      facts: { leaks: leaks.slice(0, 100).map(({ index }) => index), count: leaks.length, unreadRoots },
      about,
    })
  }
  if (dangling.length > 0)
    sentences.push({
      topic: 'memory',
      weight: 'trouble',
      sentence: `${counted(dangling.length, 'reference')} to ${name} ${dangling.length === 1 ? 'leads' : 'lead'} to memory that is not handed out: ${dangling[0]?.from}${dangling.length > 1 ? ' and others' : ''}.`,
      facts: {
        dangling: dangling.slice(0, 100).map(({ from, why }) => ({ from, why })),
        count: dangling.length,
      },
      about,
    })
  return sentences
}
