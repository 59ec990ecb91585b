import { type Details, detailsJson } from '../../contract/details.js'
import { withJson } from '../../contract/shape.js'
import { isUnreadName, type Kernel, lostName } from '../../kernel/kernel.js'
import { idrEntries } from '../../kernel/walk/xarray.js'
import type { Problems } from '../../problems.js'
import { linkTarget } from './link-target.js'

/** A BPF link: what keeps a program attached (struct bpf_link, include/linux/bpf.h). */
export interface BpfLink {
  readonly id: number
  /** As bpftool names it: "struct_ops", "raw_tracepoint", "perf_event". */
  readonly type: string
  /** 0 where a link has no program of its own, as those of struct_ops. */
  readonly programId: number
  /** "trace_fentry"; undefined for links of no attach type and on kernels that do not keep it in the link. */
  readonly attachType: string | undefined
  /** What the program is attached to, by the members that such links have. */
  readonly target: Details
  readonly address: bigint
}

/** All links of a kernel in the order of their ids. Unreadable ones are left out and named in `problems`. */
export function listLinks(kernel: Kernel, problems: Problems): BpfLink[] {
  const links: BpfLink[] = []
  const idr = kernel.findSymbol('link_idr')
  if (idr === undefined) return links
  for (const { index, pointer } of idrEntries(kernel, idr, problems, 'link_idr')) {
    const link = problems.attempt(`link ${index}`, () => readLink(kernel, pointer, problems))
    if (link !== undefined) links.push(link)
  }
  return links
}

export function readLink(kernel: Kernel, address: bigint, problems: Problems): BpfLink {
  const link = kernel.struct('bpf_link', address)
  const id = link.number('id')
  const number = link.number('type')
  const type = kernel.enumText('bpf_link_type', number, 'BPF_LINK_TYPE_')
  if (isUnreadName(type)) problems.add(`type of link ${id}`, `what ${number} stands for ${lostName}`)
  const program = link.pointer('prog')
  const where = `target of link ${id}`
  const target = problems.attempt(where, () => linkTarget(kernel, type, address, problems)) ?? {}
  return {
    id,
    type,
    programId: program === 0n ? 0 : programId(kernel, program),
    attachType: attachType(kernel, address, type, program),
    target: withJson(target, detailsJson),
    address,
  }
}

export function programId(kernel: Kernel, address: bigint): number {
  return kernel.struct('bpf_prog_aux', kernel.struct('bpf_prog', address).pointer('aux')).number('id')
}

/** Since 6.17 the link has it; on older kernels its program does. */
function attachType(kernel: Kernel, address: bigint, type: string, program: bigint): string | undefined {
  // Attach type 0 is one too (cgroup_inet_ingress), and what links without any hold.
  if (!attachTypeKinds.has(type)) return undefined
  const link = kernel.struct('bpf_link', address)
  const value = link.has('attach_type')
    ? link.number('attach_type')
    : program === 0n
      ? undefined
      : kernel.struct('bpf_prog', program).number('expected_attach_type')
  if (value === undefined) return undefined
  return kernel.enumText('bpf_attach_type', value, 'BPF_', 'attach type')
}

const attachTypeKinds = new Set([
  'tracing',
  'tracing_multi',
  'cgroup',
  'iter',
  'netns',
  'xdp',
  'kprobe_multi',
  'uprobe_multi',
  'netfilter',
  'tcx',
  'netkit',
  'sockmap',
])
