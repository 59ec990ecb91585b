import { describe, expect, it } from 'vitest'
import {
  asBlock,
  asFileOffset,
  asFrame,
  asPage,
  asPhysical,
  asPosition,
  frameAt,
  frameStart,
} from '../src/brands.js'
import { AddressSpace } from '../src/memory/address-space.js'
import type { FrameSource } from '../src/memory/frame-cache.js'
import { fileOffset, windowPosition } from '../src/memory/mapping.js'
import { x86PageTables } from '../src/memory/page-tables.js'
import type { Segment } from '../src/memory/segmented.js'
import type { PhysicalMemory } from '../src/memory/types.js'
import { ArrayMemory } from './support/array-memory.js'

const memory: PhysicalMemory = new ArrayMemory(8192)

describe('numbers of different units', () => {
  it('are the plain numbers that they were', () => {
    for (const say of [asPage, asFrame, asBlock, asPhysical, asFileOffset, asPosition])
      expect(say(2 ** 51 + 1)).toBe(2 ** 51 + 1)
    expect(frameAt(asPhysical(2 ** 51 + 4095))).toBe(2 ** 39)
    expect(frameStart(asFrame(2 ** 39))).toBe(2 ** 51)
  })

  // The compiler is the test: it calls each of these comments unused as soon as the swap under it compiles.
  it('do not stand for each other', () => {
    const space = new AddressSpace(memory, asPhysical(0), x86PageTables(4))
    const [page, frame, physical, offset] = [asPage(1), asFrame(1), asPhysical(4096), asFileOffset(4096)]
    const source = { place: (block) => block } as Pick<FrameSource, 'place'>
    const refused = [
      // @ts-expect-error A frame is no page.
      () => space.locate(frame),
      // @ts-expect-error A page is no frame.
      () => memory.locate(page),
      // @ts-expect-error An address is no frame.
      () => memory.locate(physical),
      // @ts-expect-error A frame is no address.
      () => memory.read(frame, 1),
      // @ts-expect-error An offset in a file is no address.
      () => new AddressSpace(memory, offset, x86PageTables(4)),
      // @ts-expect-error A frame is no block: blocks of a source may be larger.
      () => source.place(frame),
      // @ts-expect-error An address is no offset in a file.
      () => windowPosition(physical),
      // @ts-expect-error An offset in a file is no position.
      () => fileOffset(offset),
      // @ts-expect-error A position is no frame.
      () => frameStart(asPosition(0)),
      // @ts-expect-error What is reckoned says its unit anew.
      () => space.locate(page + 1),
      // @ts-expect-error The two of a segment are not swapped.
      (): Segment => ({ physical: offset, offset, length: 1 }),
      // @ts-expect-error The two of a segment are not swapped.
      (): Segment => ({ physical, offset: physical, length: 1 }),
    ]
    expect(refused).toHaveLength(12)
    expect(new AddressSpace(memory, physical, x86PageTables(4)).root).toBe(4096)
  })
})
