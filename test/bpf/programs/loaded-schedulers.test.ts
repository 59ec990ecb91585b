import { describe, expect, it } from 'vitest'
import type { MapInfo } from '../../../src/bpf/map-info.js'
import type { BpfProgram } from '../../../src/bpf/program.js'
import { structOpsMembers } from '../../../src/bpf/programs/membership.js'
import { schedulerObjects } from '../../../src/bpf/programs/scheduler-objects.js'
import { Btf } from '../../../src/btf/btf.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { kernelTypesBuilder as b } from '../../support/kernel-types.js'
import { type MemberValues, ObjectWriter } from '../../support/object-writer.js'
import { writeList } from '../../support/structures.js'

/** The test kernel's types, and struct scx_sched beside them. */
function withSchedulers(): { bytes: Uint8Array; types: Btf } {
  const before = Btf.parse(b.build(), { name: 'before' })
  const idOf = (name: string): number => before.find(name, 'struct')?.id ?? 0
  const operation = before.findStruct('sched_ext_ops')?.member('enqueue')?.type.id ?? 0
  const [u64, bool] = [b.int('u64', 8), b.int('_Bool', 1, { bool: true })]
  const cids = b.struct('sched_ext_ops_cid', [
    { name: 'flags', type: u64 },
    { name: 'tick', type: operation },
    { name: 'name', type: b.array(b.int('char', 1, { signed: true }), 16) },
  ])
  b.struct('scx_sched', [
    { name: 'pad', type: u64 },
    { name: 'ops', type: idOf('sched_ext_ops') },
    { name: 'ops_cid', type: cids },
    { name: 'is_cid_type', type: bool },
    { name: 'all', type: idOf('list_head') },
  ])
  const bytes = b.build()
  return { bytes, types: Btf.parse(bytes, { name: 'the test kernel' }) }
}

const { bytes, types } = withSchedulers()
const wild = 0xffff800000001000n
const wrapper = 'bpf_struct_ops_sched_ext_ops'

/** Kernels with struct scx_sched: the root, and schedulers of cgroups on a list. */
class World {
  readonly guest = new KernelGuest({ btf: bytes })
  readonly objects = new ObjectWriter(this.guest, types)
  readonly #loaded: bigint[] = []
  readonly maps: MapInfo[] = []

  loaded(members: MemberValues): this {
    this.#loaded.push(this.objects.make('scx_sched', members))
    return this
  }

  map(
    id: number,
    enqueue: bigint,
    dispatch: bigint,
    { name = 'own', state = 1, type = 'struct_ops' } = {},
  ): this {
    const { objects } = this
    const size = objects.sizeOf(wrapper)
    const uvalue = objects.make(wrapper, { 'data.enqueue': id * 10 + 1, 'data.dispatch': id * 10 })
    const address = objects.make(
      'bpf_struct_ops_map',
      { 'kvalue.common.state': state, uvalue },
      { extra: size },
    )
    const kvalue = address + BigInt(objects.offsetOf('bpf_struct_ops_map', 'kvalue'))
    objects.set(wrapper, kvalue, { 'data.enqueue': enqueue, 'data.dispatch': dispatch, 'data.name': name })
    const valueType = types.findStruct(wrapper)
    this.maps.push({ id, name: `m${id}`, type, address, valueType } as unknown as MapInfo)
    return this
  }

  find(programs: readonly Partial<BpfProgram>[] = []) {
    const { guest } = this
    const [root = 0n] = this.#loaded
    guest.u64(guest.global('scx_root', 8), root)
    const all = BigInt(this.objects.offsetOf('scx_sched', 'all'))
    writeList(
      guest,
      guest.global('scx_sched_all', 16),
      this.#loaded.map((each) => each + all),
    )
    const problems = new Problems()
    const found = schedulerObjects(guest.kernel(), this.maps, programs as BpfProgram[], problems)
    return { found, problems: problems.sentences, loaded: this.#loaded }
  }
}

describe('schedulers, of which several are loaded', () => {
  it('are held each to the one that calls most of its functions', () => {
    const world = new World()
      .loaded({ 'ops.enqueue': 0x1000n, 'ops.dispatch': 0x1040n, 'ops.name': 'root' })
      .loaded({ 'ops.enqueue': 0x2000n, 'ops.dispatch': 0x1040n, 'ops.name': 'below' })
      .map(5, 0x2000n, 0x1040n, { name: 'below' })
      .map(6, 0x1000n, 0x1040n, { name: 'root' })
      .map(7, 0x7000n, 0x7040n, { name: 'gone', state: 3 })
    const { found, loaded, problems } = world.find()
    expect(problems).toEqual([])
    expect(found.map(({ mapId, isActive, scheduler, score }) => [mapId, isActive, scheduler, score])).toEqual(
      [
        // 8 for its functions, 2 for a map in use, 1 for its name.
        [5, true, loaded[1], 11],
        [6, true, loaded[0], 11],
        [7, false, undefined, 1],
      ],
    )
    expect(found[2]?.evidence).toEqual(['the kernel calls none of its functions', 'its map is ready'])
    expect(found[0]?.evidence).toEqual([
      'the kernel calls 2 of its 2 functions',
      'its map is in use',
      'the running scheduler is called below too',
    ])
  })

  it('are told by functions and not by names: one without a name has none in common', () => {
    const { found } = new World()
      .loaded({ 'ops.enqueue': 0x1000n, 'ops.dispatch': 0x1040n })
      .map(5, 0x1000n, 0x1040n, { name: '', state: 0 })
      .find()
    expect(found[0]).toMatchObject({
      score: 8,
      evidence: ['the kernel calls 2 of its 2 functions', 'its map is in state init'],
    })
  })

  it('may number CPUs as cids: their operations are others, of another place', () => {
    const { found, loaded } = new World()
      .loaded({
        is_cid_type: true,
        'ops.enqueue': 0x9000n,
        'ops_cid.tick': 0x1000n,
        'ops_cid.name': 'cids',
      })
      .map(5, 0x9000n, 0x9040n, { name: 'cids' })
      .find()
    // It has no function of the map's: tick is none of its members.
    expect(found[0]).toMatchObject({ isActive: false, scheduler: undefined })
    expect(loaded).toHaveLength(1)
  })

  it('may be unreadable, which is said, and those that have no functions are none', () => {
    const world = new World().loaded({}).map(5, 0x1000n, 0x1040n)
    expect(world.find().found[0]?.evidence[0]).toBe('the kernel runs no BPF scheduler')
    const guest = new KernelGuest({ btf: bytes })
    guest.u64(guest.global('scx_root', 8), wild)
    const problems = new Problems()
    expect(schedulerObjects(guest.kernel(), [], [], problems)).toEqual([])
    expect(problems.sentences).toEqual([expect.stringMatching(/^running scheduler: page not present/)])
  })

  it('use the maps of their programs, each once and in order', () => {
    const programs = [
      { id: 50, mapIds: [9, 2] },
      { id: 51, mapIds: [2, 30] },
      { id: 52, mapIds: [77] },
    ]
    const { found } = new World().map(5, 0x1000n, 0x1040n).find(programs)
    expect(found[0]).toMatchObject({
      programIds: [50, 51],
      mapIds: [2, 5, 9, 30],
      members: [
        { member: 'enqueue', programId: 51, trampoline: 0x1000n, mapId: 5, mapName: 'm5' },
        { member: 'dispatch', programId: 50, trampoline: 0x1040n, mapId: 5, mapName: 'm5' },
      ],
    })
  })

  it('say in which state a map is that has no name', () => {
    const { found } = new World().map(5, 0x1000n, 0x1040n, { state: 9 }).find()
    expect(found[0]?.evidence).toContain('its map is in state 9')
  })
})

describe('members of struct_ops maps', () => {
  const members = (world: World, change: (info: MapInfo) => Partial<MapInfo> = () => ({})) => {
    const maps = world.maps.map((info) => ({ ...info, ...change(info) }))
    const problems = new Problems()
    return structOpsMembers(world.guest.kernel(), maps, problems).map(({ member }) => member)
  }

  it('are those of maps whose operations are known', () => {
    const both = ['enqueue', 'dispatch']
    expect(members(new World().map(5, 1n, 2n))).toEqual(both)
    expect(members(new World().map(5, 1n, 2n, { type: 'hash' }))).toEqual([])
    expect(members(new World().map(5, 1n, 2n), () => ({ valueType: undefined }))).toEqual([])
    // A struct without operations.
    expect(members(new World().map(5, 1n, 2n), () => ({ valueType: types.findStruct('bpf_map') }))).toEqual(
      [],
    )
    const { guest, objects, maps } = new World().map(5, 1n, 2n)
    objects.set('bpf_struct_ops_map', maps[0]?.address ?? 0n, { uvalue: 0n })
    expect(structOpsMembers(guest.kernel(), maps, new Problems())).toEqual([])
  })
})
