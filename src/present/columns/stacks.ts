import type { KernelStack } from '../../sched/stack.js'
import { escapeText } from '../../text.js'

/** Frames of a stack, innermost first, and what there is to say of them; `before` stands in front of each. */
export function stackLines({ frames, method, problem }: KernelStack, before: string): string[] {
  const lines = frames.map(
    ({ address, symbol, isCertain }) =>
      `${before}${escapeText(symbol ?? `0x${address.toString(16)}`)}${isCertain ? '' : ' ?'}`,
  )
  if (method === 'guess') lines.push('(return addresses found on the stack; some may be stale)')
  if (problem !== undefined) lines.push(`(${escapeText(problem)})`)
  return lines
}
