import { type Panic, panicText } from '../../kernel/panic.js'
import { stackLines } from '../../present/columns/stacks.js'
import { pairLines } from '../../present/text/lines.js'
import type { Story } from '../../report/story.js'
import type { KernelStack } from '../../sched/stack.js'
import type { Explanation } from '../../sched/why.js'
import { escapeText } from '../../text.js'

/** What says itself in words: a story, an explanation, a stack, a panic; undefined for any other value. */
export function saidText(value: unknown, columns: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const lines = linesOf(value, columns)
  return lines?.join('\n')
}

function linesOf(value: object, columns: number): string[] | undefined {
  if ('sentences' in value && Array.isArray(value.sentences)) {
    const { sentences } = value as Story
    return listed(
      sentences.map(({ weight, sentence }) => [weight === 'trouble' ? '!' : '-', sentence]),
      columns,
    )
  }
  if ('verdict' in value && 'reasons' in value) {
    const { name, pid, verdict, reasons } = value as Explanation
    const head = escapeText(`${name} (pid ${pid}): ${verdict}`)
    return [
      head,
      ...listed(
        reasons.map(({ sentence }) => ['-', sentence]),
        columns,
      ),
    ]
  }
  if ('frames' in value && 'method' in value) return stackLines(value as KernelStack, '')
  if ('cpu' in value && 'message' in value && 'cause' in value && 'where' in value) {
    return listed([['!', `panicked ${panicText(value as unknown as Panic)}`]], columns)
  }
  return undefined
}

function listed(pairs: readonly (readonly [string, string])[], columns: number): string[] {
  return pairLines(
    pairs.map(([mark, text]) => [mark, escapeText(text)] as const),
    columns,
  )
}
