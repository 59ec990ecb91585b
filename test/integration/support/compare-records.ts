import { expect } from 'vitest'
import type { Session } from '../../../src/session/session.js'
import { entriesOf, type Named, stateOf } from './compare-maps.js'
import type { GroundTruth } from './demo-guest.js'

/** Maps that are no tables: queues, filters, rings, stacks, operations. */

/** Queue and stack, in the order in which pop would give them. */
export function compareQueues(session: Session): void {
  const words = entriesOf(session, 'fifo').map(({ value }) =>
    Buffer.from(value?.hex ?? '', 'hex').readUInt32LE(),
  )
  expect(words).toEqual([3, 4, 0x9000, 0x9001, 0x9002, 0x9003])
  expect(session.map('fifo').entry()?.value?.bytes).toEqual(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0))
  const specimens = entriesOf(session, 'lifo').map(({ value }) => Buffer.from(value?.hex ?? '', 'hex'))
  expect(specimens.map((bytes) => [bytes.readUInt32LE(), bytes.subarray(8, 10).toString()])).toEqual([
    [4, 'eA'],
    [3, 'dA'],
    [2, 'cA'],
    [1, 'bA'],
    [0, 'aA'],
  ])
}

/** Bloom filter: its parameters, and 0 to 4 in it. */
export function compareFilter(session: Session): void {
  const map = session.map('seen')
  const state = stateOf(session, 'seen')
  expect(state).toMatchObject({ hashFunctions: 3 })
  expect(state.bitsSet).toBeGreaterThan(5)
  expect(state.bitsSet).toBeLessThanOrEqual(15)
  expect(state.estimatedElements).toBeGreaterThan(3)
  expect(state.estimatedElements).toBeLessThan(7)
  const number = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
  for (let i = 0; i < 5; i++) expect(map.has(number(i))).toBe(true)
  let mistaken = 0
  for (let i = 5; i < 5005; i++) if (map.has(number(i))) mistaken++
  // At 2.5 in 100,000 one is rare.
  expect(mistaken).toBeLessThan(6)
}

/** Record n of the gallery's ring: fill_ring in gallery.bpf.c. */
function ringRecord(n: number): { hex: string; discarded: boolean } {
  const length = n % 8 === 2 ? 1 : 1 + (n % 4)
  const bytes = Buffer.alloc(length * 8)
  for (let i = 0; i < length; i++) bytes.writeBigUInt64LE(BigInt(n) + (i === 0 ? 0x5242n << 48n : 0n), i * 8)
  return { hex: bytes.toString('hex'), discarded: n % 8 === 2 }
}

/** Ring buffers: positions and every record that was not consumed. */
export function compareRings(session: Session): void {
  expect(stateOf(session, 'ring')).toMatchObject({
    size: 4096,
    consumerPosition: 304,
    producerPosition: 4200,
    unconsumed: 3896,
  })
  const ring = entriesOf(session, 'ring')
  expect(ring).toHaveLength(150)
  for (const [i, { value, notes }] of ring.entries()) {
    const { hex, discarded } = ringRecord(12 + i)
    expect(notes).toMatchObject({ length: hex.length / 2, busy: false, discarded })
    // What a discarded record holds is whatever lay there.
    if (!discarded) expect(value?.hex).toBe(hex)
  }
  expect(ring.filter(({ notes }) => notes?.wrapped === true)).toHaveLength(1)

  const texts = (name: string): unknown[] =>
    entriesOf(session, name).map(({ value, notes }) => [
      Buffer.from(value?.hex ?? '', 'hex')
        .toString('latin1')
        .replace(/\0.*$/, ''),
      notes?.discarded,
      notes?.busy,
    ])
  expect(texts('user_ring')).toEqual([0, 1, 2].map((n) => [`user record ${n}`, false, false]))
  expect(texts('rare_user_ring')).toEqual([
    ['record 0', false, false],
    ['record 1', true, false],
    ['record 2', false, true],
  ])

  const overwrites = session.maps.some(({ name }) => name === 'rare_overwrite')
  expect(overwrites).toBe(session.kernel.layouts.get('bpf_ringbuf').has('overwrite_mode'))
  if (!overwrites) return
  const kept = entriesOf(session, 'rare_overwrite').map(({ value }) =>
    Buffer.from(value?.hex ?? '', 'hex').readUInt32LE(),
  )
  // 600 records of 16 bytes; the newest of them that fit 4096.
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 600 - kept.length + i))
  expect(kept.length).toBeGreaterThanOrEqual(255)
}

/** Frames of kernel stacks against /proc/kallsyms, and build ids. */
export function compareStacks(session: Session, truth: GroundTruth): void {
  const symbols = truth
    .text('kallsyms')
    .split('\n')
    .map((line) => /^([0-9a-f]{16}) . (\S+)/.exec(line))
    .filter((match) => match !== null)
    .map(([, address, name]) => ({ address: BigInt(`0x${address}`), name }))
  const starts = new Map<string, Set<bigint>>()
  for (const { address, name } of symbols) {
    starts.set(name as string, (starts.get(name as string) ?? new Set()).add(address))
  }
  let frames = 0
  for (const { notes } of entriesOf(session, 'stacks')) {
    for (const frame of (notes?.frames ?? []) as readonly { address: string; symbol?: string }[]) {
      const [, name = '', offset = '0'] = /^([^+ ]+)(?:\+(0x[0-9a-f]+))?/.exec(frame.symbol ?? '') ?? []
      const start = BigInt(frame.address) - BigInt(offset)
      expect(starts.get(name)?.has(start), `${frame.address} ${frame.symbol}`).toBe(true)
      frames++
    }
  }
  expect(frames).toBeGreaterThan(50)

  const [stack] = entriesOf(session, 'rare_stacks')
  const [top] = (stack?.notes?.frames ?? []) as readonly object[]
  expect(stateOf(session, 'rare_stacks')).toMatchObject({ buildIds: true, deepest: 8 })
  expect(top).toMatchObject({ status: 'valid', buildId: expect.stringMatching(/^[0-9a-f]{40}$/) })
}

/** struct_ops: state, and the program behind each member against bpftool's list of programs. */
export function compareOperations(session: Session, truth: GroundTruth): void {
  const programs = truth.json<{ id: number; name?: string }[]>('progs.json')
  const [entry] = entriesOf(session, 'demo_ops')
  const members = entry?.notes?.members as {
    member: string
    program: Named
    trampoline: { symbol?: string }
  }[]
  expect(members.length).toBeGreaterThan(8)
  for (const { member, program, trampoline } of members) {
    expect(program.name).toBe(`demo_${member}`)
    expect(program.name).toBe(programs.find(({ id }) => id === program.id)?.name)
    expect(trampoline.symbol).toBe(`bpf__sched_ext_ops_${member} [bpf]`)
  }
  const links = truth.json<{ id: number; map_id?: number; type: string }[]>('links.json')
  const held = links.filter(({ type }) => type === 'struct_ops').map(({ id }) => id)
  expect(stateOf(session, 'demo_ops')).toMatchObject({
    state: 'ready',
    operations: 'sched_ext_ops',
    links: held,
  })
  expect(entry?.value?.value).toMatchObject({ data: { name: 'scx_demo' } })
}
