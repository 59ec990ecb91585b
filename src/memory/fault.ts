import { CryoscopeError } from '../errors.js'
import { describeProblem, type Problem } from './types.js'

/**
 * Thrown by the readers that return plain numbers, so that walkers read like the kernel's own code.
 * Every walker catches it at its border and turns it into a problem in its answer.
 */
export class MemoryFault extends CryoscopeError {
  override readonly name = 'MemoryFault'
  readonly problem: Problem

  constructor(problem: Problem) {
    super('unreadable', describeProblem(problem))
    this.problem = problem
  }
}
