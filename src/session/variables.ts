import type { CType, VariableType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import { globalTypes } from '../kernel/globals.js'
import type { Kernel } from '../kernel/kernel.js'
import type { ValueContext } from '../value/context.js'
import { findType } from '../value/find-type.js'
import type { Value } from '../value/types.js'
import { makeValue } from '../value/value.js'

/** A global variable of the kernel image by name, typed by BTF (per-CPU ones) or by the table of globals. */
export interface GlobalVariable {
  readonly name: string
  readonly address: bigint
  readonly type: CType
  readonly isPerCpu: boolean
}

export function findVariable(kernel: Kernel, context: ValueContext, name: string): GlobalVariable {
  const address = kernel.symbol(name)
  // The table first: BTF's own variables need an index of all functions, which takes milliseconds.
  const known = Object.hasOwn(globalTypes, name) ? globalTypes[name] : undefined
  if (known !== undefined) {
    return { name, address, type: findType(context, kernel.types, known), isPerCpu: false }
  }
  const declared = kernel.types.find(name, 'variable') as VariableType | undefined
  if (declared !== undefined) {
    return { name, address, type: declared.type, isPerCpu: isPerCpu(kernel, declared) }
  }
  throw new CryoscopeError(
    'not-found',
    `the type of ${name} is not known (kernel BTF types only per-CPU variables); name it: vm.at(vm.symbol('${name}').address, 'struct …')`,
  )
}

/** Kernel BTF has per-CPU variables; pahole can be told to add all others, which are in sections of their own. */
function isPerCpu(kernel: Kernel, declared: VariableType): boolean {
  const section = kernel.types.find('.data..percpu', 'section')
  return section === undefined || section.variables.some(({ variable }) => variable.id === declared.id)
}

/** The value of a variable; per-CPU ones need a CPU. */
export function variableValue(
  kernel: Kernel,
  context: ValueContext,
  variable: GlobalVariable,
  cpu: number,
): Value {
  const address = variable.isPerCpu ? kernel.cpus.address(variable.address, cpu) : variable.address
  return makeValue(context, variable.type, address, variable.name)
}
