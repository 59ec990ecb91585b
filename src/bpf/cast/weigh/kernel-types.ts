import type { Code } from '../code/code.js'
import { coreKind } from '../code/code.js'
import { kernelResults } from '../code/helpers.js'
import type { TypeShapes } from '../code/type-shapes.js'

/**
 * The structs that the kernel itself fills: what programs get as context and arguments, what kernel functions
 * take and return, what CO-RE relocations speak of, and all that these lead to. Nothing can be proven of what
 * their fields hold, since the kernel's own stores are not in the object.
 */
export function kernelTypes(code: Code, types: TypeShapes): ReadonlySet<number> {
  const found = new Set<number>()
  const add = (typeId: number): void => {
    found.add(types.bare(typeId))
  }
  for (const { binding, typeId, contextTypes } of code.functions) {
    for (const type of contextTypes ?? []) if (type !== undefined) add(type)
    if (binding !== 'entry' || typeId === undefined) continue
    for (const type of parameterTypes(code, typeId)) add(type)
  }
  for (const reference of code.references.values()) {
    if (reference.kind === 'variable') add(reference.typeId)
    if (reference.kind !== 'kernel function') continue
    for (const type of parameterTypes(code, reference.typeId)) add(type)
  }
  for (const { kind, typeId } of code.core.values()) {
    if (kind !== coreKind.localType) add(typeId)
  }
  for (const name of new Set(kernelResults.values())) {
    const struct = code.btf.find(name, 'struct')
    if (struct !== undefined) add(struct.id)
  }
  for (const id of code.kernelStructs ?? []) add(id)
  const structs = new Set<number>()
  for (const id of found) {
    const shape = types.of(id)
    if (shape.kind === 'pointer') add(shape.target)
    if (shape.kind === 'array') add(shape.element)
    if (shape.kind !== 'struct') continue
    structs.add(id)
    for (const { typeId } of shape.parts) add(typeId)
  }
  return structs
}

/** Types of the parameters and the result of a function. */
function parameterTypes(code: Code, typeId: number): number[] {
  const type = code.btf.type(typeId)
  const prototype = type.kind === 'function' ? type.prototype : undefined
  if (prototype?.kind !== 'prototype') return []
  return [prototype.result.id, ...prototype.parameters.map((parameter) => parameter.type.id)]
}
