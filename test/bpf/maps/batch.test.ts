import { describe, expect, it } from 'vitest'
import { BatchWriter } from '../../../src/bpf/maps/batch.js'
import { asPage } from '../../../src/brands.js'
import type { MemoryWindow } from '../../../src/memory/types.js'
import { windowOver } from '../../../src/memory/window.js'
import { GuestBuilder } from '../../support/guest-builder.js'
import { bytesOf } from '../opened.js'

const window = windowOver(bytesOf(3, 3 * 4096).buffer as ArrayBuffer)
const traced: MemoryWindow = { bytes: window.bytes, view: window.view }

describe.each([0, 1, 2, 4, 4098, 8191])('a batch filled from a page at byte %i of a window', (base) => {
  it.each([
    [4, 48, 48, 56],
    [4, 48, 50, 58],
    [4, 8, 1, 8],
    [0, 128, 8, 16],
    [128, 4, 8, 136],
    [3, 4, 8, 16],
    [4, 7, 8, 16],
    [132, 4, 8, 144],
    [4, 300, 8, 16],
    [4, 0, 8, 16],
  ])('holds keys of %i and values of %i bytes from %i and %i', (keySize, valueSize, keyAt, valueAt) => {
    for (const from of [window, traced]) {
      const batch = new BatchWriter(new GuestBuilder().space(), keySize, valueSize, 1, 3)
      for (const shift of [0, 8, 512]) batch.inPage(from, base, asPage(77), keyAt + shift, valueAt + shift)
      const pieces = (at: number, size: number) =>
        [0, 8, 512].flatMap((shift) => [
          ...window.bytes.subarray(base + at + shift, base + at + shift + size),
        ])
      expect([...batch.keys]).toEqual(pieces(keyAt, keySize))
      expect([...batch.values]).toEqual(pieces(valueAt, valueSize))
      expect([...batch.pages]).toEqual([77, 77, 77])
      expect([...batch.offsets]).toEqual([valueAt, valueAt + 8, valueAt + 512])
      expect(batch.full).toBe(true)
    }
  })
})
