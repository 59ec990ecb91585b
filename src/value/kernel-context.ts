import { strip } from '../btf/layout.js'
import type { CType } from '../btf/types.js'
import type { Kernel } from '../kernel/kernel.js'
import type { ValueContext } from './context.js'

/** Values of a kernel: read through its page tables, named by its symbols, completed by its types. */
export function kernelContext(kernel: Kernel): ValueContext {
  return {
    memory: kernel.space,
    cpus: kernel.cpus.possible,
    symbolize: (address) => kernel.symbolize(address),
    perCpu: (address, cpu) => kernel.cpus.address(address, cpu),
    resolveForward: (type) => completeType(kernel, type),
    findType: (name) => typeNamed(kernel, name),
  }
}

/** A struct that a program's BTF only declares is the kernel's own of that name. */
function completeType(kernel: Kernel, type: CType): CType | undefined {
  const bare = strip(type)
  return bare.kind === 'forward' ? kernel.types.find(bare.name, bare.of) : undefined
}

/** `rq` or `struct rq`, for values whose own BTF lacks it. */
function typeNamed(kernel: Kernel, name: string): CType | undefined {
  const [, kind, bare = name] = /^(struct|union|enum) (.*)$/.exec(name) ?? []
  const found = kernel.types.find(bare, kind as 'struct' | 'union' | 'enum' | undefined)
  return found?.kind === 'forward' ? undefined : found
}
