import type { KernelStack } from '../../sched/stack.js'
import { escapeText } from '../../text.js'

/** Frames of a stack, innermost first, and what there is to say of them; `before` stands in front of each. */
export function stackLines(stack: KernelStack, before: string): string[] {
  const { frames, method, problem, userAddress } = stack
  const lines = frames.map(
    ({ address, symbol, isCertain }) =>
      `${before}${escapeText(symbol ?? `0x${address.toString(16)}`)}${isCertain ? '' : ' ?'}`,
  )
  if (userAddress !== undefined) lines.push(`${before}(user space at 0x${userAddress.toString(16)})`)
  if (method === 'guess') lines.push('(return addresses found on the stack; some may be stale)')
  if (problem !== undefined) lines.push(`(${escapeText(problem)})`)
  return lines
}
