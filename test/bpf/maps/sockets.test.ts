import { describe, expect, it } from 'vitest'
import { KernelGuest } from '../../support/kernel-guest.js'
import {
  addMap,
  addWords,
  linkHlist,
  memberOf,
  pairs,
  readAgain,
  readWhole,
} from '../../support/map-objects.js'
import type { MemberValues } from '../../support/object-writer.js'

function sock(guest: KernelGuest, protocol: string, common: MemberValues): bigint {
  const prefixed = Object.fromEntries(
    Object.entries(common).map(([name, value]) => [`__sk_common.${name}`, value]),
  )
  const proto = guest.objects.make('proto', { name: protocol })
  return guest.objects.make('sock', { sk_type: 1, '__sk_common.skc_prot': proto, ...prefixed })
}

const tcp = {
  skc_family: 2,
  skc_state: 1,
  skc_num: 80,
  skc_dport: 0x901f,
  skc_rcv_saddr: Uint8Array.of(10, 0, 0, 1),
  skc_daddr: Uint8Array.of(192, 168, 1, 2),
  skc_cookie: 0x1001n,
}

function ipv6(...groups: number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
}

describe('sockets', () => {
  it('in a sockmap are named by their ends', () => {
    const guest = new KernelGuest()
    const sks = addWords(guest, [0n, sock(guest, 'TCP', tcp)])
    const map = addMap(guest, 'sockmap', 'bpf_stab', { valueSize: 8, maxEntries: 2, members: { sks } })
    const { entries, state } = readWhole(guest, map)
    expect(pairs(entries)).toEqual([['01000000', '0110000000000000']])
    expect(entries[0]?.value?.target).toMatchObject({
      kind: 'sk',
      family: 'inet',
      protocol: 'TCP',
      type: 'stream',
      state: 'established',
      local: '10.0.0.1:80',
      remote: '192.168.1.2:8080',
      cookie: 0x1001,
    })
    expect(state).toEqual({ programs: {} })
  })

  it.each([
    [ipv6(0, 0, 0, 0, 0, 0, 0, 1), '[::1]:443'],
    [ipv6(0, 0, 0, 0, 0, 0, 0, 0), '[::]:443'],
    [ipv6(0xfe80, 0, 0, 0, 0x10, 0, 0, 1), '[fe80::10:0:0:1]:443'],
    [ipv6(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), '[2001:db8:0:1:1:1:1:1]:443'],
    [ipv6(0x2001, 0xdb8, 1, 2, 3, 4, 0, 0), '[2001:db8:1:2:3:4::]:443'],
  ])('of IPv6 are written as RFC 5952 says: %o', (address, expected) => {
    const guest = new KernelGuest()
    const listening = sock(guest, 'TCPv6', {
      skc_family: 10,
      skc_state: 10,
      skc_num: 443,
      skc_v6_rcv_saddr: address,
    })
    const map = addMap(guest, 'reuseport_sockarray', 'reuseport_array', {
      valueSize: 8,
      maxEntries: 1,
      extra: 8,
    })
    guest.u64(memberOf(guest, 'reuseport_array', map, 'ptrs'), listening)
    const target = readWhole(guest, map).entries[0]?.value?.target
    expect(target).toMatchObject({ family: 'inet6', state: 'listen', local: expected })
    expect(target).not.toHaveProperty('remote')
  })

  it('in a sockhash go by key', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const sk = sock(guest, 'TCP', tcp)
    const elements = ['one', 'two'].map((key) => {
      const element = objects.make('bpf_shtab_elem', { sk }, { extra: 8 })
      guest.write(memberOf(guest, 'bpf_shtab_elem', element, 'key'), Buffer.from(key))
      return element
    })
    const stride = objects.sizeOf('bpf_shtab_bucket')
    const buckets = guest.alloc(stride * 2)
    linkHlist(
      guest,
      memberOf(guest, 'bpf_shtab_bucket', buckets + BigInt(stride), 'head'),
      elements.map((element) => memberOf(guest, 'bpf_shtab_elem', element, 'node')),
    )
    const map = addMap(guest, 'sockhash', 'bpf_shtab', {
      keySize: 3,
      valueSize: 8,
      members: { buckets, buckets_num: 2, count: 2 },
    })
    const { entries, state, map: opened } = readWhole(guest, map)
    expect(entries.map(({ key }) => Buffer.from(key.hex, 'hex').toString())).toEqual(['one', 'two'])
    expect(state).toMatchObject({ items: 2, buckets: 2 })
    expect(opened.entry(Buffer.from('two'))?.value?.target).toMatchObject({ local: '10.0.0.1:80' })
  })

  describe('of which a page is missing', () => {
    const gone = 0xffff800000001000n
    const missing = (sk: bigint, what: string): unknown =>
      expect.stringContaining(`${what} of the socket at 0x${sk.toString(16)}: page not present`)

    function inSockmap(guest: KernelGuest, sk: bigint) {
      const members = { sks: addWords(guest, [sk]) }
      return addMap(guest, 'sockmap', 'bpf_stab', { valueSize: 8, maxEntries: 1, members })
    }

    it.each([
      ['protocol', { '__sk_common.skc_prot': gone }, 'protocol'],
      ['inode', { sk_socket: gone }, 'ino'],
    ] as const)('keep all but their %s', (what, members, key) => {
      const guest = new KernelGuest()
      const sk = sock(guest, 'TCP', tcp)
      guest.objects.set('sock', sk, members)
      const { entries, problems } = readWhole(guest, inSockmap(guest, sk))
      const target = entries[0]?.value?.target
      expect(target).toMatchObject({ local: '10.0.0.1:80', remote: '192.168.1.2:8080', cookie: 0x1001 })
      expect(target).not.toHaveProperty(key)
      expect(problems).toEqual([missing(sk, what)])
    })

    it('say so in a sockhash, and in the local storage of sockets', () => {
      const guest = new KernelGuest()
      const { objects } = guest
      const sk = sock(guest, 'TCP', { ...tcp, skc_prot: gone })
      objects.set('sock', sk, { '__sk_common.skc_prot': gone })

      const inHash = objects.make('bpf_shtab_elem', { sk }, { extra: 8 })
      const hashBuckets = objects.make('bpf_shtab_bucket')
      linkHlist(guest, memberOf(guest, 'bpf_shtab_bucket', hashBuckets, 'head'), [
        memberOf(guest, 'bpf_shtab_elem', inHash, 'node'),
      ])
      const hash = addMap(guest, 'sockhash', 'bpf_shtab', {
        valueSize: 8,
        members: { buckets: hashBuckets, buckets_num: 1, count: 1 },
      })

      const buckets = objects.make('bpf_local_storage_map_bucket')
      const storage = addMap(guest, 'sk_storage', 'bpf_local_storage_map', {
        valueSize: 8,
        maxEntries: 0,
        members: { buckets, bucket_log: 0 },
      })
      const local_storage = objects.make('bpf_local_storage', { owner: sk })
      const element = objects.make(
        'bpf_local_storage_elem',
        { local_storage, 'sdata.smap': storage },
        { extra: 8 },
      )
      linkHlist(guest, memberOf(guest, 'bpf_local_storage_map_bucket', buckets, 'list'), [
        memberOf(guest, 'bpf_local_storage_elem', element, 'map_node'),
      ])

      const kernel = guest.kernel()
      const ofHash = readAgain(kernel, hash)
      expect(ofHash.entries[0]?.value?.target).toMatchObject({ local: '10.0.0.1:80' })
      expect(ofHash.problems).toEqual([missing(sk, 'protocol')])
      const ofStorage = readAgain(kernel, storage)
      expect(ofStorage.entries[0]?.key.owner).toMatchObject({ kind: 'sk', local: '10.0.0.1:80' })
      expect(ofStorage.problems).toEqual([missing(sk, 'protocol')])
    })

    it.each([
      ['sockmap', 'bpf_stab', 'sks'],
      ['sockhash', 'bpf_shtab', 'buckets'],
      ['sk_storage', 'bpf_local_storage_map', 'buckets'],
    ] as const)('are not counted as none where the table of a %s is', (type, structure, table) => {
      const guest = new KernelGuest()
      const more = type === 'sockhash' ? { buckets_num: 1 } : {}
      const map = addMap(guest, type, structure, { valueSize: 8, members: { [table]: gone, ...more } })
      const { entries, problems } = readWhole(guest, map)
      expect(entries).toEqual([])
      expect(problems).toEqual([expect.stringContaining('page not present at 0xffff8000000010')])
    })
  })

  it('of families that are not known keep their number', () => {
    const guest = new KernelGuest()
    const map = addMap(guest, 'xskmap', 'xsk_map', { maxEntries: 1, extra: 8 })
    guest.u64(
      memberOf(guest, 'xsk_map', map, 'xsk_map'),
      sock(guest, 'NEW', { skc_family: 99, skc_state: 77 }),
    )
    expect(readWhole(guest, map).entries[0]?.value?.target).toMatchObject({ family: '99', state: '77' })
  })
})
