import type { Problems } from '../problems.js'
import type { KernelSymbol } from './image/kallsyms.js'
import type { Kernel } from './kernel.js'
import { moduleSymbols } from './modules.js'
import { entries, listNodes } from './walk/list.js'

/** A symbol outside the kernel image. `group` is what /proc/kallsyms prints in brackets: a module's name, or bpf. */
export interface DynamicSymbol extends KernelSymbol {
  readonly end: bigint
  readonly group: string
}

/** Names for addresses in the kernel image, in modules and in JITed BPF programs. */
export class Symbolizer {
  readonly #kernel: Kernel
  readonly #start: bigint
  readonly #end: bigint
  readonly #problems: Problems
  #dynamic: readonly DynamicSymbol[] | undefined
  #sorted: readonly DynamicSymbol[] | undefined

  constructor(kernel: Kernel, problems: Problems) {
    this.#kernel = kernel
    this.#problems = problems
    this.#start = kernel.symbol('_stext')
    this.#end = kernel.symbol('_end')
  }

  /**
   * "name+0x1c", with the module's name behind, of the symbol that covers an address, by default the same; undefined where
   * none does.
   */
  describe(address: bigint, covered = address): string | undefined {
    const symbol = this.find(covered)
    if (symbol === undefined) return undefined
    const offset = address - symbol.address
    const at = offset === 0n ? '' : `+0x${offset.toString(16)}`
    const group = 'group' in symbol ? ` [${symbol.group}]` : ''
    return `${symbol.name}${at}${group}`
  }

  find(address: bigint): KernelSymbol | DynamicSymbol | undefined {
    if (address >= this.#start && address < this.#end) return this.#kernel.symbols.lookupAddress(address)
    // Labels without size would hide the functions that they lie in.
    this.#sorted ??= this.dynamic()
      .filter((symbol) => symbol.end > symbol.address)
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] as DynamicSymbol).address <= address) low = middle + 1
      else high = middle
    }
    const symbol = this.#sorted[low - 1]
    return symbol !== undefined && address < symbol.end ? symbol : undefined
  }

  /** Symbols that /proc/kallsyms lists after those of the image, in its order: modules, then BPF programs. */
  dynamic(): readonly DynamicSymbol[] {
    this.#dynamic ??= [
      ...moduleSymbols(this.#kernel, this.#problems),
      ...bpfSymbols(this.#kernel, this.#problems),
    ]
    return this.#dynamic
  }
}

/** JITed programs and trampolines, in the order of the list bpf_kallsyms (struct bpf_ksym, kernel/bpf/core.c). */
function bpfSymbols(kernel: Kernel, problems: Problems): DynamicSymbol[] {
  const head = kernel.findSymbol('bpf_kallsyms')
  if (head === undefined) return []
  const layout = problems.attempt('bpf_kallsyms', () => kernel.layouts.get('bpf_ksym'))
  if (layout === undefined) return []
  const found: DynamicSymbol[] = []
  const walk = listNodes(kernel, head, problems, 'bpf_kallsyms')
  for (const address of entries(walk, layout.offset('lnode'))) {
    problems.attempt(`bpf_ksym at 0x${address.toString(16)}`, () => {
      const symbol = kernel.struct('bpf_ksym', address)
      found.push({
        address: symbol.integer('start'),
        end: symbol.integer('end'),
        type: 't',
        name: symbol.text('name'),
        group: 'bpf',
      })
    })
  }
  return found
}
