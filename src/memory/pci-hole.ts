import { asFileOffset, asPhysical } from '../brands.js'
import type { Segment } from './segmented.js'

const gibibyte = 2 ** 30

/** How a machine lays out one piece of RAM. */
export const boards = ['flat', 'q35', 'pc', 'virt'] as const
export type Board = (typeof boards)[number]

/**
 * Where RAM of so many bytes lies. q35 and pc leave a hole for devices below 4 GiB once there is that much RAM (QEMU
 * hw/i386/pc_q35.c and pc_piix.c); arm64's virt begins at 1 GiB (hw/arm/virt.c).
 */
export function ramLayout(board: Board, size: number, offset = asFileOffset(0)): Segment[] {
  if (board === 'virt') return [{ physical: asPhysical(gibibyte), offset, length: size }]
  const [from, low] = board === 'q35' ? [2.75 * gibibyte, 2 * gibibyte] : [3.5 * gibibyte, 3 * gibibyte]
  return aroundHole(size, board === 'flat' || size < from ? size : low, offset)
}

/** RAM of which the first `low` bytes are below the hole, and the others from 4 GiB on (QEMU's max-ram-below-4g). */
export function aroundHole(size: number, low: number, offset = asFileOffset(0)): Segment[] {
  if (low >= size) return [{ physical: asPhysical(0), offset, length: size }]
  return [
    { physical: asPhysical(0), offset, length: low },
    { physical: asPhysical(4 * gibibyte), offset: asFileOffset(offset + low), length: size - low },
  ]
}

/** "q35", "pc", "virt" or "flat", as words of a person. */
export function boardNamed(word: string): Board | undefined {
  return boards.find((board) => board === word)
}

/** The board of a QEMU machine type: "pc-q35-7.2". Undefined for one that is not known. */
export function boardOf(machine: string): Board | undefined {
  if (machine.includes('q35')) return 'q35'
  if (machine.startsWith('virt')) return 'virt'
  return machine.startsWith('pc') || machine.startsWith('microvm') ? 'pc' : undefined
}
