import { Found } from '../found.js'
import type { Kernel } from '../kernel/kernel.js'
import { missingTypes } from '../kernel/struct-reader.js'
import type { Problems } from '../problems.js'
import { Absences } from './absences.js'
import { Jiffies } from './clock.js'

/** Where readers of scheduler state say what they could not read, and what this kernel does not have. */
export interface SchedSinks {
  readonly problems: Problems
  readonly absences: Absences
}

/** What the readers of scheduler state share while they put one answer together. */
export interface SchedContext extends SchedSinks {
  readonly kernel: Kernel
  readonly jiffies: Jiffies | undefined
}

export function schedContext(kernel: Kernel, problems: Problems): SchedContext {
  const absences = new Absences(kernel.types.isWhole ? undefined : missingTypes)
  return { kernel, problems, absences, jiffies: Jiffies.read(kernel, { problems, absences }) }
}

/** Runs a walk to its end; how it ended goes to the problems. */
export function gather(
  { problems }: SchedContext,
  where: string,
  walk: (problems: Problems) => Iterable<bigint>,
): bigint[] {
  const found: bigint[] = []
  problems.attempt(where, () => {
    for (const address of walk(problems)) found.push(address)
  })
  return found
}

/** What a walk yields by types of the kernel: where those have holes, there may be more. */
export function foundBy<T>(context: SchedContext, walk: (within: SchedContext) => Iterable<T>): Found<T> {
  return Found.by(context.problems, (problems) => {
    if (!context.kernel.types.isWhole) problems.add('types', missingTypes)
    return walk({ ...context, problems })
  })
}

/** None, where a type that this would be kept in is not there. */
export function noneOf<T>({ kernel }: Pick<SchedContext, 'kernel'>): Found<T> {
  return kernel.types.isWhole ? Found.all<T>([]) : Found.some<T>([], missingTypes)
}

/** The CPUs of this kernel; none, and a problem, where it cannot be read which there are. */
export function possibleCpus({ kernel, problems }: SchedContext): readonly number[] {
  return problems.attempt('CPUs', () => kernel.cpus.possible) ?? []
}

export function hex(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`
}
