import type { Details } from '../../contract/details.js'
import { hexAddress } from '../../contract/json.js'
import { objectJson } from '../../contract/objects.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import type { Problems } from '../../problems.js'
import { nameCgroup } from '../maps/objects/cgroup.js'

/** Reads what one kind of link is attached to; `link` is the struct around its bpf_link. */
type TargetReader = (kernel: Kernel, link: StructReader, problems: Problems) => Details

/** Names of files, devices and events that are longer are broken reads. */
const textLimit = 256
/** MAX_UPROBE_MULTI_CNT and MAX_KPROBE_MULTI_CNT (kernel/trace/bpf_trace.c). */
const probeLimit = 1 << 20
/** Probes that are named; `count` says how many there are. */
const namedProbes = 4096

/** Kinds of links by name: the struct that holds their bpf_link, the path to it, and its reader. */
const kinds: Readonly<Record<string, readonly [struct: string, path: string, read: TargetReader]>> = {
  struct_ops: ['bpf_struct_ops_link', 'link', (kernel, link) => mapTarget(kernel, link)],
  raw_tracepoint: ['bpf_raw_tp_link', 'link', rawTracepoint],
  tracing: ['bpf_tracing_link', 'link.link', tracing],
  tracing_multi: ['bpf_tracing_multi_link', 'link', tracedFunctions],
  cgroup: ['bpf_cgroup_link', 'link', cgroup],
  iter: ['bpf_iter_link', 'link', iterator],
  netns: ['bpf_netns_link', 'link', networkNamespace],
  xdp: ['bpf_xdp_link', 'link', (kernel, link) => device(kernel, link.pointer('dev'))],
  tcx: ['tcx_link', 'link', (kernel, link) => device(kernel, link.pointer('dev'))],
  netkit: ['netkit_link', 'link', (kernel, link) => device(kernel, link.pointer('dev'))],
  perf_event: ['bpf_perf_link', 'link', perfEvent],
  kprobe_multi: ['bpf_kprobe_multi_link', 'link', kernelProbes],
  uprobe_multi: ['bpf_uprobe_multi_link', 'link', userProbes],
  netfilter: ['bpf_nf_link', 'link', netfilter],
  sockmap: ['sockmap_link', 'link', (kernel, link) => mapTarget(kernel, link)],
}

/** What the bpf_link at `address` is attached to. Nothing for kinds that are not known here; throws where its struct is in no BTF. */
export function linkTarget(kernel: Kernel, type: string, address: bigint, problems: Problems): Details {
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  if (kind === undefined) return {}
  const [struct, path, read] = kind
  const layout = kernel.layouts.get(struct)
  const start = BigInt.asUintN(64, address - BigInt(layout.offset(path)))
  return read(kernel, kernel.struct(struct, start), problems)
}

function mapTarget(kernel: Kernel, link: StructReader): Details {
  const at = link.pointer('map')
  // The kernel clears it when the map goes before the link.
  if (at === 0n) return { kind: 'map', detached: true }
  const map = kernel.struct('bpf_map', at)
  return { kind: 'map', mapId: map.number('id'), name: map.text('name') }
}

function rawTracepoint(kernel: Kernel, link: StructReader): Details {
  const event = link.pointer('btp')
  const point = kernel.struct('bpf_raw_event_map', event).pointer('tp')
  return { kind: 'tracepoint', name: textAt(kernel, kernel.struct('tracepoint', point).pointer('name')) }
}

/** The key of a trampoline is the id of what is traced: of a program or of BTF, and within it the function's. */
function tracing(kernel: Kernel, link: StructReader): Details {
  const trampoline = link.pointer('trampoline')
  const program = link.pointer('link.link.prog')
  const aux = kernel.struct('bpf_prog', program).pointer('aux')
  const key = trampoline === 0n ? undefined : kernel.struct('bpf_trampoline', trampoline).integer('key')
  const name = kernel.struct('bpf_prog_aux', aux).pointer('attach_func_name')
  const typeId = kernel.struct('bpf_prog_aux', aux).number('attach_btf_id')
  const btf = kernel.struct('bpf_prog_aux', aux).pointer('attach_btf')
  const types = btf === 0n ? undefined : kernel.btfObjects.types(btf)
  const type = types !== undefined && typeId < types.typeCount ? types.type(typeId) : undefined
  return {
    kind: 'function',
    name: name !== 0n ? textAt(kernel, name) : type?.name,
    ...(key === undefined
      ? {}
      : { objectId: Number(BigInt.asUintN(32, key >> 32n)), btfId: Number(key & 0x7fffffffn) }),
  }
}

/** bpf_tracing_multi_link (include/linux/bpf.h, Linux 7.3): a trampoline for each function, found by where ftrace has it. */
function tracedFunctions(kernel: Kernel, link: StructReader): Details {
  const count = link.number('nodes_cnt')
  const nodes = link.at('nodes')
  const layout = kernel.layouts.get('bpf_tracing_multi_node')
  const named = count > probeLimit ? 0 : Math.min(Math.max(0, count), namedProbes)
  const functions = Array.from({ length: named }, (_, i) => {
    const node = kernel.struct('bpf_tracing_multi_node', nodes + BigInt(i * layout.size))
    const address = node.pointer('entry.ip')
    return { address: hexAddress(address), name: kernel.symbolize(address) }
  })
  return { kind: 'functions', count, functions }
}

function cgroup(kernel: Kernel, link: StructReader, problems: Problems): Details {
  const at = link.pointer('cgroup')
  return at === 0n ? { kind: 'cgroup', detached: true } : objectJson(nameCgroup(kernel, at, problems))
}

function iterator(kernel: Kernel, link: StructReader): Details {
  const registered = kernel.struct('bpf_iter_target_info', link.pointer('tinfo')).pointer('reg_info')
  const name = kernel.struct('bpf_iter_reg', registered).pointer('target')
  return { kind: 'iterator', name: textAt(kernel, name) }
}

function networkNamespace(kernel: Kernel, link: StructReader): Details {
  const net = link.pointer('net')
  if (net === 0n) return { kind: 'network namespace', detached: true }
  return { kind: 'network namespace', inode: kernel.struct('net', net).number('ns.inum') }
}

function device(kernel: Kernel, at: bigint): Details {
  if (at === 0n) return { kind: 'network device', detached: true }
  const found = kernel.struct('net_device', at)
  return { kind: 'network device', index: found.number('ifindex'), name: found.text('name') }
}

function perfEvent(kernel: Kernel, link: StructReader): Details {
  const event = kernel.struct('file', link.pointer('perf_file')).pointer('private_data')
  const perf = kernel.struct('perf_event', event)
  const call = perf.has('tp_event') ? perf.pointer('tp_event') : 0n
  const number = perf.number('attr.type')
  const type = kernel.enumName('perf_type_id', number, 'PERF_TYPE_')?.toLowerCase()
  return {
    kind: 'perf event',
    // Types beyond the enum are those of PMUs that registered: kprobe, uprobe.
    type: type ?? number,
    config: perf.unsigned('attr.config'),
    ...(call === 0n ? {} : { name: eventName(kernel, call) }),
  }
}

/** trace_event_call keeps its name, or the tracepoint that has it; a tracepoint is a variable of its own symbol. */
function eventName(kernel: Kernel, address: bigint): string {
  const at = kernel.struct('trace_event_call', address).pointer('name')
  const symbol = kernel.symbolAt(at)
  const isTracepoint = symbol?.address === at && symbol.name.startsWith('__tracepoint_')
  return textAt(kernel, isTracepoint ? kernel.struct('tracepoint', at).pointer('name') : at)
}

function kernelProbes(kernel: Kernel, link: StructReader): Details {
  const count = link.number('cnt')
  const addresses = link.pointer('addrs')
  const named = count > probeLimit ? 0 : Math.min(count, namedProbes)
  const functions = Array.from({ length: named }, (_, i) => {
    const address = kernel.space.u64(addresses + BigInt(i * 8))
    return { address: hexAddress(address), name: kernel.symbolize(address) }
  })
  return { kind: 'functions', count, functions }
}

function userProbes(kernel: Kernel, link: StructReader): Details {
  const count = link.number('cnt')
  const probes = link.pointer('uprobes')
  const layout = kernel.layouts.get('bpf_uprobe')
  const named = count > probeLimit ? 0 : Math.min(count, namedProbes)
  const offsets = Array.from({ length: named }, (_, i) =>
    kernel.struct('bpf_uprobe', probes + BigInt(i * layout.size)).integer('offset'),
  )
  return { kind: 'user functions', file: fileName(kernel, link.pointer('path.dentry')), count, offsets }
}

/** The last part of a path. */
function fileName(kernel: Kernel, dentry: bigint): string | undefined {
  if (dentry === 0n) return undefined
  const name = kernel.struct('dentry', dentry).pointer('d_name.name', '__d_name.name')
  return textAt(kernel, name)
}

function netfilter(_kernel: Kernel, link: StructReader): Details {
  return {
    kind: 'netfilter hook',
    family: link.number('hook_ops.pf'),
    hook: link.number('hook_ops.hooknum'),
    priority: link.number('hook_ops.priority'),
  }
}

function textAt(kernel: Kernel, address: bigint): string {
  return kernel.space.text(address, textLimit)
}
