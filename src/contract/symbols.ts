import type { KernelSymbol } from '../kernel/image/kallsyms.js'
import { type Address, hexAddress } from './json.js'
import { jsonOf } from './shape.js'

export const kernelSymbolJson = jsonOf<KernelSymbol>()({ address: 'address' })

/** A symbol that was asked for by name or by an address in it. */
export interface SymbolJson {
  readonly name: string
  readonly address: Address
  /** nm's letter. */
  readonly type: string
  /** The module, or the BPF programs' group, that it belongs to. */
  readonly group: string | null
  /** Bytes from the symbol to what was asked for. */
  readonly offset: number
}

export function symbolJson(found: KernelSymbol, asked: bigint): SymbolJson {
  const group = 'group' in found && typeof found.group === 'string' ? found.group : null
  const { name, address, type } = found
  return { name, address: hexAddress(address), type, group, offset: Number(asked - address) }
}
