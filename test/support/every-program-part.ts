import { BtfBuilder } from '../btf/builder.js'
import { addArray, addBtf } from './bpf-objects.js'
import { KernelGuest } from './kernel-guest.js'
import { addCode, addTable, addText, instruction, Links } from './program-objects.js'

/** A program with functions, lines, machine code, maps, streams, links and a place in struct_ops: all that is walked from one. */
export function everyProgramPart(): { guest: KernelGuest; address: bigint } {
  const guest = new KernelGuest({ memory: 8 * 2 ** 20 })
  const { objects } = guest
  const b = new BtfBuilder()
  const main = b.function('main_function', b.prototype(0))
  const helper = b.function('helper', b.prototype(0))
  const line = { line_off: b.string('return 1;'), file_name_off: b.string('a.c'), line_col: 3 << 10 }
  const code = guest.alloc(64)
  const parts = [0n, 32n].map((offset) =>
    objects.make('bpf_prog', {
      bpf_func: code + offset,
      jited_len: 32,
      aux: objects.make('bpf_prog_aux', { 'ksym.name': 'bpf_prog_part' }),
    }),
  )
  const func = guest.alloc(16)
  const lineAddresses = guest.alloc(16)
  for (const [i, part] of parts.entries()) {
    guest.u64(func + BigInt(i * 8), part)
    guest.u64(lineAddresses + BigInt(i * 8), code + BigInt(i * 32))
  }
  const element = (text: string, next: bigint): bigint => {
    const at = objects.make('bpf_stream_elem', { total_len: text.length }, { extra: text.length })
    objects.set('bpf_stream_elem', at, { str: Buffer.from(text) })
    const node = at + BigInt(objects.offsetOf('bpf_stream_elem', 'node'))
    guest.u64(node, next)
    return node
  }
  const map = addArray(guest, { id: 30, name: 'ops', valueSize: 8, maxEntries: 1 })
  const usedMaps = guest.alloc(8)
  guest.u64(usedMaps, map)
  const address = addCode(
    guest,
    [
      instruction(0x85, { immediate: 1, source: 1 }),
      instruction(0x95),
      instruction(0x18),
      instruction(0),
      instruction(0x95),
    ],
    {
      id: 7,
      program: { jited: 1, bpf_func: code, jited_len: 32 },
      aux: {
        func,
        func_cnt: 2,
        btf: addBtf(guest, 3, b.build()),
        func_info: addTable(guest, 'bpf_func_info', [{ type_id: main }, { insn_off: 2, type_id: helper }]),
        func_info_cnt: 2,
        linfo: addTable(guest, 'bpf_line_info', [line, { ...line, insn_off: 2 }]),
        nr_linfo: 2,
        jited_linfo: lineAddresses,
        used_maps: usedMaps,
        used_map_cnt: 1,
        'stream[0].backlog_head': element('one', element('two', 0n)),
        'stream[1].log': element('oops', 0n),
      },
    },
  )
  const links = new Links(guest)
  const link = { prog: address }
  links.add('struct_ops', 'bpf_struct_ops_link', { map }, { link })
  const tp = objects.make('tracepoint', { name: addText(guest, 'sched_switch') })
  links.add('raw_tracepoint', 'bpf_raw_tp_link', { btp: objects.make('bpf_raw_event_map', { tp }) }, { link })
  const node = objects.make('kernfs_node', { id: 77, name: addText(guest, 'group') })
  links.add('cgroup', 'bpf_cgroup_link', { cgroup: objects.make('cgroup', { kn: node }) }, { link })
  links.add('xdp', 'bpf_xdp_link', { dev: objects.make('net_device', { name: 'lo' }) }, { link })
  const reg_info = objects.make('bpf_iter_reg', { target: addText(guest, 'task') })
  links.add('iter', 'bpf_iter_link', { tinfo: objects.make('bpf_iter_target_info', { reg_info }) }, { link })
  links.finish()
  return { guest, address }
}
