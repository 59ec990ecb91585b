import { describe, expect, it } from 'vitest'
import { asFileOffset } from '../../src/brands.js'
import { aroundHole, boardNamed, boardOf, ramLayout } from '../../src/memory/pci-hole.js'

const GiB = 2 ** 30
const whole = (physical: number, length: number, offset = 0) => [{ physical, offset, length }]
const split = (low: number, size: number, offset = 0) => [
  { physical: 0, offset, length: low },
  { physical: 4 * GiB, offset: offset + low, length: size - low },
]

describe('RAM of a machine', () => {
  it.each([
    ['q35', 2.75 * GiB - 4096, whole(0, 2.75 * GiB - 4096)],
    ['q35', 2.75 * GiB, split(2 * GiB, 2.75 * GiB)],
    ['q35', 6 * GiB, split(2 * GiB, 6 * GiB)],
    ['pc', 3.5 * GiB - 4096, whole(0, 3.5 * GiB - 4096)],
    ['pc', 3.5 * GiB, split(3 * GiB, 3.5 * GiB)],
    ['flat', 16 * GiB, whole(0, 16 * GiB)],
    ['virt', GiB / 2, whole(GiB, GiB / 2)],
    ['virt', 8 * GiB, whole(GiB, 8 * GiB)],
  ] as const)('lies on %s, %i bytes of it, as QEMU lays it', (board, size, layout) => {
    expect(ramLayout(board, size)).toEqual(layout)
  })

  it('may begin anywhere in its file', () => {
    const offset = asFileOffset(4096)
    expect(ramLayout('q35', 4 * GiB, offset)).toEqual(split(2 * GiB, 4 * GiB, 4096))
    expect(ramLayout('virt', GiB, offset)).toEqual(whole(GiB, GiB, 4096))
    expect(aroundHole(GiB, GiB, offset)).toEqual(whole(0, GiB, 4096))
    expect(aroundHole(GiB, GiB - 1)).toEqual(split(GiB - 1, GiB))
    expect(aroundHole(GiB, 2 * GiB)).toEqual(whole(0, GiB))
  })
})

it.each([
  ['pc-q35-7.2', 'q35'],
  ['q35', 'q35'],
  ['pc-i440fx-7.2', 'pc'],
  ['microvm', 'pc'],
  ['virt-7.2', 'virt'],
  ['s390-ccw-virtio', undefined],
  ['', undefined],
])('the machine type %s has the layout %s', (machine, board) => {
  expect(boardOf(machine)).toBe(board)
})

it('layouts are named by the words that a person gives', () => {
  expect(['q35', 'pc', 'virt', 'flat', 'Q35', ''].map(boardNamed)).toEqual([
    'q35',
    'pc',
    'virt',
    'flat',
    undefined,
    undefined,
  ])
})
