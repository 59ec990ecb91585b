import { describe, expect, it } from 'vitest'
import { BpfMap } from '../../../src/bpf/map.js'
import { readMap } from '../../../src/bpf/map-info.js'
import type { Details } from '../../../src/contract/details.js'
import { Problems } from '../../../src/problems.js'
import { addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { kernelTypes } from '../../support/kernel-types.js'
import { addMap } from '../../support/map-objects.js'
import { addText, Links } from '../../support/program-objects.js'

const wrapper = 'bpf_struct_ops_sched_ext_ops'
const wild = 0xffff_dead_0000_0000n
const size = kernelTypes.findStruct(wrapper)?.size ?? 0

interface Spec {
  readonly state?: number
  readonly typed?: boolean
  readonly valueSize?: number
  readonly functions?: number
  readonly counts?: readonly [refcnt: number, usercnt: number]
  /** Changes addresses before the map is read. */
  readonly links?: bigint
  readonly uvalue?: bigint
}

/** A scheduler's operations: two programs, of which the kernel calls trampolines. */
function world({
  state = 1,
  typed = true,
  valueSize = size,
  functions = 2,
  counts = [3, 1],
  ...more
}: Spec = {}) {
  const guest = new KernelGuest()
  const { objects } = guest
  const trampoline = guest.symbol('trampoline', guest.image(64), 'T')
  const uvalue = objects.make(wrapper, { 'data.enqueue': 7, 'data.dispatch': 99, 'data.name': 'demo' })
  const link = objects.make('bpf_link', { prog: addProgram(guest, { id: 7, name: 'demo_enqueue' }).address })
  const links = guest.alloc(16)
  guest.u64(links, link)
  const name = addText(guest, 'sched_ext_ops')
  const st_ops_desc = objects.make('bpf_struct_ops_desc', {
    st_ops: objects.make('bpf_struct_ops', { name }),
  })
  const members = {
    st_ops_desc,
    links: more.links ?? links,
    funcs_cnt: functions,
    uvalue: more.uvalue ?? uvalue,
    'kvalue.common.state': state,
  }
  const map = addMap(guest, 'struct_ops', 'bpf_struct_ops_map', {
    keySize: 4,
    valueSize,
    maxEntries: 1,
    members,
    extra: size,
  })
  const kvalue = map + BigInt(objects.offsetOf('bpf_struct_ops_map', 'kvalue'))
  objects.set(wrapper, kvalue, {
    'data.enqueue': trampoline + 4n,
    'data.dispatch': trampoline,
    'data.name': 'kernel',
  })
  objects.set('bpf_struct_ops_map', map, { 'kvalue.common.state': state })
  objects.set('bpf_map', map, { refcnt: counts[0], usercnt: counts[1] })
  const attached = new Links(guest)
  attached.add('struct_ops', 'bpf_struct_ops_link', { map: map + 8n })
  attached.add('struct_ops', 'bpf_struct_ops_link', { map })
  attached.add('raw_tracepoint' as 'struct_ops', 'bpf_raw_tp_link', {})
  attached.finish()
  const problems = new Problems()
  const kernel = guest.kernel()
  const info = { ...readMap(kernel, map), ...(typed ? { valueType: kernelTypes.findStruct(wrapper) } : {}) }
  return { map: new BpfMap(kernel, info, problems), problems, trampoline, links, uvalue }
}

const membersOf = (details: Details | undefined): readonly Details[] =>
  (details?.members ?? []) as readonly Details[]

describe('a map of operations', () => {
  it('says which programs are behind them, and what holds it', () => {
    const { map, problems, trampoline } = world()
    const state = map.state(problems)
    expect(state).toMatchObject({ state: 'inuse', operations: 'sched_ext_ops', functions: 2, links: [2] })
    const hex = (address: bigint) => `0x${address.toString(16)}`
    expect(membersOf(state)).toEqual([
      {
        member: 'enqueue',
        program: expect.objectContaining({ kind: 'program', id: 7, name: 'demo_enqueue' }),
        trampoline: { address: hex(trampoline + 4n), symbol: 'trampoline+0x4' },
      },
      {
        member: 'dispatch',
        program: { kind: 'program', id: 99 },
        trampoline: { address: hex(trampoline), symbol: expect.stringContaining('trampoline') },
      },
    ])
    expect(problems.list).toEqual([])
  })

  it('has one value: what user space gave, with state and references as they are', () => {
    const entry = (spec: Spec) => [...world(spec).map.entries()][0]
    const bytes = (spec: Spec) => Buffer.from(entry(spec)?.value?.bytes ?? [])
    const common = (spec: Spec) => [bytes(spec).readUInt32LE(0), bytes(spec).readUInt32LE(4)]
    expect(common({})).toEqual([1, 2])
    expect(common({ state: 3, counts: [5, 5] })).toEqual([3, 0])
    expect(common({ counts: [1, 4] })).toEqual([1, 0])
    expect(bytes({}).readBigUInt64LE(8)).toBe(7n)
    // Before it is given anything, it is all zeros.
    expect(bytes({ state: 0 }).every((byte) => byte === 0)).toBe(true)
    expect(entry({ state: 0 })?.notes).toMatchObject({ state: 'init' })
    expect(entry({})?.notes).toMatchObject({
      state: 'inuse',
      members: [{ member: 'enqueue' }, { member: 'dispatch' }],
    })
    // Typed values show what the kernel calls.
    expect(JSON.stringify(entry({})?.value?.value)).toContain('kernel')
    expect(entry({ state: 9 })?.notes).toMatchObject({ state: '9' })
  })

  it('is found by the key 0, and no other', () => {
    const { map } = world()
    expect(map.entry(0)?.notes).toMatchObject({ state: 'inuse' })
    expect(map.entry(1)).toBeUndefined()
  })

  it('says what cannot be read', () => {
    const said = (spec: Spec) => {
      const { map, problems } = world(spec)
      const state = map.state(problems)
      const entries = [...map.entries()].length
      return { members: membersOf(state).length, entries, said: problems.sentences.join('; ') }
    }
    expect(said({ typed: false })).toEqual({ members: 0, entries: 1, said: '' })
    expect(said({ uvalue: 0n, state: 0 })).toEqual({ members: 0, entries: 1, said: '' })
    expect(said({ links: 0n })).toEqual({ members: 2, entries: 1, said: '' })
    expect(said({ links: wild })).toMatchObject({
      members: 2,
      entries: 1,
      said: expect.stringMatching(/link 0.*not present/),
    })
    expect(said({ uvalue: wild })).toMatchObject({
      members: 0,
      entries: 0,
      said: expect.stringMatching(/operations: .*not present.*value: /),
    })
    expect(said({ functions: 4097 })).toMatchObject({
      members: 2,
      said: expect.stringContaining('links: it claims 4097 functions'),
    })
    expect(said({ functions: 4096 }).said).not.toContain('claims')
    expect(said({ valueSize: 4 })).toMatchObject({
      entries: 0,
      said: expect.stringContaining('a value of 4 bytes has no room for operations'),
    })
  })
})
