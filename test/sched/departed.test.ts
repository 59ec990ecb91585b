import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Problems } from '../../src/problems.js'
import { schedContext } from '../../src/sched/context.js'
import { readDeparted } from '../../src/sched/departed.js'
import { addBtf } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { kernelTypesBuilder as b } from '../support/kernel-types.js'
import { addMap, memberOf } from '../support/map-objects.js'
import { ObjectWriter } from '../support/object-writer.js'

/** The test kernel's types, and those of sched_ext beside them. */
function kernelWithSchedulers(): { bytes: Uint8Array; types: Btf } {
  const [s32, u64, pointer] = [b.int('int', 4, { signed: true }), b.int('u64', 8), b.pointer(0)]
  const before = Btf.parse(b.build(), { name: 'before' })
  const ops = before.find('sched_ext_ops', 'struct')?.id ?? 0
  b.struct('scx_exit_info', [
    { name: 'exit_code', type: u64 },
    { name: 'bt_len', type: s32 },
    { name: 'kind', type: s32 },
    { name: 'msg', type: pointer },
    { name: 'bt', type: pointer },
    { name: 'reason', type: pointer },
  ])
  b.struct('scx_sched', [
    { name: 'exit_kind', type: s32 },
    { name: 'exit_info', type: pointer },
    { name: 'ops', type: ops },
  ])
  b.enum('scx_exit_kind', { SCX_EXIT_NONE: 0, SCX_EXIT_DONE: 1, SCX_EXIT_UNREG: 64 })
  const bytes = b.build()
  return { bytes, types: Btf.parse(bytes, { name: 'the test kernel' }) }
}

const { bytes, types } = kernelWithSchedulers()
const wrapper = types.find('bpf_struct_ops_sched_ext_ops', 'struct')

interface Spec {
  readonly mapName?: string
  readonly exitKind?: number
  readonly priv?: bigint
  /** scx_root points at it. */
  readonly isLoaded?: boolean
}

/** A struct_ops map that its owner holds, and the scheduler that its operations lead to. */
function world({ mapName = 'made_up', exitKind = 1, priv, isLoaded = false }: Spec) {
  const guest = new KernelGuest({ btf: bytes })
  const objects = new ObjectWriter(guest, types)
  const text = (value: string): bigint => {
    const at = guest.alloc(value.length + 1)
    guest.text(at, value)
    return at
  }
  const exit_info = objects.make('scx_exit_info', {
    kind: 64,
    exit_code: 7n,
    reason: text('unregistered from user space'),
    msg: text('bye'),
  })
  const sched = objects.make('scx_sched', { exit_kind: exitKind, exit_info, 'ops.name': 'made_up' })
  const btf = addBtf(guest, 1, bytes)
  const map = addMap(guest, 'struct_ops', 'bpf_struct_ops_map', { valueSize: wrapper?.size ?? 0, extra: 256 })
  objects.set('bpf_map', map, { btf, btf_value_type_id: wrapper?.id ?? 0 })
  const data = wrapper?.member('data')?.offset ?? 0
  const ops = memberOf(guest, 'bpf_struct_ops_map', map, 'kvalue') + BigInt(data)
  objects.set('sched_ext_ops', ops, { name: mapName, priv: priv ?? sched })
  if (isLoaded) guest.u64(guest.global('scx_root', 8), sched)
  const problems = new Problems()
  const found = readDeparted(schedContext(guest.kernel(), problems))
  return {
    sched,
    found: [...found.seen],
    problems: problems.sentences.filter((text) => !/jiffies/i.test(text)),
  }
}

describe('schedulers that have left', () => {
  it('are found by their struct_ops maps, with what they said at their end', () => {
    const { sched, found, problems } = world({})
    expect(found).toMatchObject([
      {
        address: sched,
        name: 'made_up',
        mapId: 1,
        exit: { kind: 'UNREG', code: 7n, reason: 'unregistered from user space', message: 'bye' },
      },
    ])
    expect(problems).toEqual([])
  })

  it('are none of those that have not left, or whose memory is another one now', () => {
    expect(world({ isLoaded: true }).found).toEqual([])
    expect(world({ exitKind: 0 }).found).toEqual([])
    expect(world({ mapName: 'other' }).found).toEqual([])
    expect(world({ priv: 0n }).found).toEqual([])
  })

  it('are not left out without a word where the scheduler cannot be read', () => {
    const { found, problems } = world({ priv: 0xffff800000001000n })
    expect(found).toEqual([])
    expect(problems).toEqual([expect.stringMatching(/^scheduler of map 1: page not present/)])
  })
})
