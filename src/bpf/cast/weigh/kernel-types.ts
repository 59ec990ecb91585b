import type { Code } from '../code/code.js'
import { coreKind } from '../code/code.js'
import { kernelResults } from '../code/helpers.js'
import type { TypeShapes } from '../code/type-shapes.js'

const mostTypes = 100_000

/**
 * The structs that the kernel itself fills: what programs get as context and arguments, what kernel functions
 * take and return, what CO-RE relocations speak of, and all that these lead to. Nothing can be proven of what
 * their fields hold, since the kernel's own stores are not in the object.
 */
export function kernelTypes(code: Code, types: TypeShapes): ReadonlySet<number> {
  const found = new Set<number>()
  const add = (typeId: number): void => {
    let id = types.bare(typeId)
    for (let n = 0; n < 16; n++) {
      const shape = types.of(id)
      if (shape.kind === 'pointer') id = shape.target
      else if (shape.kind === 'array') id = shape.element
      else {
        if (shape.kind === 'struct') found.add(shape.id)
        return
      }
      if (id === 0) return
    }
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
  for (const id of code.kernelStructs ?? []) found.add(id)
  for (const id of found) {
    if (found.size > mostTypes) break
    const shape = types.of(id)
    if (shape.kind === 'struct') for (const { typeId } of shape.parts) add(typeId)
  }
  return found
}

/** Types of the parameters and the result of a function. */
function parameterTypes(code: Code, typeId: number): number[] {
  const type = code.btf.type(typeId)
  const prototype = type.kind === 'function' ? type.prototype : undefined
  if (prototype?.kind !== 'prototype') return []
  return [prototype.result.id, ...prototype.parameters.map((parameter) => parameter.type.id)]
}
