import { Problems } from '../../src/problems.js'

/** What a walk yields, and the first thing it says of how it went. */
export function collect(walk: (problems: Problems) => Iterable<bigint>): {
  nodes: bigint[]
  problem: string | undefined
} {
  const problems = new Problems()
  const nodes: bigint[] = []
  for (const node of walk(problems)) {
    nodes.push(node)
    if (nodes.length > 100_000) throw new Error('the walk does not end')
  }
  return { nodes, problem: problems.list[0]?.why }
}
