import type { Grounds } from './damage-memory.js'
import type { World } from './worlds.js'

/** Bytes around what is not zero that belong to the same object. */
const near = 24

/** The words of a world: its objects, or the tables by which the kernel is known (kallsyms, BTF, the note). */
export function groundsOf({ guest }: World, part: 'objects' | 'tables'): Grounds {
  const { view, bytes } = guest.memory
  const tables = tablesOf(guest.symbols, (address) => guest.physicalOf(address))
  const virtual = new Map<number, bigint>()
  for (const [address, physical] of guest.pages) virtual.set(physical, address)
  const words: number[] = []
  const pointers: bigint[] = []
  let last = Number.NEGATIVE_INFINITY
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const isTable = at >= tables.start && at < tables.end
    if (isTable !== (part === 'tables')) continue
    const isZero = view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0
    if (!isZero) {
      last = at
      const value = view.getBigUint64(at, true)
      if (part === 'objects' && value > 0xffff_8000_0000_0000n && value < 0xffff_ffff_ffff_f000n)
        pointers.push(value)
    }
    if (at - last <= near) words.push(at)
  }
  return {
    words: Float64Array.from(words),
    pointers,
    virtualOf: (physical) => (virtual.get(physical - (physical % 4096)) ?? 0n) + BigInt(physical % 4096),
    wordAt: (physical) => view.getBigUint64(physical, true),
  }
}

/** From the start of BTF to the end of the symbol tables, which follow it. */
function tablesOf(
  symbols: readonly { readonly name: string; readonly address: bigint }[],
  physicalOf: (address: bigint) => number,
): { start: number; end: number } {
  const find = (name: string): bigint => symbols.find((symbol) => symbol.name === name)?.address ?? 0n
  return { start: physicalOf(find('__start_BTF')), end: physicalOf(find('_stext') & ~0x1fffffn) + 2 ** 21 }
}
