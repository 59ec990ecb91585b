import type { WalkEnd } from '../../src/kernel/lists.js'

/** What a walk yields, and how it ends. */
export function collect(walk: Generator<bigint, WalkEnd>): { nodes: bigint[]; problem: string | undefined } {
  const nodes: bigint[] = []
  for (;;) {
    const step = walk.next()
    if (step.done === true) return { nodes, problem: step.value.problem }
    nodes.push(step.value)
    if (nodes.length > 100_000) throw new Error('the walk does not end')
  }
}
