import { sizeOf } from '../btf/layout.js'
import type { CType, FunctionPrototype } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { AnyMembers } from '../value/types.js'
import { valueOfBytes } from '../value/value.js'
import type { Session } from './session.js'
import type { Vcpu } from './vcpu.js'

/** Registers that arguments come in: System V for the kernel, and AAPCS64. */
const x86 = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'] as const
const arm64 = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7'] as const
/** What functions of kernels with IBT begin with: arguments are still where they were behind it. */
const endbr64 = Buffer.from([0xf3, 0x0f, 0x1e, 0xfa])

export interface Argument {
  readonly name: string
  readonly type: CType | undefined
  readonly bytes: Uint8Array
}

/** The types of a function of the kernel, by its BTF. */
export function prototypeNamed(kernel: Kernel, name: string): FunctionPrototype | undefined {
  const found = kernel.types.find(name, 'function')
  return found?.kind === 'function' && found.prototype.kind === 'prototype' ? found.prototype : undefined
}

/** Integers and pointers in the argument registers, structs of two words in two; the registers themselves without a prototype. */
export function argumentsOf(
  registers: readonly bigint[],
  prototype: FunctionPrototype | undefined,
  names: readonly string[] = x86,
): Argument[] {
  const bytes = registers.map(bytesOf)
  if (prototype === undefined)
    return bytes.map((word, index) => ({ name: names[index] ?? '', type: undefined, bytes: word }))
  const found: Argument[] = []
  let next = 0
  for (const [index, { name, type }] of prototype.parameters.entries()) {
    const size = sizeOf(type) ?? 0
    const count = size > 8 && size <= 16 ? 2 : 1
    if (size === 0 || size > 16 || next + count > bytes.length) break
    found.push({
      name: name === '' ? `arg${index}` : name,
      type,
      bytes: Buffer.concat(bytes.slice(next, next + count)),
    })
    next += count
  }
  return found
}

/** The arguments that a vCPU has for the function at whose entry it stands; undefined where it does not stand at one. */
export function entryArguments(kernel: Kernel, { registers, rip, privilege }: Vcpu): Argument[] | undefined {
  if (privilege === 3) return undefined
  const symbol = kernel.symbolAt(rip)
  if (symbol === undefined || !isEntry(kernel, symbol.address, rip)) return undefined
  const names = registers.pc === undefined ? x86 : arm64
  const words = names.map((name) => registers[name])
  if (words.some((word) => word === undefined)) return undefined
  return argumentsOf(words as bigint[], prototypeNamed(kernel, symbol.name), names)
}

function isEntry(kernel: Kernel, start: bigint, at: bigint): boolean {
  if (at === start) return true
  if (at !== start + BigInt(endbr64.length)) return false
  const { ok, bytes } = kernel.space.read(start, endbr64.length)
  return ok && endbr64.equals(bytes)
}

/** The same as values by name, of one vCPU or of the only one that stands at an entry. Throws 'state' where none does. */
export function entryValues(vm: Session, index: number | undefined): AnyMembers {
  const found = vm.vcpus.flatMap((vcpu) => {
    if (index !== undefined && vcpu.index !== index) return []
    const typed = entryArguments(vm.kernel, vcpu)
    return typed === undefined ? [] : [{ vcpu, typed }]
  })
  const [one, another] = found
  if (one === undefined) {
    const what = index === undefined ? 'no vCPU stands' : `vCPU ${index} does not stand`
    throw new CryoscopeError(
      'state',
      `${what} at a function's first instruction, where arguments are known; vm.runUntil('name') goes to one`,
    )
  }
  if (another !== undefined) {
    const each = found.map(({ vcpu }) => `vm.args(${vcpu.index})`).join(', ')
    throw new CryoscopeError(
      'usage',
      `several vCPUs stand at a function's first instruction: say which, ${each}`,
    )
  }
  return Object.fromEntries(
    one.typed.map(({ name, type, bytes }) => [
      name,
      type === undefined ? wordOf(bytes) : valueOfBytes(vm.valueContext, type, bytes),
    ]),
  ) as AnyMembers
}

export function bytesOf(word: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(word)
  return Uint8Array.from(bytes)
}

export function wordOf(bytes: Uint8Array): bigint {
  return Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64LE()
}
