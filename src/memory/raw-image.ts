import { asFileOffset, asPhysical } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { openBytes } from './dump-bytes.js'
import { memoryOf } from './file-memory.js'
import { aroundHole, boardNamed, ramLayout } from './pci-hole.js'
import type { Segment } from './segmented.js'
import type { PhysicalMemory } from './types.js'

const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }
const segmentLimit = 4096

export interface StatedLayout {
  /** They may reach beyond the end of the file. */
  readonly segments: readonly Segment[]
  /** Bytes that the file must have, at the least. */
  readonly size: number
  /** A segment that goes to the end of the file would begin behind it: what it should have is not known. */
  readonly isMore: boolean
}

/**
 * A stated layout: segments `PHYSICAL:OFFSET:LENGTH` with commas or on lines, numbers as 0x… or decimal with K, M, G or T.
 * Without a length the segment goes to the end of the file. `#` begins a comment. Or one word: the board of a machine (q35, pc,
 * virt, flat), with a colon and where the RAM below 4 GiB ends, if that is not as usual: `q35:512M`.
 */
export function parseLayout(text: string, fileSize: number): StatedLayout {
  const words = text
    .replace(/#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '')
  const [first = '', ...others] = words
  const [name = '', low] = first.split(':')
  const board = others.length === 0 ? boardNamed(name) : undefined
  if (board !== undefined) {
    const segments = low === undefined ? ramLayout(board, fileSize) : aroundHole(fileSize, number(low, first))
    return { segments, size: fileSize, isMore: false }
  }
  if (words.length === 0 || words.length > segmentLimit) throw badLayout(`it has ${words.length} segments`)
  let size = 0
  let isMore = false
  const segments = words.flatMap((word): Segment[] => {
    const parts = word.split(':')
    const [physical, offset, length = ''] = parts
    if (physical === undefined || offset === undefined || parts.length > 3) throw badLayout(`"${word}"`)
    const from = asFileOffset(number(offset, word))
    const start = asPhysical(number(physical, word))
    if (length === '') {
      isMore ||= from >= fileSize
      size = Math.max(size, from)
      return from < fileSize ? [{ physical: start, offset: from, length: fileSize - from }] : []
    }
    const segment = { physical: start, offset: from, length: number(length, word) }
    if (segment.length === 0) throw badLayout(`"${word}" is of no length`)
    size = Math.max(size, from + segment.length)
    return [segment]
  })
  return { segments, size, isMore }
}

function number(text: string, word: string): number {
  const [, digits, unit] = /^(0x[0-9a-f]+|[0-9]+)([KMGT]?)$/i.exec(text) ?? []
  const value = Number(digits) * (units[(unit ?? '').toUpperCase()] ?? Number.NaN)
  if (!(value >= 0 && value <= 2 ** 52)) throw badLayout(`"${word}"`)
  return value
}

function badLayout(what: string): CryoscopeError {
  return new CryoscopeError(
    'usage',
    `a layout is PHYSICAL:OFFSET:LENGTH, …, as 0:0:2G,4G:2G:2G, with frames of 4096 bytes, or q35, pc, virt, flat or q35:512M; this one is not: ${what}`,
  )
}

/** RAM that lies in a file as it is, by a layout. */
export function openRawImage(path: string, layout: (fileSize: number) => readonly Segment[]): PhysicalMemory {
  const file = openBytes(path)
  try {
    return memoryOf(`raw image ${path}`, file, layout(file.size))
  } catch (error) {
    file.close()
    throw error
  }
}
