import { describe, expect, it } from 'vitest'
import type { MapInfo } from '../../../src/bpf/map-info.js'
import { listPrograms } from '../../../src/bpf/program.js'
import { schedulerObjects } from '../../../src/bpf/programs/scheduler-objects.js'
import { Problems } from '../../../src/problems.js'
import { addArray, addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { kernelTypes } from '../../support/kernel-types.js'
import { Links } from '../../support/program-objects.js'

const wild = 0xffff800000001000n

interface Scheduler {
  readonly id: number
  readonly name: string
  readonly state: number
  /** Addresses of the two functions, and the programs behind them. */
  readonly functions: readonly [enqueue: bigint, dispatch: bigint]
  readonly programs: readonly [enqueue: number, dispatch: number]
}

/** A struct_ops map as it is after bpf(BPF_MAP_UPDATE_ELEM): trampolines in kvalue, program ids in uvalue. */
function addScheduler(guest: KernelGuest, { id, name, state, functions, programs }: Scheduler): MapInfo {
  const { objects } = guest
  const wrapper = 'bpf_struct_ops_sched_ext_ops'
  const size = objects.sizeOf(wrapper)
  const address = objects.make('bpf_struct_ops_map', { 'kvalue.common.state': state }, { extra: size })
  const uvalue = objects.make(wrapper, { 'data.enqueue': programs[0], 'data.dispatch': programs[1] })
  objects.set('bpf_struct_ops_map', address, { uvalue })
  objects.set(wrapper, address + BigInt(objects.offsetOf('bpf_struct_ops_map', 'kvalue')), {
    'data.enqueue': functions[0],
    'data.dispatch': functions[1],
    'data.name': name,
  })
  return {
    id,
    name: `ops_${id}`,
    type: 'struct_ops',
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: 0,
    mapExtra: 0n,
    frozen: false,
    address,
    btfId: 0,
    keyType: undefined,
    valueType: kernelTypes.findStruct(wrapper),
    problems: [],
  }
}

const old: Scheduler = {
  id: 5,
  name: 'demo',
  state: 3,
  functions: [0x5000n, 0x5040n],
  programs: [50, 51],
}
const current: Scheduler = {
  id: 6,
  name: 'demo',
  state: 3,
  functions: [0x6000n, 0x6040n],
  programs: [60, 61],
}

function find(
  schedulers: readonly Scheduler[],
  running: Scheduler | undefined,
  change: (guest: KernelGuest, maps: readonly MapInfo[]) => void = () => {},
) {
  const guest = new KernelGuest()
  const ops = guest.global('scx_ops', guest.objects.sizeOf('sched_ext_ops'))
  if (running !== undefined) {
    const [enqueue, dispatch] = running.functions
    guest.objects.set('sched_ext_ops', ops, { enqueue, dispatch, name: running.name })
  }
  const maps = schedulers.map((one) => addScheduler(guest, one))
  change(guest, maps)
  const kernel = guest.kernel()
  const problems = new Problems()
  return {
    objects: schedulerObjects(kernel, maps, listPrograms(kernel, problems), problems),
    problems: problems.list,
  }
}

describe('the active scheduler', () => {
  it('is the one whose functions the kernel calls, whatever the others are called', () => {
    const { objects, problems } = find([old, current], current, (guest, maps) => {
      const data = addArray(guest, { id: 9, valueSize: 8, maxEntries: 1 })
      addProgram(guest, { id: 60, maps: [data] })
      addProgram(guest, { id: 61, maps: [data] })
      addProgram(guest, { id: 50 })
      const links = new Links(guest)
      links.add('struct_ops', 'bpf_struct_ops_link', { map: wild })
      const map = maps[1]?.address ?? 0n
      guest.objects.set('bpf_map', map, { id: 6, name: 'ops_6' })
      links.add('struct_ops', 'bpf_struct_ops_link', { map })
      links.finish()
    })
    expect(objects.map(({ mapId, isActive }) => [mapId, isActive])).toEqual([
      [6, true],
      [5, false],
    ])
    expect(objects[0]).toMatchObject({
      name: 'demo',
      programIds: [60, 61],
      mapIds: [6, 9],
      evidence: [
        'the kernel calls 2 of its 2 functions',
        'its map is ready',
        'link 2 holds it',
        'the running scheduler is called demo too',
      ],
      members: [
        { member: 'enqueue', programId: 60, trampoline: 0x6000n },
        { member: 'dispatch', programId: 61, trampoline: 0x6040n },
      ],
    })
    expect(objects[1]?.evidence[0]).toBe('the kernel calls none of its functions')
    expect(problems).toEqual([{ where: 'target of link 1', why: expect.stringMatching(/^page not/) }])
  })

  it('is none when the kernel runs none', () => {
    const { objects } = find([old, current], undefined)
    expect(objects.map(({ isActive }) => isActive)).toEqual([false, false])
    expect(objects[0]?.evidence).toContain('the kernel runs no BPF scheduler')
  })

  it('may have one function only', () => {
    const single: Scheduler = { ...current, programs: [60, 0] }
    const { objects } = find([single], current)
    expect(objects).toMatchObject([
      {
        isActive: true,
        programIds: [60],
        evidence: [
          'the kernel calls 1 of its 1 functions',
          'its map is ready',
          'the running scheduler is called demo too',
        ],
      },
    ])
  })

  it('is none of those that user space gave no functions', () => {
    const none = find([{ ...current, programs: [0, 0] }], current)
    expect([none.objects, none.problems]).toEqual([[], []])
    const early = find([current], current, (guest, maps) => {
      guest.objects.set('bpf_struct_ops_map', maps[0]?.address ?? 0n, { uvalue: 0n })
    })
    expect([early.objects, early.problems]).toEqual([[], []])
  })

  it('is not known where it cannot be read which schedulers the kernel runs', () => {
    const { objects, problems } = find([old, current], current, (guest) => {
      guest.u64(guest.symbol('scx_root', guest.image(8)), wild)
    })
    expect(objects.map(({ isActive }) => isActive)).toEqual([undefined, undefined])
    for (const { evidence } of objects) {
      expect(evidence).toContain('which schedulers the kernel runs could not all be read')
      expect(evidence.join()).not.toMatch(/runs no|calls none/)
    }
    expect(problems).toEqual([expect.objectContaining({ where: 'scx_root' })])
  })

  it('is none of those of which it calls but a part', () => {
    const half: Scheduler = { ...old, functions: [0x6000n, 0x9999n] }
    const { objects } = find([half], current)
    expect(objects).toMatchObject([{ isActive: false }])
    expect(objects[0]?.evidence[0]).toBe('the kernel calls 1 of its 2 functions')
  })

  it('is found beside maps that cannot be read', () => {
    const { objects, problems } = find([old, current], current, (guest, maps) => {
      guest.objects.set('bpf_struct_ops_map', maps[0]?.address ?? 0n, { uvalue: wild })
    })
    expect(objects.map(({ mapId, isActive }) => [mapId, isActive])).toEqual([[6, true]])
    expect(problems).toEqual([{ where: 'map 5', why: expect.stringContaining('page not present') }])
  })
})
