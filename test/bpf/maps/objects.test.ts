import { describe, expect, it } from 'vitest'
import { cgroupsById, nameCgroup } from '../../../src/bpf/maps/objects/cgroup.js'
import { nameCpu } from '../../../src/bpf/maps/objects/cpu.js'
import { nameInode } from '../../../src/bpf/maps/objects/inode.js'
import { namePerfEvent } from '../../../src/bpf/maps/objects/perf-event.js'
import { nameSock } from '../../../src/bpf/maps/objects/sock.js'
import { Problems } from '../../../src/problems.js'
import { addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { memberOf } from '../../support/map-objects.js'
import type { MemberValues } from '../../support/object-writer.js'
import { addText } from '../../support/program-objects.js'
import { writeIdr } from '../../support/structures.js'

const gone = 0xffff800000001000n

/** What `name` says of what a test made, and what it could not read. */
function read<T>(
  make: (guest: KernelGuest) => bigint,
  name: (kernel: ReturnType<KernelGuest['kernel']>, address: bigint, problems: Problems) => T,
): { name: T; problems: readonly string[] } {
  const guest = new KernelGuest()
  const address = make(guest)
  const problems = new Problems()
  const found = name(guest.kernel(), address, problems)
  return { name: found, problems: problems.sentences }
}

describe('a socket', () => {
  const family = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, vsock: 40, xdp: 44 }

  /** Of a family; `members` are those of a struct that begins with it. */
  function sock(
    common: MemberValues,
    struct = 'sock',
    members: (guest: KernelGuest) => MemberValues = () => ({}),
  ) {
    return read((guest) => {
      const at = guest.objects.make(struct, members(guest))
      const named = Object.entries(common).map(([name, value]) => [`__sk_common.${name}`, value] as const)
      guest.objects.set('sock', at, Object.fromEntries(named))
      return at
    }, nameSock)
  }

  it.each(Object.entries(family))('of family %s is told by its number', (name, number) => {
    expect(sock({ skc_family: number }).name).toMatchObject({ kind: 'sk', family: name })
  })

  it.each([
    [1, 'established'],
    [7, 'close'],
    [13, 'bound_inactive'],
    [14, '14'],
    [0, '0'],
  ])('in state %d is %s', (skc_state, state) => {
    expect(sock({ skc_state }).name).toMatchObject({ state })
  })

  it('without a protocol, a file or a cookie says so, and has no end elsewhere', () => {
    const { name, problems } = sock({ skc_family: 2, skc_num: 0x1234, skc_rcv_saddr: 0x0100007f })
    expect(name).toMatchObject({
      protocol: '',
      ino: undefined,
      cookie: 0n,
      local: '127.0.0.1:4660',
      remote: undefined,
      device: undefined,
      queue: undefined,
    })
    expect(problems).toEqual([])
  })

  it('has its ports in the order of the network, but for its own', () => {
    const skc_v6_daddr = Uint8Array.from([0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 5])
    expect(sock({ skc_family: 10, skc_num: 443, skc_dport: 0x3412, skc_v6_daddr }).name).toMatchObject({
      local: '[::]:443',
      remote: '[2001:db8::5]:4660',
    })
    expect(sock({ skc_family: 2, skc_dport: 0x0100, skc_daddr: 0x04030201 }).name).toMatchObject({
      remote: '1.2.3.4:1',
    })
  })

  it.each([
    [1, 'stream'],
    [3, 'raw'],
    [77, '77'],
  ])('of type %d is %s', (sk_type, type) => {
    expect(read((guest) => guest.objects.make('sock', { sk_type }), nameSock).name).toMatchObject({ type })
  })

  it('has the inode that lies beside its struct socket', () => {
    const { name } = read((guest) => {
      const alloc = guest.objects.make('socket_alloc', { 'vfs_inode.i_ino': 4711n })
      return guest.objects.make('sock', { sk_socket: memberOf(guest, 'socket_alloc', alloc, 'socket') })
    }, nameSock)
    expect(name).toMatchObject({ ino: 4711n })
  })

  it('is an address where it cannot be read at all', () => {
    const { name, problems } = read(() => gone, nameSock)
    expect(name).toEqual({ kind: 'sk', address: gone, problem: expect.stringContaining('not present') })
    expect(problems).toEqual([])
  })

  describe('of unix', () => {
    /** Bound to a name: struct sockaddr_un has its path behind two bytes of family. */
    const bound = (path: string, len = 2 + path.length) =>
      sock({ skc_family: family.unix }, 'unix_sock', (guest) => {
        const addr = guest.objects.make('unix_address', { len }, { extra: 2 + 128 })
        guest.write(memberOf(guest, 'unix_address', addr, 'name') + 2n, Buffer.from(path))
        return { addr }
      })
    const local = (path: string, len?: number) => (bound(path, len).name as { local?: string }).local

    it('has its path, or its abstract name as ss shows it', () => {
      expect(local('/run/x.sock\0')).toBe('/run/x.sock')
      expect(local('\0name')).toBe('@name')
      expect(local('\0a\0b')).toBe('@a@b')
      expect(bound('/x\0').name).toMatchObject({ remote: undefined })
    })

    it('has names of 108 bytes at most, and may have none', () => {
      expect(local('p'.repeat(108))).toBe('p'.repeat(108))
      expect(local('p'.repeat(109))).toBeUndefined()
      expect(local('x', 3)).toBe('x')
      expect(local('x', 2)).toBeUndefined()
      expect(sock({ skc_family: family.unix }, 'unix_sock').name).toMatchObject({ local: undefined })
    })

    it('has none where that cannot be read, which is said', () => {
      const { name, problems } = sock({ skc_family: family.unix }, 'unix_sock', () => ({ addr: gone }))
      expect(name).toMatchObject({ kind: 'sk', family: 'unix', local: undefined })
      expect(problems).toEqual([
        expect.stringMatching(/^addresses of the socket at 0x[0-9a-f]+: page not present/),
      ])
    })
  })

  it('of AF_XDP is bound to a queue of a device', () => {
    const members = (guest: KernelGuest) => ({
      dev: guest.objects.make('net_device', { ifindex: 3, name: 'eth1' }),
      queue_id: 5,
    })
    expect(sock({ skc_family: family.xdp }, 'xdp_sock', members).name).toMatchObject({
      device: { kind: 'net_device', ifindex: 3, name: 'eth1' },
      queue: 5,
    })
    const unbound = sock({ skc_family: family.xdp }, 'xdp_sock', () => ({ queue_id: 5 }))
    expect(unbound.name).toMatchObject({ device: undefined, queue: undefined })
    // What lies there in others is something else.
    const other = sock({ skc_family: family.packet }, 'xdp_sock', members)
    expect(other.name).toMatchObject({ device: undefined, queue: undefined })
  })
})

describe('a perf event', () => {
  const event = (members: MemberValues) =>
    read((guest) => guest.objects.make('perf_event', members), namePerfEvent).name

  it('has the name of what it counts, where its type has names', () => {
    expect(event({ 'attr.type': 0, 'attr.config': 1n, cpu: 3 })).toMatchObject({
      type: 'hardware',
      config: 'instructions',
      cpu: 3,
      task: undefined,
    })
    expect(event({ 'attr.type': 1, 'attr.config': 0n })).toMatchObject({
      type: 'software',
      config: 'cpu_clock',
    })
    expect(event({ 'attr.type': 1, 'attr.config': 77n })).toMatchObject({ config: '0x4d' })
    expect(event({ 'attr.type': 2, 'attr.config': 10n })).toMatchObject({ type: 'tracepoint', config: '0xa' })
  })

  it('counts for a task', () => {
    const { name } = read((guest) => {
      const target = guest.objects.make('task_struct', { pid: 9, tgid: 8, comm: 'counted' })
      return guest.objects.make('perf_event', { 'hw.target': target })
    }, namePerfEvent)
    expect(name).toMatchObject({ task: { kind: 'task', pid: 9, tgid: 8, comm: 'counted', exited: false } })
  })
})

it('a queue of a CPU has its thread and its program, or none', () => {
  const { name } = read((guest) => {
    const prog = addProgram(guest, { id: 6, name: 'redirect' }).address
    return guest.objects.make('bpf_cpu_map_entry', { cpu: 2, 'value.qsize': 64, prog })
  }, nameCpu)
  expect(name).toMatchObject({
    kind: 'cpu',
    cpu: 2,
    queueSize: 64,
    thread: undefined,
    program: { kind: 'program', id: 6, name: 'redirect', type: 'struct_ops' },
  })
  expect(read((guest) => guest.objects.make('bpf_cpu_map_entry'), nameCpu).name).toMatchObject({
    program: undefined,
  })
})

describe('a cgroup', () => {
  it('with a node that has no name is named all the same', () => {
    const { name, problems } = read((guest) => {
      const top = guest.objects.make('kernfs_node', { id: 1 })
      const middle = guest.objects.make('kernfs_node', { id: 2, __parent: top })
      const kn = guest.objects.make('kernfs_node', { id: 3, __parent: middle, name: addText(guest, 'leaf') })
      return guest.objects.make('cgroup', { kn })
    }, nameCgroup)
    expect(name).toMatchObject({ kind: 'cgroup', id: 3n, path: '//leaf' })
    expect(problems).toEqual([])
  })

  it('has names of 255 bytes, and a path as deep as one can be', () => {
    const deep = (levels: number) =>
      read((guest) => {
        const name = addText(guest, 'n'.repeat(255))
        const top = guest.objects.make('kernfs_node', { id: 1 })
        let kn = top
        for (let n = 0; n < levels; n++)
          kn = guest.objects.make('kernfs_node', { id: 2 + n, name, __parent: kn })
        return guest.objects.make('cgroup', { kn })
      }, nameCgroup)
    expect(deep(2).name).toMatchObject({ path: `/${'n'.repeat(255)}/${'n'.repeat(255)}` })
    const longest = deep(2047)
    expect(longest.problems).toEqual([])
    expect((longest.name as { path: string }).path).toHaveLength(2047 * 256)
    expect(deep(2048).problems.join()).toContain('do not end after 2048 levels')
  })

  it('is found by its id among the directories of the default hierarchy', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const nodes = [
      objects.make('kernfs_node', { id: 5, flags: 1, priv: 0x500n }),
      // Flags beyond the kind, a file, a link.
      objects.make('kernfs_node', { id: 6, flags: 0x31, priv: 0x600n }),
      objects.make('kernfs_node', { id: 7, flags: 2, priv: 0x700n }),
      objects.make('kernfs_node', { id: 8, flags: 4, priv: 0x800n }),
      gone,
    ]
    const root = objects.make('kernfs_root')
    writeIdr(
      guest,
      memberOf(guest, 'kernfs_root', root, 'ino_idr'),
      new Map(nodes.map((node, n) => [n + 5, node])),
    )
    objects.set('cgroup_root', guest.global('cgrp_dfl_root', objects.sizeOf('cgroup_root')), {
      kf_root: root,
    })
    const problems = new Problems()
    expect([...cgroupsById(guest.kernel(), problems)]).toEqual([
      [5n, 0x500n],
      [6n, 0x600n],
    ])
    expect(problems.sentences).toEqual([
      expect.stringMatching(/^kernfs_node at 0xffff800000001000: page not/),
    ])
  })
})

describe('an inode', () => {
  /** In a directory so deep. */
  function inode(depth: number, name = 'd', length = name.length, ext4 = true) {
    return read((guest) => {
      const { objects } = guest
      const text = addText(guest, name)
      const s_type = objects.make('file_system_type', { name: ext4 ? addText(guest, 'ext4') : 0n })
      const i_sb = objects.make('super_block', { s_type, s_id: 'vda1' })
      const root = objects.make('dentry')
      objects.set('dentry', root, { d_parent: root })
      let at = root
      for (let n = 0; n < depth; n++)
        at = objects.make('dentry', { d_parent: at, 'd_name.name': text, 'd_name.len': length })
      return objects.make('inode', {
        i_ino: 2n ** 63n,
        i_mode: 0o100644,
        i_sb,
        'i_dentry.first': memberOf(guest, 'dentry', at, 'd_alias'),
      })
    }, nameInode)
  }

  it('has a number of 64 bits, a filesystem and a path from its root', () => {
    expect(inode(2).name).toEqual({
      kind: 'inode',
      address: expect.any(BigInt),
      ino: 2n ** 63n,
      filesystem: 'ext4',
      device: 'vda1',
      mode: 0o100644,
      path: '/d/d',
    })
    expect(inode(0).name).toMatchObject({ path: '/' })
    expect(inode(1, 'd', 1, false).name).toMatchObject({ filesystem: '' })
  })

  it('has names as long as they claim, and of 255 bytes at most', () => {
    expect(inode(1, 'longer', 4).name).toMatchObject({ path: '/long' })
    expect(inode(1, 'n'.repeat(300), 300).name).toMatchObject({ path: `/${'n'.repeat(255)}` })
  })

  it('is as deep as a path can be', () => {
    expect(inode(2047).problems).toEqual([])
    expect(inode(2048).problems.join()).toContain('do not end after 2048 levels')
  })
})
