import { quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'

/** `call rel32` of x86-64: its opcode, and its length. */
const callOpcode = 0xe8
const callLength = 5
/** How far above the stack pointer a return address is looked for: struct pt_regs and what a function keeps beside it. */
const reach = 1024

/** Where the direct call leads that ends at an address of x86-64 code; undefined where none does. */
function callBefore(kernel: Kernel, address: bigint): bigint | undefined {
  const bytes = quietly(() => kernel.space.bytes(address - BigInt(callLength), callLength))
  if (bytes === undefined || bytes[0] !== callOpcode) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return BigInt.asUintN(64, address + BigInt(view.getInt32(1, true)))
}

/** Whether an address can be one that a function returns to: one that starts a function is, if a call ends there. */
export function isReturnAddress(kernel: Kernel, address: bigint): boolean {
  const symbol = kernel.symbolAt(address)
  if (symbol === undefined) return false
  return symbol.address !== address || callBefore(kernel, address) !== undefined
}

/**
 * Where on the stack the return address of a function lies of which the kernel keeps no unwind entries
 * (STACK_FRAME_NON_STANDARD, as __crash_kexec, which keeps the registers of a kernel that panics): the first word whose
 * call leads to the start of that function. Undefined where there is none, or its code is not in memory.
 */
export function placeOfCaller(kernel: Kernel, ip: bigint, sp: bigint): bigint | undefined {
  const own = kernel.symbolAt(ip)
  if (own === undefined || sp % 8n !== 0n) return undefined
  const { bytes } = kernel.space.read(sp, reach)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    if (callBefore(kernel, view.getBigUint64(at, true)) === own.address) return sp + BigInt(at)
  return undefined
}
