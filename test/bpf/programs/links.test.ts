import { describe, expect, it } from 'vitest'
import { type BpfLink, listLinks } from '../../../src/bpf/programs/links.js'
import { Problems } from '../../../src/problems.js'
import { addArray, addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addText, Links } from '../../support/program-objects.js'

const wild = 0xffff800000001000n

function read(make: (guest: KernelGuest, links: Links) => void): { links: BpfLink[]; problems: string[] } {
  const guest = new KernelGuest()
  const links = new Links(guest)
  make(guest, links)
  links.finish()
  const problems = new Problems()
  return { links: listLinks(guest.kernel(), problems), problems: [...problems.sentences] }
}

describe('links', () => {
  it('are none on a kernel without any', () => {
    expect(listLinks(new KernelGuest().kernel(), new Problems())).toEqual([])
  })

  it('have the program that they keep attached, and how', () => {
    const { links } = read((guest, links) => {
      const { address, aux } = addProgram(guest, { id: 12 })
      const attach_func_name = addText(guest, 'do_nanosleep')
      guest.objects.set('bpf_prog_aux', aux, { attach_func_name })
      const trampoline = guest.objects.make('bpf_trampoline', { key: (1n << 32n) | 81595n })
      const link = { prog: address, attach_type: 24 }
      links.add('tracing', 'bpf_tracing_link', { trampoline }, { path: 'link.link', link })
    })
    expect(links).toMatchObject([
      {
        id: 1,
        type: 'tracing',
        programId: 12,
        attachType: 'trace_fentry',
        target: { kind: 'function', name: 'do_nanosleep', objectId: 1, btfId: 81595 },
      },
    ])
  })

  it('say what they are attached to', () => {
    const { links, problems } = read((guest, links) => {
      const { objects } = guest
      const text = (name: string): bigint => addText(guest, name)
      const map = addArray(guest, { id: 30, name: 'demo_ops', valueSize: 8, maxEntries: 1 })
      links.add('struct_ops', 'bpf_struct_ops_link', { map })
      links.add('struct_ops', 'bpf_struct_ops_link', {})
      const tp = objects.make('tracepoint', { name: text('sched_switch') })
      links.add('raw_tracepoint', 'bpf_raw_tp_link', { btp: objects.make('bpf_raw_event_map', { tp }) })
      const node = objects.make('kernfs_node', { id: 77, name: text('') })
      links.add('cgroup', 'bpf_cgroup_link', { cgroup: objects.make('cgroup', { kn: node }) })
      const reg_info = objects.make('bpf_iter_reg', { target: text('task') })
      links.add('iter', 'bpf_iter_link', { tinfo: objects.make('bpf_iter_target_info', { reg_info }) })
      links.add('netns', 'bpf_netns_link', { net: objects.make('net', { 'ns.inum': 4026531840 }) })
      links.add('xdp', 'bpf_xdp_link', { dev: objects.make('net_device', { name: 'eth0', ifindex: 2 }) })
      links.add('tcx', 'tcx_link', {})
      links.add('netfilter', 'bpf_nf_link', {
        'hook_ops.pf': 2,
        'hook_ops.hooknum': 1,
        'hook_ops.priority': -128,
      })
      links.add('sockmap', 'sockmap_link', { map })
      const dentry = objects.make('dentry', { 'd_name.name': text('libc.so.6') })
      const uprobes = objects.make('bpf_uprobe', { offset: 0x1234 })
      links.add('uprobe_multi', 'bpf_uprobe_multi_link', { 'path.dentry': dentry, cnt: 1, uprobes })
      // The test kernel has no struct of its own for these.
      links.add('netkit', 'bpf_link', {}, { path: 'ahead' })
    })
    expect(problems).toEqual([
      expect.stringMatching(/^target of link \d+: this kernel has no struct netkit_link$/),
    ])
    expect(links.map(({ type, target }) => [type, target])).toEqual([
      ['struct_ops', { kind: 'map', mapId: 30, name: 'demo_ops' }],
      ['struct_ops', { kind: 'map', detached: true }],
      ['raw_tracepoint', { kind: 'tracepoint', name: 'sched_switch' }],
      ['cgroup', { kind: 'cgroup', address: expect.stringMatching(/^0xffff/), id: 77, path: '/' }],
      ['iter', { kind: 'iterator', name: 'task' }],
      ['netns', { kind: 'network namespace', inode: 4026531840 }],
      ['xdp', { kind: 'network device', index: 2, name: 'eth0' }],
      ['tcx', { kind: 'network device', detached: true }],
      ['netfilter', { kind: 'netfilter hook', family: 2, hook: 1, priority: -128 }],
      ['sockmap', { kind: 'map', mapId: 30, name: 'demo_ops' }],
      ['uprobe_multi', { kind: 'user functions', file: 'libc.so.6', count: 1, offsets: [0x1234n] }],
      ['netkit', {}],
    ])
  })

  it('of perf events have the name of the event, their own or that of the tracepoint', () => {
    const { links, problems } = read((guest, links) => {
      const { objects } = guest
      const attach = (call: bigint, type: number): void => {
        const event = objects.make('perf_event', { tp_event: call, 'attr.type': type, 'attr.config': 304 })
        const file = objects.make('file', { private_data: event })
        links.add('perf_event', 'bpf_perf_link', { perf_file: file })
      }
      const point = guest.symbol('__tracepoint_sched_process_fork', guest.image(64))
      objects.set('tracepoint', point, { name: addText(guest, 'sched_process_fork') })
      attach(objects.make('trace_event_call', { name: point }), 2)
      attach(objects.make('trace_event_call', { name: addText(guest, 'p_vfs_read') }), 6)
      attach(0n, 1)
    })
    expect(problems).toEqual([])
    expect(links.map(({ target }) => target)).toEqual([
      { kind: 'perf event', type: 'tracepoint', config: 304n, name: 'sched_process_fork' },
      { kind: 'perf event', type: 6, config: 304n, name: 'p_vfs_read' },
      { kind: 'perf event', type: 'software', config: 304n },
    ])
  })

  it('of many probes name the functions, and bound what is claimed', () => {
    const { links, problems } = read((guest, links) => {
      const addrs = guest.alloc(16)
      guest.u64(addrs, guest.symbol('vfs_read', guest.image(64), 'T'))
      guest.u64(addrs + 8n, 0x1000n)
      links.add('kprobe_multi', 'bpf_kprobe_multi_link', { cnt: 2, addrs })
      links.add('kprobe_multi', 'bpf_kprobe_multi_link', { cnt: 0xffffffff, addrs: wild })
      links.add('kprobe_multi', 'bpf_kprobe_multi_link', { cnt: 3, addrs: wild })
    })
    expect(links.map(({ target }) => target)).toMatchObject([
      { count: 2, functions: [{ name: 'vfs_read' }, { address: '0x1000', name: undefined }] },
      { count: 0xffffffff, functions: [] },
      {},
    ])
    expect(problems).toEqual([expect.stringMatching(/^target of link 3: page not present/)])
  })

  it('say that they are attached to nothing any more', () => {
    const { links, problems } = read((_, links) => {
      links.add('struct_ops', 'bpf_struct_ops_link', {})
      links.add('cgroup', 'bpf_cgroup_link', {})
      links.add('netns', 'bpf_netns_link', {})
      links.add('xdp', 'bpf_xdp_link', {})
      links.add('sockmap', 'sockmap_link', {})
    })
    expect(problems).toEqual([])
    expect(links.map(({ target }) => target)).toEqual(
      ['map', 'cgroup', 'network namespace', 'network device', 'map'].map((kind) => ({
        kind,
        detached: true,
      })),
    )
  })

  it('of many probes names the first 4096, and none where the count cannot be', () => {
    const most = 2 ** 20
    const { links, problems } = read((guest, links) => {
      const table = guest.alloc(4097 * 24)
      for (let i = 0; i < 4097; i++) guest.u64(table + BigInt(i * 8), BigInt(i + 1))
      for (const cnt of [4097, most, most + 1])
        links.add('kprobe_multi', 'bpf_kprobe_multi_link', { cnt, addrs: table })
      for (const cnt of [4097, most, most + 1])
        links.add('uprobe_multi', 'bpf_uprobe_multi_link', { cnt, uprobes: table })
    })
    expect(problems).toEqual([])
    const named = links.map(({ target }) => (target.functions ?? target.offsets) as readonly unknown[])
    expect(named.map(({ length }) => length)).toEqual([4096, 4096, 0, 4096, 4096, 0])
    expect(named[0]?.at(-1)).toMatchObject({ address: '0x1000' })
    expect(links.map(({ target }) => target.count)).toEqual([4097, most, most + 1, 4097, most, most + 1])
    expect(links[3]?.target).toMatchObject({ file: undefined })
  })

  it('of several traced functions names them, as many as there are', () => {
    const { links, problems } = read((guest, links) => {
      const first = guest.symbol('vfs_read', guest.image(64), 'T')
      const nodes = { 'nodes[0].entry.ip': first, 'nodes[1].entry.ip': 0x1000n, 'nodes[2].entry.ip': 7n }
      links.add('tracing_multi', 'bpf_tracing_multi_link', { nodes_cnt: 2, ...nodes })
      links.add('tracing_multi', 'bpf_tracing_multi_link', { nodes_cnt: -1 })
    })
    expect(links.map(({ target }) => target)).toMatchObject([
      {
        kind: 'functions',
        count: 2,
        functions: [{ name: 'vfs_read' }, { address: '0x1000', name: undefined }],
      },
      { count: -1, functions: [] },
    ])
    expect(problems).toEqual([])
  })

  it('that are unreadable are said, and the rest is there', () => {
    const { links, problems } = read((_, links) => {
      links.put(1, wild)
      links.add('raw_tracepoint', 'bpf_raw_tp_link', { btp: wild })
      links.add('xdp', 'bpf_xdp_link', {}, { link: { type: 999, prog: 0 } })
      links.add('xdp', 'bpf_xdp_link', {}, { link: { prog: wild } })
    })
    expect(links.map(({ id, type }) => [id, type])).toEqual([
      [2, 'raw_tracepoint'],
      [3, 'type 999'],
    ])
    expect(problems.map((problem) => problem.replace(/:.*/, ''))).toEqual([
      'link 1',
      'target of link 2',
      'link 4',
    ])
  })
})
