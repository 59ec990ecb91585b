import type { Btf } from '../../btf/btf.js'
import type { Kernel } from '../../kernel/kernel.js'
import { idrEntries } from '../../kernel/walk/xarray.js'
import type { Problems } from '../../problems.js'
import { usedMapAddresses } from '../programs/used-maps.js'
import { mapOffset } from './window.js'

/** A program that uses an arena, as far as reading the arena needs it. */
export interface ArenaUser {
  readonly id: number
  readonly name: string
  readonly address: bigint
  /** Of the arena's struct bpf_map. */
  readonly arenaMap: bigint
  readonly btfId: number
  readonly types: Btf | undefined
  /** struct bpf_map of every map it uses. */
  readonly maps: readonly bigint[]
}

/** Every program with an arena, from bpf_prog_aux.arena (include/linux/bpf.h). */
export function arenaUsers(kernel: Kernel, problems: Problems): ArenaUser[] {
  const users: ArenaUser[] = []
  // Since 6.9, the first with arenas.
  if (!kernel.layouts.get('bpf_prog_aux').has('arena')) return users
  for (const { index, pointer } of idrEntries(kernel, kernel.symbol('prog_idr'), problems, 'prog_idr')) {
    const user = problems.attempt(`program ${index}`, () => readUser(kernel, pointer, problems))
    if (user !== undefined) users.push(user)
  }
  return users
}

function readUser(kernel: Kernel, address: bigint, problems: Problems): ArenaUser | undefined {
  const aux = kernel.struct('bpf_prog_aux', kernel.struct('bpf_prog', address).pointer('aux'))
  const arena = aux.pointer('arena')
  if (arena === 0n) return undefined
  const btfAt = aux.pointer('btf')
  return {
    id: aux.number('id'),
    name: aux.text('name'),
    address,
    arenaMap: arena + BigInt(mapOffset(kernel)),
    btfId: btfAt === 0n ? 0 : kernel.btfObjects.object(btfAt).id,
    types: btfAt === 0n ? undefined : kernel.btfObjects.types(btfAt),
    maps: usedMapAddresses(kernel, aux, problems),
  }
}
