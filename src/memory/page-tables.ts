import type { Frame, Page } from '../brands.js'
import type { PageTableLevel } from './types.js'

/**
 * How a processor's page tables are read. Levels count from the last one, which is 0. Frames and pages are of 4 KiB,
 * whatever the granule.
 */
export interface PageTableFormat {
  readonly architecture: 'x86_64' | 'aarch64'
  /** Levels of tables. */
  readonly levels: number
  /** Names of the levels, the last one first. */
  readonly names: readonly PageTableLevel[]
  /** A page of the processor is 2^pageShift of ours. */
  readonly pageShift: number
  /** A table has 2^stride entries of 8 bytes. */
  readonly stride: number
  /** Entries of the root, as a power of two. */
  readonly rootStride: number
  /** Bits of a page number below those that only repeat the sign. */
  readonly pageBits: number
  /** Addresses from 0 on are translated by these tables too. */
  readonly hasLowerHalf: boolean
  /** Whether an entry of an upper level maps memory itself. */
  isBlock(low: number, level: number): boolean
  /** Frame in an entry, its lowest for a page of several. */
  frame(low: number, high: number): Frame
}

const names5: readonly PageTableLevel[] = ['pte', 'pmd', 'pud', 'p4d', 'pgd']
const names4: readonly PageTableLevel[] = ['pte', 'pmd', 'pud', 'pgd']
const names3: readonly PageTableLevel[] = ['pte', 'pmd', 'pgd']
const names2: readonly PageTableLevel[] = ['pte', 'pgd']

function namesOf(levels: number): readonly PageTableLevel[] {
  return [names2, names3, names4, names5][levels - 2] ?? names5
}

/** x86-64: 4- or 5-level tables, huge pages of 2 MiB and 1 GiB (Intel SDM vol. 3, 4.5). */
export function x86PageTables(levels: 4 | 5): PageTableFormat {
  return {
    architecture: 'x86_64',
    levels,
    names: namesOf(levels),
    pageShift: 0,
    stride: 9,
    rootStride: 9,
    pageBits: levels * 9 - 1,
    hasLowerHalf: true,
    isBlock: (low, level) => (low & 0x80) !== 0 && level <= 2,
    // Bits 12 to 51.
    frame: (low, high) => ((high & 0xfffff) * 2 ** 20 + (low >>> 12)) as Frame,
  }
}

export type Granule = 4096 | 16_384 | 65_536

/**
 * The kernel's half on arm64 (Arm ARM, D8.2 and D8.3), with granules of 4, 16 and 64 KiB. Addresses of 52 bits come with
 * descriptors that hold 52 bits as well: LPA2 for 4 and 16 KiB, LPA for 64.
 */
export function arm64PageTables(granule: Granule, addressBits: number): PageTableFormat {
  const pageBits = Math.log2(granule)
  const stride = pageBits - 3
  const levels = Math.ceil((addressBits - pageBits) / stride)
  const pageShift = pageBits - 12
  const isWidest = addressBits === 52
  // Blocks are of 2 MiB and 1 GiB, 32 MiB, or 512 MiB; one level higher where addresses have 52 bits.
  const highestBlock = (granule === 4096 ? 2 : 1) + (isWidest ? 1 : 0)
  const isBlock = (low: number, level: number): boolean => (low & 2) === 0 && level <= highestBlock
  const frame =
    granule === 65_536
      ? // Bits 47 to 16, and bits 51 to 48 in 15 to 12.
        (low: number, high: number) =>
          (((low >>> 12) & 0xf) * 2 ** 36 + (high & 0xffff) * 2 ** 20 + (low >>> 16) * 16) as Frame
      : isWidest
        ? // Bits 49 to the page's, and bits 51 and 50 in 9 and 8.
          (low: number, high: number) =>
            (((low >>> 8) & 3) * 2 ** 38 +
              (high & 0x3ffff) * 2 ** 20 +
              ((low >>> pageBits) << pageShift)) as Frame
        : (low: number, high: number) =>
            ((high & 0xffff) * 2 ** 20 + ((low >>> pageBits) << pageShift)) as Frame
  return {
    architecture: 'aarch64',
    levels,
    names: namesOf(levels),
    pageShift,
    stride,
    rootStride: addressBits - pageBits - stride * (levels - 1),
    pageBits: addressBits - 12,
    hasLowerHalf: false,
    isBlock,
    frame,
  }
}

/** Entries of a table in one frame. */
export const frameEntries = 512

/** Whether an address of the page is one: the bits above those that are translated are all alike. */
export function isCanonical(page: Page, { pageBits, hasLowerHalf }: PageTableFormat): boolean {
  const upper = Math.floor(page / 2 ** pageBits)
  return upper === 2 ** (52 - pageBits) - 1 || (hasLowerHalf && upper === 0)
}
