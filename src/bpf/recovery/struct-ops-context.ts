import type { Btf } from '../../btf/btf.js'
import { sizeOf, strip } from '../../btf/layout.js'
import type { CType, FunctionPrototype, StructType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { flavorless } from './kernel-structs.js'
import type { LoadedProgram } from './loaded-programs.js'

const arenaSuffix = /__arena(__nullable)?$/

/**
 * What the words of a struct_ops program's context hold, as types of the program's own BTF: the parameters of the
 * operation that it was loaded for (bpf_prog_aux.attach_btf_id, bpf_prog.expected_attach_type). A parameter that the
 * program declares otherwise than the kernel is left out, and so is one that the kernel's stub of the operation marks as an address
 * in an arena (prepare_arg_info in kernel/bpf/bpf_struct_ops.c).
 */
export function structOpsContext(
  kernel: Kernel,
  types: Btf,
  program: LoadedProgram,
): readonly (number | undefined)[] | undefined {
  const aux = kernel.struct('bpf_prog_aux', program.aux)
  const attached = aux.pointer('attach_btf')
  const kernelTypes = attached === 0n ? kernel.types : kernel.btfObjects.types(attached)
  const operations = kernelTypes.type(aux.number('attach_btf_id'))
  if (operations.kind !== 'struct') return undefined
  const index = kernel.struct('bpf_prog', program.address).number('expected_attach_type')
  const member = operations.members[index]
  const called = member && prototypeOf(member.type)
  const declared = member && ownPrototype(types, operations, member.name)
  if (member === undefined || called === undefined || declared === undefined) return undefined
  // Structs by value take several words.
  const isPlain = called.parameters.every(({ type }) => {
    const bare = strip(type)
    return bare.kind !== 'struct' && bare.kind !== 'union' && (sizeOf(bare) ?? 9) <= 8
  })
  if (!isPlain || called.variadic) return undefined
  const stub = kernelTypes.find(`${operations.name}__${member.name}`, 'function')
  const marked = stub?.kind === 'function' ? strip(stub.prototype) : undefined
  const names = marked?.kind === 'prototype' ? marked.parameters.map(({ name }) => name) : []
  return called.parameters.map(({ type }, n) => {
    if (arenaSuffix.test(names[n] ?? '')) return undefined
    const own = declared.parameters[n]?.type
    return own !== undefined && isSame(own, type) ? own.id : undefined
  })
}

function ownPrototype(types: Btf, operations: StructType, member: string): FunctionPrototype | undefined {
  for (const type of types.types('struct')) {
    if (type.kind !== 'struct' || flavorless(type.name) !== operations.name) continue
    const found = type.members.find(({ name }) => name === member)
    const prototype = found && prototypeOf(found.type)
    if (prototype !== undefined) return prototype
  }
  return undefined
}

function prototypeOf(type: CType): FunctionPrototype | undefined {
  const pointer = strip(type)
  const target = pointer.kind === 'pointer' ? strip(pointer.target) : undefined
  return target?.kind === 'prototype' ? target : undefined
}

function isSame(own: CType, kernels: CType): boolean {
  const [x, y] = [strip(own), strip(kernels)]
  if (x.kind !== 'pointer' || y.kind !== 'pointer') {
    const isNumber = (type: CType) => type.kind === 'int' || type.kind === 'enum'
    return isNumber(x) && isNumber(y) && sizeOf(x) === sizeOf(y)
  }
  const [a, b] = [strip(x.target), strip(y.target)]
  const isNamed = (type: CType) => type.kind === 'struct' || type.kind === 'union' || type.kind === 'forward'
  return isNamed(a) && isNamed(b) && b.name !== '' && flavorless(a.name) === b.name
}
