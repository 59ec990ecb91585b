import type { Kernel } from '../kernel/kernel.js'
import { Problems } from '../problems.js'
import { Jiffies } from './clock.js'
import { Gathering } from './gathering.js'

/** What the readers of scheduler state share while they put one answer together. */
export interface SchedContext {
  readonly kernel: Kernel
  readonly gathering: Gathering
  readonly jiffies: Jiffies | undefined
}

export function schedContext(kernel: Kernel): SchedContext {
  const gathering = new Gathering()
  return { kernel, gathering, jiffies: Jiffies.read(kernel, gathering) }
}

/** Runs a walk to its end and remembers how it ended. */
export function gather(
  { gathering }: SchedContext,
  where: string,
  walk: (problems: Problems) => Iterable<bigint>,
): bigint[] {
  const found: bigint[] = []
  const problems = new Problems()
  gathering.attempt(where, () => {
    for (const address of walk(problems)) found.push(address)
  })
  for (const problem of problems.list) gathering.problem(problem.where, problem.why)
  return found
}

export function hex(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`
}
