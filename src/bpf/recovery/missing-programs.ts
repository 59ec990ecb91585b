import type { Btf } from '../../btf/btf.js'
import { strip } from '../../btf/layout.js'
import type { FunctionType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import { flavorless } from './kernel-structs.js'
import type { ProgramCode } from './program-code.js'

/** libbpf gives the parameters of kernel functions this name, since theirs have none. */
const dummyName = 'dummy_ksym'
/** Kernel functions of other releases, which weak declarations may name. */
const kernelPrefix = /^(scx_)?bpf_/

/**
 * Functions of an object that no loaded program has and that may themselves be programs: they have at most one
 * parameter, a pointer. One that was loaded and is gone may have written anything to the object's maps. Functions that
 * nothing calls are not loaded, but those with more parameters are no programs.
 */
export function unloadedPrograms(kernel: Kernel, types: Btf, programs: readonly ProgramCode[]): string[] {
  const loaded = new Set(programs.flatMap(({ functions }) => functions.map(({ type }) => type?.id)))
  const found: string[] = []
  for (const type of types.types('function')) {
    if (type.kind !== 'function' || loaded.has(type.id) || type.linkage === 'extern') continue
    if (mayBeProgram(type) && !isKernelFunction(kernel, type)) found.push(type.name)
  }
  return found
}

function mayBeProgram({ prototype }: FunctionType): boolean {
  if (prototype.kind !== 'prototype' || prototype.parameters.length > 1) return false
  return prototype.parameters.every(({ type }) => strip(type).kind === 'pointer')
}

function isKernelFunction(kernel: Kernel, { name, prototype }: FunctionType): boolean {
  const parameters = prototype.kind === 'prototype' ? prototype.parameters : []
  if (parameters.length > 0 && parameters.every(({ name }) => name === dummyName || name === '')) return true
  const bare = flavorless(name)
  if (kernel.types.find(bare, 'function') !== undefined) return true
  return parameters.length === 0 && kernelPrefix.test(bare)
}
