import type { CType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { tasks } from '../../kernel/tasks.js'
import type { Problems } from '../../problems.js'
import type { ArenaProbe } from '../arena/context.js'
import type { MemoryCheck } from '../cast/report.js'

/** Whether what lies at an address is what programs take it for: for pointers that are supported and not proven. */
export class MemoryChecks {
  readonly #kernel: Kernel
  readonly #problems: Problems
  #tasks: ReadonlySet<bigint> | undefined

  constructor(kernel: Kernel, problems: Problems) {
    this.#kernel = kernel
    this.#problems = problems
  }

  passes(check: MemoryCheck, value: bigint, type: CType | undefined, arena: ArenaProbe | undefined): boolean {
    switch (check) {
      case 'task':
        return this.#isTask(value)
      case 'arena':
        return isArena(value, type, arena)
      case 'task or arena':
        return this.#isTask(value) || isArena(value, type, arena)
      case 'none':
        return false
    }
  }

  /** A task on the kernel's list, or the idle task of a CPU. */
  #isTask(value: bigint): boolean {
    this.#tasks ??= new Set(Array.from(tasks(this.#kernel, this.#problems), ({ address }) => address))
    return this.#tasks.has(value)
  }
}

function isArena(value: bigint, type: CType | undefined, arena: ArenaProbe | undefined): boolean {
  return arena?.isAddress(value) === true && arena.isInUse(value, type)
}
