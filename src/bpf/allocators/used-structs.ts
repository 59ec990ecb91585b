import type { Btf } from '../../btf/btf.js'
import { strip } from '../../btf/layout.js'
import type { CType, FunctionPrototype, StructType } from '../../btf/types.js'
import { flavorless } from '../recovery/kernel-structs.js'

const known = new WeakMap<Btf, ReadonlyMap<number, string>>()
/** Sections of what the program takes from the kernel and from its configuration. */
const foreignSections = new Set(['.ksyms', '.kconfig'])

/**
 * Structs that a program's own code, variables and maps have pointers to, by their ids, with where that is: "its function
 * demo_running". Every other struct of its BTF may have come with the headers of a kernel, and says nothing of the program.
 */
export function usedStructs(types: Btf): ReadonlyMap<number, string> {
  let found = known.get(types)
  if (found === undefined) {
    found = find(types)
    known.set(types, found)
  }
  return found
}

function find(types: Btf): Map<number, string> {
  const found = new Map<number, string>()
  const note = (type: CType, where: string): void => {
    const target = structBehind(type)
    if (target !== undefined && !found.has(target.id)) found.set(target.id, where)
  }
  for (const type of types.types('function')) {
    if (type.kind !== 'function' || type.linkage === 'extern' || type.id < types.startId) continue
    const prototype = strip(type.prototype) as CType | FunctionPrototype
    if (prototype.kind !== 'prototype') continue
    const where = `its function ${flavorless(type.name)}`
    note(prototype.result, where)
    for (const { type: parameter } of prototype.parameters) note(parameter, where)
  }
  for (const section of types.types('section')) {
    if (section.kind !== 'section' || foreignSections.has(section.name)) continue
    for (const { variable } of section.variables) {
      if (variable.kind !== 'variable' || variable.linkage === 'extern') continue
      if (section.name === '.maps') noteMap(variable.type, variable.name, note)
      else {
        note(variable.type, `its variable ${variable.name}`)
        noteMembers(variable.type, `its variable ${variable.name}`, note)
      }
    }
  }
  return found
}

/** What values of a map point at; its declaration names the type of its values as that of a pointer. */
function noteMap(declaration: CType, name: string, note: (type: CType, where: string) => void): void {
  const struct = strip(declaration)
  if (struct.kind !== 'struct') return
  const value = struct.members.find((member) => member.name === 'value')
  const pointer = value === undefined ? undefined : strip(value.type)
  if (pointer?.kind !== 'pointer') return
  note(pointer.target, `values of its map ${name}`)
  noteMembers(pointer.target, `values of its map ${name}`, note)
}

function noteMembers(type: CType, where: string, note: (type: CType, where: string) => void): void {
  const struct = element(type)
  if (struct.kind !== 'struct' && struct.kind !== 'union') return
  for (const member of struct.members) note(member.type, where)
}

/** The struct that a pointer, or an array of pointers, leads to. */
function structBehind(type: CType): StructType | undefined {
  const pointer = element(type)
  const target = pointer.kind === 'pointer' ? element(pointer.target) : undefined
  return target?.kind === 'struct' ? target : undefined
}

function element(type: CType): CType {
  let at: CType = strip(type)
  for (let n = 0; n < 8 && at.kind === 'array'; n++) at = strip(at.element)
  return at
}
