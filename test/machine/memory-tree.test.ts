import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMemoryTree } from '../../src/machine/memory-tree.js'

const sample = (name: string) => readFileSync(new URL(`samples/${name}`, import.meta.url), 'utf8')
const gibibyte = 2 ** 30

describe('parseMemoryTree', () => {
  it('joins the ram and rom views of a small q35 guest, whose first view is not "memory"', () => {
    const text = sample('mtree-q35-512M.txt')
    expect(text.indexOf('AS "cpu-smm-1"')).toBeLessThan(text.indexOf('AS "memory"'))
    expect(parseMemoryTree(text).get('ram')).toEqual([{ physical: 0, offset: 0, length: gibibyte / 2 }])
  })

  it('finds RAM on both sides of the PCI hole', () => {
    expect(parseMemoryTree(sample('mtree-pc-4G.txt')).get('ram')).toEqual([
      { physical: 0, offset: 0, length: 3 * gibibyte },
      { physical: 4 * gibibyte, offset: 3 * gibibyte, length: gibibyte },
    ])
  })

  it('tells backends apart', () => {
    const backends = parseMemoryTree(sample('mtree-pc-4G.txt'))
    expect([...backends.keys()]).toEqual(['ram', 'pc.bios'])
    expect(backends.get('pc.bios')).toEqual([{ physical: 0xfffc0000, offset: 0, length: 0x40000 }])
  })

  it('reads lines of a guest under KVM', () => {
    const text =
      'FlatView #0\n AS "memory", root: system\n  0000000000000000-00000000000fffff (prio 0, ram): my ram KVM\n'
    expect(parseMemoryTree(text).get('my ram')).toEqual([{ physical: 0, offset: 0, length: 0x100000 }])
  })

  it('passes over what makes no sense', () => {
    const lines = [
      'ffffffffffffffff-ffffffffffffffff (prio 0, ram): ram',
      '0000000000002000-0000000000001000 (prio 0, ram): ram',
      'zz-00 (prio 0, ram): ram',
    ]
    expect(parseMemoryTree(`FlatView #0\n AS "memory", root: system\n  ${lines.join('\n  ')}`).size).toBe(0)
    expect(parseMemoryTree('').size).toBe(0)
  })

  it('never gives an unusable range, whatever the text', () => {
    const text = sample('mtree-pc-4G.txt')
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(40), fc.string(), (at, cut, put) => {
        for (const ranges of parseMemoryTree(text.slice(0, at) + put + text.slice(at + cut)).values()) {
          for (const { physical, offset, length } of ranges) {
            expect(length).toBeGreaterThan(0)
            expect(Number.isSafeInteger(physical + length) && Number.isSafeInteger(offset + length)).toBe(
              true,
            )
          }
        }
      }),
    )
  })
})
