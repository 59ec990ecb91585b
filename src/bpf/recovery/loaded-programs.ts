import type { Kernel } from '../../kernel/kernel.js'
import { idrEntries } from '../../kernel/walk/xarray.js'
import type { Problems } from '../../problems.js'
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

/** Every loaded program. One that cannot be read is left out and named in `problems`: it might be the one that matters. */
export function loadedPrograms(kernel: Kernel, problems: Problems): LoadedProgram[] {
  const found: LoadedProgram[] = []
  const list = problems.attempt('prog_idr', () => kernel.symbol('prog_idr'))
  if (list === undefined) return found
  for (const { index, pointer } of idrEntries(kernel, list, problems, 'prog_idr')) {
    const program = problems.attempt(`program ${index}`, () => readLoaded(kernel, pointer, problems))
    if (program !== undefined) found.push(program)
  }
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
