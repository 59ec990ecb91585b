import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import { nameSock } from './objects/sock.js'
import type { EntryReader, RawValue } from './reader.js'
import { slotReader, slotValue } from './slots.js'
import { sockPrograms } from './sock-programs.js'

/** A lookup gives the socket's cookie; a socket that nobody asked for one gets it then, until then it is 0. */
export function cookieValue(kernel: Kernel, sock: bigint, size: number, problems: Problems): RawValue {
  const address = kernel.struct('sock', sock).at('__sk_common.skc_cookie')
  return {
    bytes: kernel.space.bytes(address, 8).slice(0, size),
    address,
    target: nameSock(kernel, sock, problems),
  }
}

/** struct bpf_stab (net/core/sock_map.c): `sks` points at the table. */
export const sockmapReader: EntryReader = slotReader({
  types: ['sockmap'],
  table: (kernel, map) => kernel.struct('bpf_stab', map.address).pointer('sks'),
  value: (kernel, map, { value }, problems) => cookieValue(kernel, value, map.valueSize, problems),
  state: (kernel, map, problems) => sockPrograms(kernel, kernel.struct('bpf_stab', map.address), problems),
})

/** struct reuseport_array (kernel/bpf/reuseport_array.c): the table follows the map. */
export const reuseportReader: EntryReader = slotReader({
  types: ['reuseport_sockarray'],
  table: (kernel, map) => kernel.struct('reuseport_array', map.address).at('ptrs'),
  value: (kernel, map, { value }, problems) => cookieValue(kernel, value, map.valueSize, problems),
})

/** struct xsk_map (net/xdp/xskmap.c): the table follows the map. No lookup. */
export const xskmapReader: EntryReader = slotReader({
  types: ['xskmap'],
  table: (kernel, map) => kernel.struct('xsk_map', map.address).at('xsk_map'),
  value: (kernel, _map, slot, problems) => slotValue(slot, nameSock(kernel, slot.value, problems)),
})
