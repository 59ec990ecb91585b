import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, addWords, memberOf, readWhole } from '../../support/map-objects.js'
import { u32 } from '../opened.js'

/** A jump table of so many elements, of which element n is about instruction n; on pages of its own. */
function table(count: number, { pages = Math.ceil(count / 200) + 1, claims = count, used = 0 } = {}) {
  const guest = new KernelGuest()
  const { objects } = guest
  const size = objects.sizeOf('bpf_insn_array_value')
  guest.alloc(0, 4096)
  const struct = objects.sizeOf('bpf_insn_array')
  const map = addMap(guest, 'insn_array', 'bpf_insn_array', {
    valueSize: size,
    maxEntries: claims,
    members: {
      used,
      ips: addWords(
        guest,
        Array.from({ length: count }, (_, n) => BigInt(n) * 16n),
      ),
    },
    align: 4096,
    extra: pages * 4096 - struct,
  })
  const values = memberOf(guest, 'bpf_insn_array', map, 'values')
  for (let n = 0; n < count; n++)
    objects.set('bpf_insn_array_value', values + BigInt(n * size), {
      orig_off: n,
      xlated_off: n,
      jitted_off: n,
    })
  return { guest, map, values, size }
}

describe('a jump table', () => {
  it('has all its elements, with the machine code of those that have any', () => {
    const { guest, map, values, size } = table(3)
    const { map: opened, entries, state, problems } = readWhole(guest, map)
    expect(problems).toEqual([])
    expect(state).toEqual({ used: false })
    expect(entries.map(({ key, notes }) => [key.hex, notes?.original])).toEqual([
      ['00000000', 0],
      ['01000000', 1],
      ['02000000', 2],
    ])
    const element = opened.entry(u32(2))
    expect(element?.value).toMatchObject({ address: values + BigInt(2 * size) })
    expect(element?.value?.target).toMatchObject({ kind: 'instruction', address: 32n })
    expect(opened.entry(u32(0))?.value?.target).toBeUndefined()
    expect(opened.entry(u32(3))).toBeUndefined()
  })

  it('says once for all elements of a page that it is missing, and goes on behind it', () => {
    const { guest, map, values, size } = table(600, { pages: 3 })
    const start = Number(values & 0xfffn)
    // One begins before the page and ends in it, and one the other way round.
    const first = Math.ceil((4096 - start) / size)
    const second = Math.ceil((8192 - start) / size)
    expect([first, second].map((n) => (start + n * size) % 4096)).not.toContain(0)
    guest.unmap((values & ~0xfffn) + 4096n)
    const { entries, problems } = readWhole(guest, map)
    expect(problems).toEqual([
      expect.stringMatching(new RegExp(`^element ${first - 1}: page not present`)),
      expect.stringMatching(new RegExp(`^elements ${first} to ${second - 1}: page not present`)),
    ])
    expect(entries.map(({ notes }) => notes?.original)).toEqual([
      ...Array.from({ length: first - 1 }, (_, n) => n),
      ...Array.from({ length: 600 - second }, (_, n) => second + n),
    ])
  })

  it('ends with the last element where its page is missing', () => {
    const { guest, map, values, size } = table(10, { pages: 2, claims: 300 })
    const first = Math.ceil((4096 - Number(values & 0xfffn)) / size)
    guest.unmap((values & ~0xfffn) + 4096n)
    const { problems } = readWhole(guest, map)
    expect(problems.at(-1)).toMatch(new RegExp(`^elements ${first} to 299: `))
  })

  it('that claims more than memory holds is refused', () => {
    const { guest, map } = table(1, { claims: 0xffffffff })
    expect(readWhole(guest, map).problems).toEqual([
      'map: 4294967295 entries of 24 bytes are more than memory holds',
    ])
  })
})
