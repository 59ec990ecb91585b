import { describe, expect, it } from 'vitest'
import { asFileOffset, asFrame, asPhysical } from '../../../src/brands.js'
import { type FrameAt, hole } from '../../../src/memory/frame-reader.js'
import { coreFrames, memoryFile } from '../../../src/ui/files/memory-file.js'
import { ArrayMemory } from '../../support/array-memory.js'

const page = 4096

function filled(pages: number): ArrayMemory {
  const memory = new ArrayMemory(pages * page)
  for (let i = 0; i < pages; i++) memory.bytes.fill(i + 1, i * page, (i + 1) * page)
  return memory
}

function fileOf(memory: ArrayMemory, size: number, frameAt: FrameAt, head = new Uint8Array()) {
  return memoryFile(memory, {
    about: '',
    isOfOneStop: false,
    size: () => size,
    head: () => head,
    frameAt: () => frameAt,
    reason: (at) => `page ${at} is missing`,
  }).open()
}

describe('a file of memory', () => {
  it('is read at any place, across pages', () => {
    const file = fileOf(filled(4), 4 * page, asFrame)
    const target = new Uint8Array(page + 20)
    expect(file.read(target, page - 10)).toBe(page + 20)
    expect([target[9], target[10], target[page + 9], target[page + 10]]).toEqual([1, 2, 2, 3])
  })

  it('ends at its size', () => {
    const file = fileOf(filled(4), page + 5, asFrame)
    expect(file.read(new Uint8Array(100), page)).toBe(5)
    expect(file.read(new Uint8Array(100), page + 5)).toBe(0)
    expect(file.read(new Uint8Array(100), 10 * page)).toBe(0)
  })

  it('reads holes as zeros', () => {
    const file = fileOf(filled(2), 3 * page, (at) => (at === 1 ? hole : asFrame(0)))
    const target = new Uint8Array(3 * page).fill(9)
    expect(file.read(target, 0)).toBe(3 * page)
    expect([target[0], target[page], target[2 * page]]).toEqual([1, 0, 1])
  })

  it('gives what comes before a missing page, then fails there and says why', () => {
    const file = fileOf(filled(1), 3 * page, asFrame)
    expect(file.read(new Uint8Array(2 * page), 100)).toBe(page - 100)
    expect(() => file.read(new Uint8Array(10), page)).toThrow('page 1 is missing')
    expect(() => file.read(new Uint8Array(10), 2 * page + 7)).toThrow('page 2 is missing')
  })

  it('starts with its head', () => {
    const head = new Uint8Array(page).fill(0x7f)
    const layout = {
      head,
      segments: [{ physical: asPhysical(page), length: page, offset: asFileOffset(page) }],
      size: 2 * page,
    }
    const file = fileOf(filled(2), layout.size, coreFrames(layout), head)
    const target = new Uint8Array(2 * page)
    expect(file.read(target, 0)).toBe(2 * page)
    expect([target[page - 1], target[page]]).toEqual([0x7f, 2])
  })
})
