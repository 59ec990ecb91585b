import { describe, expect, it } from 'vitest'
import { claims, type Document } from '../../fuzz/compare.js'
import { reportOf } from '../../fuzz/kinds/absent.js'
import { Overlay } from '../../fuzz/overlay.js'
import { arenaWorld, mapWorld, programWorld, schedWorld, type World } from '../../fuzz/worlds.js'

interface Told extends Document {
  readonly sched?: { readonly absent?: readonly { readonly reason: string }[] }
}

/** All that a report says of what it lacks. */
const words = ({ problems, sections, sched }: Told): Set<string> =>
  new Set([
    ...problems.map(({ message }) => message),
    ...Object.values(sections).flatMap(({ reasons }) => reasons),
    ...(sched?.absent ?? []).map(({ reason }) => reason),
  ])

/** Types by another name: this kernel's BTF does not have them, though its memory is full of them. */
const cases: readonly (readonly [world: () => World, names: readonly string[]])[] = [
  [mapWorld, ['range_node', 'bpf_struct_ops_map']],
  [programWorld, ['bpf_stream_elem', 'bpf_cgroup_link']],
  [arenaWorld, ['range_node', 'bpf_arena', 'vm_struct']],
  [() => schedWorld('early'), ['scx_sched', 'scx_rq', 'scx_dispatch_q', 'rhashtable', 'clocksource']],
  [() => schedWorld('late'), ['scx_sched', 'scx_sched_pnode', 'scx_sched_pcpu', 'scx_cap_flags']],
]

describe.each(cases)('a type that a kernel does not describe', (make, names) => {
  const { name: world, guest } = make()
  const overlay = new Overlay(guest.memory)
  const before = reportOf(overlay) as Told
  const known = words(before)

  it.each(names)(`takes nothing away without a word: %s of ${world}`, (name) => {
    const at = Buffer.from(guest.memory.bytes.buffer).indexOf(`\0${name}\0`)
    expect(at).toBeGreaterThan(0)
    overlay.damage({ patches: [{ at: at + 1, bytes: Uint8Array.of(0x58) }], absent: [] })
    const after = reportOf(overlay) as Told
    expect([...words(after)].filter((word) => !known.has(word))).not.toEqual([])
    // A queue at a place that is none came up where the struct around it is not known.
    const queues = claims(before, after).filter(
      ({ path, fault }) => fault === 'came up' && /queues\[/.test(path),
    )
    expect(queues).toEqual([])
  })
})
