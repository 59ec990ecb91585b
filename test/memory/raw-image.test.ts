import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { boardOf, ramLayout } from '../../src/memory/pci-hole.js'
import { parseLayout } from '../../src/memory/raw-image.js'

const GiB = 2 ** 30

describe('parseLayout', () => {
  it('reads segments with units, hexadecimal numbers, comments and an open end', () => {
    expect(parseLayout('0:0x0:2G, 4G:2G:\n# high memory above\n0x180000000:4096K:1', 4 * GiB)).toEqual({
      segments: [
        { physical: 0, offset: 0, length: 2 * GiB },
        { physical: 4 * GiB, offset: 2 * GiB, length: 2 * GiB },
        { physical: 6 * GiB, offset: 4 * 2 ** 20, length: 1 },
      ],
      size: 2 * GiB,
      isMore: false,
    })
  })

  it('tells how long a file must be that is laid out so', () => {
    const known = (text: string) => {
      const { size, isMore } = parseLayout(text, 4 * GiB)
      return [size / GiB, isMore]
    }
    expect(known('0:0:5G')).toEqual([5, false])
    expect(known('0:0:4G, 8G:1G:1G')).toEqual([4, false])
    expect(known('0:4G:')).toEqual([4, true])
    expect(known('0:0:5G, 8G:7G:')).toEqual([7, true])
    expect(parseLayout('0:0:5G, 8G:7G:', 4 * GiB).segments).toEqual([
      { physical: 0, offset: 0, length: 5 * GiB },
    ])
    expect(known('q35:1G')).toEqual([4, false])
  })

  it.each(['', '#', '0', '0:0:1:1', '0:x:1', '-1:0:1', '0:0:0', '9999999T:0:1'])('refuses "%s"', (text) => {
    expect(() => parseLayout(text, 4 * GiB)).toThrow(CryoscopeError)
  })

  it('reads or refuses any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789abcxKMGT:, \n#'), maxLength: 40 }),
        (text) => {
          try {
            const { segments, size } = parseLayout(text, 1000)
            for (const { offset, length } of segments) {
              expect(length).toBeGreaterThan(0)
              expect(offset + length).toBeLessThanOrEqual(Math.max(1000, size))
            }
          } catch (error) {
            expect(error).toBeInstanceOf(CryoscopeError)
          }
        },
      ),
    )
  })
})

describe('ramLayout', () => {
  // Measured on QEMU 7.2 by its memory tree.
  it.each([
    ['pc', 3583, [[0, 3583]]],
    [
      'pc',
      3584,
      [
        [0, 3072],
        [4096, 512],
      ],
    ],
    ['q35', 2815, [[0, 2815]]],
    [
      'q35',
      2816,
      [
        [0, 2048],
        [4096, 768],
      ],
    ],
    [
      'q35',
      4096,
      [
        [0, 2048],
        [4096, 2048],
      ],
    ],
    ['flat', 8192, [[0, 8192]]],
    ['virt', 512, [[1024, 512]]],
  ] as const)('%s with %i MiB', (board, size, expected) => {
    const MiB = 2 ** 20
    const layout = ramLayout(board, size * MiB)
    expect(layout.map(({ physical, length }) => [physical / MiB, length / MiB])).toEqual(expected)
    expect(layout.reduce((sum, { length }) => sum + length, 0)).toBe(size * MiB)
    expect(layout.at(-1)?.offset).toBe(size * MiB - (layout.at(-1)?.length ?? 0))
  })

  it('knows boards by the names of QEMU', () => {
    expect(['pc-q35-7.2', 'pc-i440fx-7.2', 'virt-7.2', 'microvm', 's390'].map(boardOf)).toEqual([
      'q35',
      'pc',
      'virt',
      'pc',
      undefined,
    ])
  })
})
