import { describe, expect, it } from 'vitest'
import { damageFile } from '../../fuzz/damage.js'
import { applied, type Input, inputText, parseInput } from '../../fuzz/input.js'
import { Overlay } from '../../fuzz/overlay.js'
import { Random } from '../../fuzz/random.js'
import { shrink } from '../../fuzz/shrink.js'
import { asPhysical } from '../../src/brands.js'
import { ArrayMemory } from '../support/array-memory.js'

const base = { name: 'zeros', bytes: Buffer.alloc(256), structure: [{ start: 0, end: 32 }] }
const input: Input = {
  base: 1,
  absent: [5, 6],
  patches: [
    { at: 4, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    { at: 100, bytes: Uint8Array.of(0xff) },
  ],
  length: 200,
}

describe('inputs of the fuzzer', () => {
  it('follow from their seed alone, and leave the base as it is', () => {
    const texts = (seed: string) =>
      Array.from({ length: 50 }, (_, i) => inputText(damageFile(new Random(`${seed}/${i}`), [base])))
    expect(texts('a')).toEqual(texts('a'))
    expect(texts('a')).not.toEqual(texts('b'))
    for (let i = 0; i < 50; i++) applied(base.bytes, damageFile(new Random(`a/${i}`), [base]))
    expect(base.bytes.every((byte) => byte === 0)).toBe(true)
  })

  it('are written and read back', () => {
    expect(inputText(input)).toBe('1:c8,-5,-6,4=0102030405060708,64=ff')
    expect(parseInput(inputText(input))).toEqual(input)
    expect(() => parseInput('1,zz')).toThrow(/no damage/)
  })

  it('are shrunk to the bytes that matter', async () => {
    const shows = async ({ patches }: Input): Promise<boolean> => {
      const bytes = applied(base.bytes, { ...input, patches, length: undefined })
      return bytes[7] === 4
    }
    const small = await shrink(input, undefined, shows, { end: Number.POSITIVE_INFINITY })
    expect(inputText(small)).toBe('1,-6,7=04')
  })
})

describe('memory under damage', () => {
  it('has other bytes and fewer frames, and is whole again without', () => {
    const memory = new ArrayMemory(4 * 4096)
    memory.bytes.fill(7)
    const overlay = new Overlay(memory)
    overlay.damage({ absent: [2], patches: [{ at: 4094, bytes: Uint8Array.of(1, 2, 3, 4) }] })
    expect([...overlay.read(asPhysical(4093), 6).bytes]).toEqual([7, 1, 2, 3, 4, 7])
    expect(overlay.ranges).toEqual([
      { start: 0, length: 8192 },
      { start: 12288, length: 4096 },
    ])
    expect(overlay.read(asPhysical(8190), 4)).toMatchObject({ ok: false, problem: { physical: 8192 } })
    overlay.damage({ absent: [], patches: [] })
    expect([...overlay.read(asPhysical(4093), 6).bytes]).toEqual([7, 7, 7, 7, 7, 7])
    expect(memory.bytes.every((byte) => byte === 7)).toBe(true)
  })
})
