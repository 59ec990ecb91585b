import { asPhysical, type Frame, frameAt, type Page, type Physical } from '../brands.js'
import { frameEntries, isCanonical, type PageTableFormat } from './page-tables.js'
import type { MemoryWindow, PageTableLevel, PhysicalMemory, Problem } from './types.js'

/** Page tables and where they lie. */
export interface Tables {
  readonly memory: PhysicalMemory
  readonly root: Physical
  readonly format: PageTableFormat
}

/** Pages in order, and the first table that memory does not hold: what is below it is not among them. */
export interface PresentPages {
  readonly pages: Page[]
  readonly problem: Problem | undefined
}

interface Sweep {
  readonly first: Page
  readonly end: Page
  readonly pages: Page[]
  problem: Problem | undefined
}

/** What `AddressSpace.presentPages` gives. */
export function presentPages(tables: Tables, first: Page, count: number): PresentPages {
  const { root, format } = tables
  const span = 2 ** (format.rootStride + format.stride * (format.levels - 1) + format.pageShift)
  const start = (first - (first % span)) as Page
  const end = Math.min(first + count, start + span) as Page
  const sweep: Sweep = { first, end, pages: [], problem: undefined }
  if (!isCanonical(first, format)) {
    return { pages: [], problem: { kind: 'non-canonical', address: BigInt(first) << 12n } }
  }
  sweepTable(tables, sweep, frameAt(root), format.levels - 1, start)
  return { pages: sweep.pages, problem: sweep.problem }
}

/** One table; `start` is the page number that its first entry stands for. */
function sweepTable(tables: Tables, sweep: Sweep, table: Frame, level: number, start: Page): void {
  const { format, memory } = tables
  const entries = 2 ** (level === format.levels - 1 ? format.rootStride : format.stride)
  const span = 2 ** (format.stride * level + format.pageShift)
  const from = Math.max(0, Math.floor((sweep.first - start) / span))
  const to = Math.min(entries, Math.ceil((sweep.end - start) / span))
  let window: MemoryWindow | undefined
  let base = 0
  for (let index = from; index < to; index++) {
    if (index === from || index % frameEntries === 0) {
      const position = memory.locate((table + Math.floor(index / frameEntries)) as Frame)
      window = position < 0 ? undefined : memory.windows[Math.floor(position / 2 ** 32)]
      base = position >>> 0
    }
    const page = (start + index * span) as Page
    if (window === undefined) {
      sweep.problem ??= {
        kind: 'absent',
        address: BigInt(page) << 12n,
        physical: asPhysical(table * 4096 + index * 8),
        table: format.names[level] as PageTableLevel,
      }
      index += frameEntries - 1 - (index % frameEntries)
      continue
    }
    const at = base + (index % frameEntries) * 8
    const low = window.view.getUint32(at, true)
    if ((low & 1) === 0) continue
    if (level === 0 || format.isBlock(low, level)) {
      const last = Math.min(sweep.end, page + span)
      for (let each = Math.max(sweep.first, page); each < last; each++) sweep.pages.push(each as Page)
    } else {
      sweepTable(tables, sweep, format.frame(low, window.view.getUint32(at + 4, true)), level - 1, page)
    }
  }
}
