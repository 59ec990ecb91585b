import { describe, expect, it } from 'vitest'
import { loadedSchedulers, operationsOf } from '../../src/kernel/sched-ext.js'
import { Problems } from '../../src/problems.js'
import { BtfBuilder } from '../btf/builder.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { writeList } from '../support/structures.js'

interface Shape {
  /** Linux 7.1 and newer: schedulers of cgroups on a list. */
  readonly hasList?: boolean
  /** 7.3 and newer: schedulers that number CPUs as cids. */
  readonly hasCids?: boolean
}

const size = 128
const places = { all: 24, isCid: 8, ops: 48, opsCid: 80 }

function types({ hasList = true, hasCids = true }: Shape): Uint8Array {
  const b = new BtfBuilder()
  const bool = b.int('_Bool', 1, { bool: true })
  const u64 = b.int('unsigned long', 8)
  const list = b.struct('list_head', [
    { name: 'next', type: b.pointer(0) },
    { name: 'prev', type: b.pointer(0) },
  ])
  const ops = b.struct('sched_ext_ops', [{ name: 'flags', type: u64 }])
  const opsCid = b.struct('sched_ext_ops_cid', [{ name: 'flags', type: u64 }])
  b.struct(
    'scx_sched',
    [
      ...(hasCids ? [{ name: 'is_cid_type', type: bool, offset: places.isCid }] : []),
      ...(hasList ? [{ name: 'all', type: list, offset: places.all }] : []),
      { name: 'ops', type: ops, offset: places.ops },
      ...(hasCids ? [{ name: 'ops_cid', type: opsCid, offset: places.opsCid }] : []),
    ],
    size,
  )
  return b.build()
}

function guestWith(shape: Shape, count: number, isLoaded = true) {
  const guest = new KernelGuest({ btf: types(shape) })
  const schedulers = Array.from({ length: count }, () => guest.alloc(size))
  const root = guest.global('scx_root', 8)
  if (isLoaded) guest.u64(root, schedulers[0] ?? 0n)
  const head = guest.global('scx_sched_all', 16)
  writeList(
    guest,
    head,
    schedulers.map((at) => at + BigInt(places.all)),
  )
  return { guest, schedulers, root, head }
}

const read = (guest: KernelGuest) => {
  const problems = new Problems()
  return { found: loadedSchedulers(guest.kernel(), problems), problems: problems.sentences }
}

describe('loadedSchedulers', () => {
  it('gives each scheduler once, the root first', () => {
    const { guest, schedulers } = guestWith({}, 3)
    expect(read(guest)).toEqual({ found: schedulers, problems: [] })
  })

  it('gives the root alone on kernels that have no list', () => {
    const { guest, schedulers } = guestWith({ hasList: false }, 3)
    expect(read(guest)).toEqual({ found: schedulers.slice(0, 1), problems: [] })
  })

  it('gives those of the list while there is no root', () => {
    const { guest, schedulers } = guestWith({}, 2, false)
    expect(read(guest)).toEqual({ found: schedulers, problems: [] })
    expect(read(guestWith({}, 0).guest)).toEqual({ found: [], problems: [] })
  })

  it('gives none on kernels that keep it otherwise', () => {
    const without = new KernelGuest({ btf: types({}) })
    expect(read(without)).toEqual({ found: [], problems: [] })
  })

  it('says that a root is of a type that this kernel does not describe', () => {
    const guest = new KernelGuest()
    guest.u64(guest.global('scx_root', 8), 0x1000n)
    expect(read(guest)).toEqual({ found: [], problems: ['scx_root: this kernel has no struct scx_sched'] })
  })

  it('says what of them cannot be read', () => {
    const { guest, schedulers, head } = guestWith({}, 2)
    guest.u64(head, 0xffff800000001000n)
    const { found, problems } = read(guest)
    expect(found).toEqual([schedulers[0], schedulers[1]])
    expect(problems).toEqual([expect.stringMatching(/^scx_sched_all: list /)])
  })
})

describe('operationsOf', () => {
  it('tells by the scheduler which operations it has, and where', () => {
    const { guest, schedulers } = guestWith({}, 2)
    const [cpu = 0n, cid = 0n] = schedulers
    guest.write(cid + BigInt(places.isCid), Uint8Array.of(1))
    const kernel = guest.kernel()
    expect(operationsOf(kernel, cpu)).toEqual({ type: 'sched_ext_ops', at: cpu + BigInt(places.ops) })
    expect(operationsOf(kernel, cid)).toEqual({ type: 'sched_ext_ops_cid', at: cid + BigInt(places.opsCid) })
  })

  it('knows one kind on kernels before there was another', () => {
    const { guest, schedulers } = guestWith({ hasCids: false }, 1)
    const [only = 0n] = schedulers
    guest.write(only + BigInt(places.isCid), Uint8Array.of(1))
    expect(operationsOf(guest.kernel(), only)).toEqual({
      type: 'sched_ext_ops',
      at: only + BigInt(places.ops),
    })
  })
})
