import { CryoscopeError } from '../../errors.js'
import { currentScope } from './cell-scope.js'

/** Ways in which code ends the process that runs it. */
const endings = ['exit', 'abort', 'reallyExit'] as const

/**
 * What a cell, its timers and its promises start does not end the kernel: the notebook would see neither a reply nor what
 * was kept. Such a call throws a sentence; our own calls, outside of cells, go through.
 */
export function keepAlive(process: NodeJS.Process): void {
  for (const name of endings) {
    const original = (process as unknown as Record<string, (...args: unknown[]) => never>)[name]
    if (original === undefined) continue
    const refusing = (...args: unknown[]): never => {
      if (currentScope() === undefined) return original.apply(process, args)
      throw new CryoscopeError(
        'usage',
        `process.${name} would end the notebook's kernel and all that it keeps; throw to end a cell, shut the kernel down from the notebook's menu, close a session with await vm.close()`,
      )
    }
    Object.defineProperty(process, name, { value: refusing, configurable: true, writable: true })
  }
}
