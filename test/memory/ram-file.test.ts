import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { asFileOffset, asPhysical } from '../../src/brands.js'
import { openRamFiles } from '../../src/memory/ram-file.js'
import type { PhysicalMemory } from '../../src/memory/types.js'

const frame = 4096
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-ram-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Two files of two frames each: the second one's first frame lies behind its second one, as after a PCI hole. */
function twoNodes() {
  const paths = ['one', 'two'].map((name) => join(directory, name))
  for (const path of paths) writeFileSync(path, new Uint8Array(2 * frame))
  const [one = '', two = ''] = paths
  const said: string[] = []
  const memory = openRamFiles(
    [
      { path: one, ranges: [{ physical: asPhysical(0), offset: asFileOffset(0), length: 2 * frame }] },
      {
        path: two,
        ranges: [
          { physical: asPhysical(0x100000), offset: asFileOffset(frame), length: frame },
          { physical: asPhysical(0x200000), offset: asFileOffset(0), length: frame },
        ],
      },
    ],
    'two nodes',
    () => said.push('written'),
  )
  const write = (address: number, bytes: readonly number[]): void =>
    memory.write?.(asPhysical(address), Uint8Array.from(bytes))
  /** Places of bytes that are not zero. */
  const held = (path: string) =>
    [...readFileSync(path).entries()].filter(([, byte]) => byte !== 0).map(([at, byte]) => `${at}:${byte}`)
  return { memory, said, write, one: () => held(one), two: () => held(two) }
}

function using(act: (nodes: ReturnType<typeof twoNodes> & { memory: PhysicalMemory }) => void): void {
  const nodes = twoNodes()
  try {
    act(nodes)
  } finally {
    nodes.memory.close()
  }
}

describe('writing to RAM in several files', () => {
  it('changes the bytes of the right file, and nothing beside them', () =>
    using(({ memory, write, one, two, said }) => {
      write(frame + 0x10, [1, 2])
      write(0x100000 + 5, [3])
      write(0x200000 + 6, [4])
      expect(one()).toEqual([`${frame + 0x10}:1`, `${frame + 0x11}:2`])
      expect(two()).toEqual(['6:4', `${frame + 5}:3`])
      expect(said).toHaveLength(3)
      // Seen at once through what is mapped.
      expect([...memory.read(asPhysical(0x100000 + 4), 3).bytes]).toEqual([0, 3, 0])
    }))

  it('takes a whole frame, and nothing that goes beyond one', () =>
    using(({ write, one, two, said }) => {
      write(0, new Array(frame).fill(9))
      expect(one()).toHaveLength(frame)
      expect(() => write(0x100000 + frame - 1, [1, 2])).toThrow(/no RAM for 2 bytes at physical 0x100fff/)
      expect(() => write(2 * frame, [1])).toThrow(/no RAM for 1 bytes at physical 0x2000/)
      expect(two()).toEqual([])
      expect(said).toHaveLength(1)
    }))

  it('reads a line in which the files meet as two places, and what neither holds not at all', () =>
    using(({ memory }) => {
      expect(memory.ranges.map(({ start, length }) => [start, length])).toEqual([
        [0, 2 * frame],
        [0x100000, frame],
        [0x200000, frame],
      ])
      expect(memory.read(asPhysical(0x100000), frame + 1)).toMatchObject({ ok: false })
    }))
})
