import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { idrEntries } from '../../kernel/walk/xarray.js'
import { Problems } from '../../problems.js'
import { usedMapAddresses } from '../programs/used-maps.js'

/** A loaded program, as far as the recovery of pointers needs it. */
export interface LoadedProgram {
  readonly id: number
  readonly name: string
  /** As bpftool names it. */
  readonly type: string
  readonly address: bigint
  readonly aux: bigint
  /** Its struct btf; 0n when it has none. */
  readonly btf: bigint
  /** struct bpf_map of every map it uses. */
  readonly maps: readonly bigint[]
}

/** Every loaded program. Throws 'unreadable' when one cannot be read: it might be the one that matters. */
export function loadedPrograms(kernel: Kernel): LoadedProgram[] {
  const problems = new Problems()
  const found: LoadedProgram[] = []
  for (const { pointer } of idrEntries(kernel, kernel.symbol('prog_idr'), problems, 'prog_idr')) {
    found.push(readLoaded(kernel, pointer, problems))
  }
  const [problem] = problems.sentences
  if (problem !== undefined) throw new CryoscopeError('unreadable', `the list of programs: ${problem}`)
  return found
}

function readLoaded(kernel: Kernel, address: bigint, problems: Problems): LoadedProgram {
  const program = kernel.struct('bpf_prog', address)
  const auxAddress = program.pointer('aux')
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const type = program.number('type')
  return {
    id: aux.number('id'),
    name: aux.text('name'),
    type: kernel.enumText('bpf_prog_type', type, 'BPF_PROG_TYPE_'),
    address,
    aux: auxAddress,
    btf: aux.pointer('btf'),
    maps: usedMapAddresses(kernel, aux, problems),
  }
}
