import type { Kernel } from '../../kernel/kernel.js'
import type { ValueContext } from '../../value/context.js'
import { kernelContext } from '../../value/kernel-context.js'
import type { KnownTypes } from '../arena/context.js'

/** Values of a kernel and of programs that use no arena. */
export function recoveringContext(kernel: Kernel, known: KnownTypes): ValueContext {
  const context = kernelContext(kernel)
  return {
    ...context,
    recoverPointer: (type, offset) => known.pointerAt(type, offset),
    keptOf: (struct, address) => known.keptOf?.(struct, address),
    resolveForward: (type) => context.resolveForward?.(type) ?? known.complete(type),
  }
}
