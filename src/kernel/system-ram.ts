import { CryoscopeError } from '../errors.js'
import type { PhysicalMemory, PhysicalRange } from '../memory/types.js'
import type { Kernel } from './kernel.js'

/** What /proc/iomem calls memory that firmware told of, or that was plugged in; what drivers added is called otherwise. */
const systemRam = 'System RAM'
/** Where capture kernels are loaded: /proc/vmcore leaves it out. */
const crashKernel = 'Crash kernel'
/** The low memory of a PC, parts of which no dump has and kexec keeps for itself. */
const lowEnd = 2 ** 20
const frameSize = 4096
/** Far more than any machine has. */
const resourceLimit = 2 ** 16

interface Span {
  readonly start: number
  readonly end: number
}

/** RAM of the kernel that a memory does not hold, in whole frames. */
export interface MissingRam {
  readonly total: number
  readonly missing: number
  /** Where the first that is missing begins. */
  readonly first: number
}

/**
 * The memory that the kernel uses as RAM, by its tree of resources (iomem_resource, kernel/resource.c), held against the
 * memory that it was found in. Undefined where nothing is missing, or where the kernel does not say. Throws what reading does.
 */
export function missingRam(kernel: Kernel, memory: PhysicalMemory): MissingRam | undefined {
  const { ram, left } = spansOf(kernel)
  const wanted = without(ram, left)
  const missing = without(wanted, joined(memory.ranges))
  const [first] = missing
  if (first === undefined) return undefined
  return { total: lengthOf(wanted), missing: lengthOf(missing), first: first.start }
}

/** max_pfn (mm/memblock.c), which stays where it was when memory is unplugged: whether the tree can be read comes first. */
export function endOfRam(kernel: Kernel): number {
  return Number(kernel.space.u64(kernel.symbol('max_pfn'))) * Number(kernel.info.get('PAGESIZE') ?? frameSize)
}

function spansOf(kernel: Kernel): { readonly ram: readonly Span[]; readonly left: readonly Span[] } {
  const root = kernel.findSymbol('iomem_resource')
  if (root === undefined || kernel.layouts.find('resource')?.has('child') !== true)
    return { ram: [], left: [] }
  const ram: Span[] = []
  const left: Span[] = [{ start: 0, end: lowEnd }]
  const seen = new Set<bigint>()
  const open = [kernel.struct('resource', root).pointer('child')]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === 0n) continue
    if (seen.has(at) || seen.size === resourceLimit)
      throw new CryoscopeError('unreadable', 'the tree of resources leads back to itself')
    seen.add(at)
    const resource = kernel.struct('resource', at)
    const pointer = resource.pointer('name')
    const name = pointer === 0n ? '' : kernel.space.text(pointer, 32)
    const span = { start: resource.number('start'), end: resource.number('end') + 1 }
    if (name === systemRam) ram.push(inFrames(span))
    if (name === crashKernel) left.push(span)
    open.push(resource.pointer('sibling'), resource.pointer('child'))
  }
  return { ram: sorted(ram), left: sorted(left) }
}

function inFrames({ start, end }: Span): Span {
  return { start: Math.ceil(start / frameSize) * frameSize, end: Math.floor(end / frameSize) * frameSize }
}

function joined(ranges: readonly PhysicalRange[]): readonly Span[] {
  return sorted(ranges.map(({ start, length }) => ({ start, end: start + length })))
}

/** In order, and none that touches or overlaps another. */
function sorted(spans: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    const last = found.at(-1)
    if (start >= end) continue
    if (last !== undefined && start <= last.end)
      found[found.length - 1] = { start: last.start, end: Math.max(last.end, end) }
    else found.push({ start, end })
  }
  return found
}

function without(spans: readonly Span[], others: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  let next = 0
  for (const { start, end } of spans) {
    let from = start
    while (next > 0 && (others[next - 1] as Span).end > start) next--
    for (; next < others.length && (others[next] as Span).start < end; next++) {
      const other = others[next] as Span
      if (other.start > from) found.push({ start: from, end: other.start })
      from = Math.max(from, other.end)
    }
    if (from < end) found.push({ start: from, end })
  }
  return found
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start, 0)
}
