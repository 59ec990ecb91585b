import type { Kernel } from '../../../kernel/kernel.js'
import type { Problems } from '../../../problems.js'
import { readProgramHead } from '../../program.js'
import { named, type Unnamed } from './named-object.js'

export interface ProgramName {
  readonly kind: 'program'
  readonly address: bigint
  readonly id: number
  readonly name: string
  readonly type: string
}

/** A struct bpf_prog; `vm.prog(id)` shows it. */
export function nameProgram(kernel: Kernel, address: bigint, problems: Problems): ProgramName | Unnamed {
  return named('program', address, () => {
    const { id, name, type } = readProgramHead(kernel, address, problems)
    return { kind: 'program', address, id, name, type }
  })
}
