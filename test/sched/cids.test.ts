import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Problems } from '../../src/problems.js'
import { cpusOfCids, readCids } from '../../src/sched/cids.js'
import { schedContext } from '../../src/sched/context.js'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'
import { ObjectWriter } from '../support/object-writer.js'

interface Spec {
  readonly hasTopology?: boolean
  readonly shards?: number
  readonly leave?: readonly ('cid_to_shard' | 'shard_ranges' | 'shard_node' | 'topo')[]
  readonly isNull?: boolean
  /** No struct at all. */
  readonly isOld?: boolean
}

function read({ hasTopology = true, shards = 2, leave = [], isNull = false, isOld = false }: Spec = {}) {
  const t = new Types()
  const { s32, u32, pointer } = t
  if (!isOld)
    t.struct('scx_cid_tables', {
      cid_to_cpu: pointer,
      cid_to_shard: pointer,
      nr_shards: u32,
      shard_ranges: pointer,
      shard_node: pointer,
      ...(hasTopology ? { topo: pointer } : {}),
    })
  t.struct('scx_cid_shard', { base_cid: s32, nr_cids: s32 })
  if (hasTopology) t.struct('scx_cid_topo', { core_idx: s32, llc_idx: s32, node_idx: s32 })
  const types = Btf.parse(t.b.build())
  const guest = new KernelGuest({ btf: types.bytes, cpus: [0, 1, 2, 3] })
  const objects = new ObjectWriter(guest, types)
  const words = (...all: readonly number[]): bigint => {
    const at = guest.alloc(all.length * 4)
    for (const [n, word] of all.entries()) guest.u32(at + BigInt(n * 4), word >>> 0)
    return at
  }
  const cpus = guest.alloc(8)
  // The second and the fourth have no CPU.
  guest.u32(cpus, 0xffff_0002)
  guest.u32(cpus + 4n, 0x8000_0000)
  if (!isOld) {
    const members: Record<string, bigint | number> = {
      cid_to_cpu: cpus,
      cid_to_shard: words(1, 0, -1, 0),
      nr_shards: shards,
      shard_ranges: words(0, 2, 2, 1),
      shard_node: words(3, -1),
      ...(hasTopology ? { topo: words(0, 1, 2, 3, 4, 5, -1, -1, -1, 9, 9, 9) } : {}),
    }
    for (const name of leave) members[name] = 0n
    guest.u64(guest.global('scx_cid_tables', 8), isNull ? 0n : objects.make('scx_cid_tables', members))
  }
  const problems = new Problems()
  const kernel = guest.kernel()
  const context = schedContext(kernel, problems)
  const tables = readCids(context)
  expect(new Sched(kernel).cids).toEqual(tables)
  return {
    tables,
    said: problems.sentences,
    absences: context.absences.list.map(({ reason }) => reason),
    cpus: guest.cpus,
  }
}

describe('cids', () => {
  it('are the CPUs in the order of the machine, those without one left out', () => {
    const { tables, said } = read()
    expect(tables?.cids).toEqual([
      { cid: 0, cpu: 2, shard: 1, core: 0, llc: 1, node: 2 },
      { cid: 2, cpu: 0, shard: undefined, core: undefined, llc: undefined, node: undefined },
    ])
    expect(tables?.shards).toEqual([
      { shard: 0, firstCid: 0, cids: 2, node: 3 },
      { shard: 1, firstCid: 2, cids: 1, node: undefined },
    ])
    expect(said).toEqual([])
  })

  it('have no more than the kernel keeps', () => {
    const bare = { core: undefined, llc: undefined, node: undefined }
    expect(read({ hasTopology: false }).tables?.cids[0]).toEqual({ cid: 0, cpu: 2, shard: 1, ...bare })
    expect(read({ leave: ['topo'] }).tables?.cids[0]).toMatchObject(bare)
    expect(read({ leave: ['cid_to_shard'] }).tables?.cids[0]).toMatchObject({ cpu: 2, shard: undefined })
    expect(read({ leave: ['shard_ranges'] }).tables?.shards).toEqual([])
    expect(read({ leave: ['shard_node'] }).tables?.shards[0]).toEqual({
      shard: 0,
      firstCid: 0,
      cids: 2,
      node: undefined,
    })
    expect(read({ shards: 0 })).toMatchObject({ tables: { shards: [] }, said: [] })
    expect(read({ shards: 4097 })).toMatchObject({
      tables: { shards: [] },
      said: ['scx_cid_tables: 4097 shards cannot be'],
    })
    expect(read({ isNull: true })).toMatchObject({ tables: undefined, said: [] })
    expect(read({ isOld: true })).toMatchObject({
      tables: undefined,
      absences: expect.arrayContaining(['this kernel numbers CPUs in one way (no scx_cid_tables)']),
    })
  })

  it('lead to CPUs, where all of them do', () => {
    const { tables } = read()
    expect(cpusOfCids(tables, [0, 2])).toEqual([0, 2])
    expect(cpusOfCids(tables, [2])).toEqual([0])
    expect(cpusOfCids(tables, [0, 1])).toBeUndefined()
    expect(cpusOfCids(undefined, [0])).toBeUndefined()
    expect(cpusOfCids(tables, [])).toEqual([])
  })
})
