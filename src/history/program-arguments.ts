import type { BpfProgram } from '../bpf/program.js'
import { sizeOf, strip } from '../btf/layout.js'
import type { CType, FunctionPrototype } from '../btf/types.js'
import { quietly } from '../errors.js'
import type { Session } from '../session/session.js'

/** Words of a program's context that are taken when it is called. */
const contextWords = 6

/**
 * What the words are that the context of a BPF program holds, where the context is nothing but the arguments of what it
 * was attached to, one 64-bit word each: an operation of struct_ops, a function, or a tracepoint (bpf_prog_aux.attach_btf_id;
 * kernel/bpf/btf.c, btf_ctx_access). Undefined for other programs, and where an argument takes more than a word.
 */
export function contextPrototype(vm: Session, address: bigint): FunctionPrototype | undefined {
  const program = vm.progs.find(({ jitedAddress }) => jitedAddress === address)
  if (program === undefined) return undefined
  const prototype = quietly(() => attachedPrototype(vm, program))
  if (prototype === undefined || prototype.variadic || prototype.parameters.length > contextWords)
    return undefined
  return prototype.parameters.every(({ type }) => isWord(type)) ? prototype : undefined
}

function attachedPrototype(vm: Session, { address, type }: BpfProgram): FunctionPrototype | undefined {
  const { kernel } = vm
  const aux = kernel.struct('bpf_prog_aux', kernel.struct('bpf_prog', address).pointer('aux'))
  const id = aux.number('attach_btf_id')
  if (id === 0) return undefined
  const btf = aux.pointer('attach_btf')
  const types = btf === 0n ? kernel.types : kernel.btfObjects.types(btf)
  const attached = types.type(id)
  if (type === 'struct_ops') {
    if (attached.kind !== 'struct') return undefined
    const member = attached.members[kernel.struct('bpf_prog', address).number('expected_attach_type')]
    const called = member && pointedAt(member.type)
    if (called === undefined) return undefined
    // Members have no names for their parameters; the functions that stand in for them have.
    const stub = types.find(`${attached.name}__${member?.name}`, 'function')
    const named =
      stub?.kind === 'function' && stub.prototype.kind === 'prototype' ? stub.prototype : undefined
    return named?.parameters.length === called.parameters.length ? named : called
  }
  // fentry, fmod_ret, LSM. What fexit gets as well, the result, comes after these.
  if (attached.kind === 'function' && attached.prototype.kind === 'prototype') return attached.prototype
  // tp_btf: typedef void (*btf_trace_NAME)(void *, …), whose first parameter programs do not get.
  const traced = attached.kind === 'typedef' ? pointedAt(attached.target) : undefined
  return traced && { ...traced, parameters: traced.parameters.slice(1) }
}

function pointedAt(type: CType): FunctionPrototype | undefined {
  const pointer = strip(type)
  const target = pointer.kind === 'pointer' ? strip(pointer.target) : undefined
  return target?.kind === 'prototype' ? target : undefined
}

function isWord(type: CType): boolean {
  const bare = strip(type)
  return bare.kind !== 'struct' && bare.kind !== 'union' && (sizeOf(bare) ?? 9) <= 8
}
