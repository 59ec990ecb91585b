import type { Arena } from '../bpf/arena/arena.js'
import { hexAddress } from './json.js'

/** One arena as the contract has it, with its variables, allocators and the references that lead nowhere. */
export function arenaJson(found: Arena): Record<string, unknown> {
  return {
    ...found.toJSON(),
    values: found.globals ?? null,
    allocators: found.allocators.map(({ name }) => name),
    strays: found.strays.map(({ from, place, why }) => ({
      from,
      pointer: hexAddress(found.window.userAddress(place)),
      why,
    })),
  }
}
