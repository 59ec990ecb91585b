import type { Kernel } from '../../../kernel/kernel.js'

/** An instruction of a JITed program: where an indirect jump may lead. */
export interface InstructionName {
  readonly kind: 'instruction'
  readonly address: bigint
  /** "bpf_prog_…_name+0x1c [bpf]". */
  readonly symbol: string | undefined
}

export function nameInstruction(kernel: Kernel, address: bigint): InstructionName {
  return { kind: 'instruction', address, symbol: kernel.symbolize(address) }
}
