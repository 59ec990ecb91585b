import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addMap, memberOf, pairs, readAgain, readWhole } from '../../support/map-objects.js'

/** 10.0.0.0/8 with two branches below an intermediate node, as the kernel would build it. */
function trie() {
  const guest = new KernelGuest()
  const { objects } = guest
  const node = (
    prefix: readonly number[],
    length: number,
    value: number | undefined,
    children: bigint[] = [],
  ) => {
    const at = objects.make(
      'lpm_trie_node',
      { prefixlen: length, flags: value === undefined ? 1 : 0, data: Uint8Array.from(prefix) },
      { extra: 8 },
    )
    const data = memberOf(guest, 'lpm_trie_node', at, 'data')
    guest.write(data, Uint8Array.from(prefix))
    if (value !== undefined) guest.u32(data + 4n, value)
    for (const [i, child] of children.entries()) {
      guest.u64(memberOf(guest, 'lpm_trie_node', at, `child[${i}]`), child)
    }
    return at
  }
  const low = node([10, 1, 0, 0], 16, 3)
  const high = node([10, 2, 0, 0], 16, 4)
  const joint = node([10, 0, 0, 0], 14, undefined, [low, high])
  const root = node([10, 0, 0, 0], 8, 2, [joint])
  const map = addMap(guest, 'lpm_trie', 'lpm_trie', {
    keySize: 8,
    members: { root, n_entries: 3, max_prefixlen: 32, data_size: 4 },
  })
  return { guest, map, root, joint, low, high, node }
}

const key = (prefix: readonly number[], length: number) => Uint8Array.from([length, 0, 0, 0, ...prefix])

describe('a trie', () => {
  it.each([0, 3, 4])('whose keys claim %i bytes has no prefixes, and says why', (keySize) => {
    const { guest, map } = trie()
    guest.objects.set('bpf_map', map, { key_size: keySize })
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toEqual([])
    expect(problems.join()).toContain(`a key of ${keySize} bytes has no room for a prefix`)
  })

  it('gives its prefixes in postorder, and leaves intermediate nodes out', () => {
    const { guest, map } = trie()
    const { entries, state, problems } = readWhole(guest, map)
    expect(pairs(entries)).toEqual([
      ['100000000a010000', '03000000'],
      ['100000000a020000', '04000000'],
      ['080000000a000000', '02000000'],
    ])
    expect(entries.map(({ notes }) => notes)).toEqual([
      { prefixLength: 16, depth: 2 },
      { prefixLength: 16, depth: 2 },
      { prefixLength: 8, depth: 0 },
    ])
    expect(state).toEqual({ entries: 3, maxPrefixLength: 32, nodes: 4, intermediate: 1, depth: 2 })
    expect(problems).toEqual([])
  })

  it.each([
    [[10, 1, 7, 9], 32, '03000000'],
    [[10, 2, 0, 0], 16, '04000000'],
    [[10, 2, 255, 255], 31, '04000000'],
    [[10, 3, 0, 0], 16, '02000000'],
    [[10, 1, 0, 0], 12, '02000000'],
    [[11, 1, 0, 0], 32, undefined],
    [[10, 0, 0, 0], 4, undefined],
  ])('looks %o/%i up as the kernel does', (prefix, length, expected) => {
    const { guest, map } = trie()
    const found = readWhole(guest, map).map.entry(key(prefix, length))
    expect(found?.value && Buffer.from(found.value.bytes).toString('hex')).toBe(expected)
  })

  it('gives a prefix of all bits for its own key, and none below it', () => {
    const { guest, map, low, node } = trie()
    const whole = node([10, 1, 2, 3], 32, 9)
    guest.u64(memberOf(guest, 'lpm_trie_node', low, 'child[0]'), whole)
    // Nothing is more specific: whatever hangs there is not looked at.
    guest.u64(memberOf(guest, 'lpm_trie_node', whole, 'child[0]'), 0xffff_dead_0000_0000n)
    const opened = readWhole(guest, map).map
    const value = (prefix: readonly number[]) => opened.entry(key(prefix, 32))?.value?.bytes[0]
    expect([value([10, 1, 2, 3]), value([10, 1, 2, 4]), value([10, 1, 200, 3])]).toEqual([9, 3, 3])
  })

  it('that loops ends, with the reason', () => {
    const { guest, map, root, low } = trie()
    guest.u64(memberOf(guest, 'lpm_trie_node', low, 'child[0]'), root)
    const { entries, problems } = readWhole(guest, map)
    expect(entries).toHaveLength(3)
    expect(problems[0]).toContain('it hangs in the trie twice')
  })

  it('with a wild child keeps the rest', () => {
    const { guest, map, joint } = trie()
    const kernel = guest.kernel()
    guest.u64(memberOf(guest, 'lpm_trie_node', joint, 'child[0]'), 0xffff_dead_0000_0000n)
    const { entries, problems, state } = readAgain(kernel, map)
    expect(pairs(entries).map(([hex]) => hex)).toEqual(['100000000a020000', '080000000a000000'])
    const why = expect.stringContaining('node at 0xffffdead00000000')
    expect(state).toMatchObject({
      nodes: { atLeast: 3, why },
      intermediate: { atLeast: 1, why },
      depth: { atLeast: 2, why },
    })
    expect(problems[0]).toMatch(/^node at 0xffffdead00000000: page not present/)
  })

  it('whose child is not more specific says so', () => {
    const { guest, map, low } = trie()
    guest.objects.set('lpm_trie_node', low, { prefixlen: 8 })
    expect(readWhole(guest, map).problems[0]).toContain('not longer than its parent')
    // Longer than what its parent hangs below.
    guest.objects.set('lpm_trie_node', low, { prefixlen: 12 })
    expect(readWhole(guest, map).problems[0]).toContain('not longer than its parent')
  })
})
