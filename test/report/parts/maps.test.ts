import { describe, expect, it } from 'vitest'
import type { BpfProgram } from '../../../src/bpf/program.js'
import { CryoscopeError } from '../../../src/errors.js'
import { EntryStore } from '../../../src/report/entry-store.js'
import { readMaps } from '../../../src/report/parts/maps.js'
import { readPrinted } from '../../../src/report/parts/programs.js'
import { type SectionNotes, Sections } from '../../../src/report/sections.js'
import type { Session } from '../../../src/session/session.js'
import { addArray, addHash } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { sessionOf } from '../support/worlds.js'

const wild = 0xffff800000001000n

/** What a part gives, and what is said of it, one line each. */
function taken<T>(name: 'maps' | 'streams', read: (notes: SectionNotes) => readonly T[]) {
  const sections = new Sections()
  const value = sections.take(name, [] as readonly T[], read)
  return {
    value,
    status: sections.statuses[name]?.status,
    said: sections.problems.map(
      ({ severity, code, subject, message }) => `${severity} ${code} ${subject}: ${message}`,
    ),
  }
}

describe('maps of a report', () => {
  const store = new EntryStore()
  const read = (make: (guest: KernelGuest) => void) => {
    const guest = new KernelGuest()
    make(guest)
    guest.finish()
    const vm = sessionOf(guest.memory)
    const { value, ...rest } = taken('maps', (notes) => readMaps(vm, store, notes))
    return {
      ...rest,
      maps: value.map(({ map, span }) => ({
        ...map,
        lines: span === undefined ? undefined : [...store.lines(span)].length,
      })),
    }
  }

  it('are complete with all their entries, which are counted', () => {
    const { maps, status, said } = read((guest) => {
      addArray(guest, { id: 3, name: 'counters', valueSize: 8, maxEntries: 5 })
      addHash(guest, { id: 4, name: 'empty', valueSize: 8, maxEntries: 8 }, [])
      addArray(guest, { id: 5, name: 'kept', valueSize: 8, maxEntries: 1, members: { frozen: 1 } })
    })
    expect(maps).toMatchObject([
      { id: 3, name: 'counters', status: 'complete', count: 5, lines: 5, problems: [], frozen: false },
      { id: 4, name: 'empty', status: 'complete', count: 0, lines: 0, problems: [] },
      { id: 5, name: 'kept', status: 'complete', count: 1, frozen: true },
    ])
    expect([status, said]).toEqual(['complete', []])
  })

  it('are partial where an entry is lost, and say so once with the map and once among what was lost', () => {
    const { maps, status, said } = read((guest) => {
      const value = new Uint8Array(8)
      const entries = [1, 2, 3].map((n) => ({ key: Uint8Array.of(n, 0, 0, 0), value }))
      const { buckets } = addHash(guest, { id: 4, name: 'torn', valueSize: 8, maxEntries: 8 }, entries)
      for (const bucket of buckets) guest.u64(bucket, wild)
    })
    expect(maps).toMatchObject([{ id: 4, status: 'partial', count: 0, lines: 0 }])
    expect(maps[0]?.problems.length).toBeGreaterThan(0)
    expect(status).toBe('partial')
    expect(said[0]).toMatch(/^error map-entries map:4: /)
    expect(said).toHaveLength(maps[0]?.problems.length ?? 0)
  })

  it('of a type that no reader knows are unavailable, with the reason', () => {
    const { maps, status, said } = read((guest) => {
      addArray(guest, { id: 6, name: 'future', valueSize: 8, maxEntries: 1, members: { map_type: 999 } })
    })
    const [map] = maps
    expect(map).toMatchObject({ id: 6, status: 'unavailable', count: null, lines: undefined })
    expect(map?.problems.at(-1)).toMatchObject({
      where: 'entries',
      why: expect.stringContaining('are newer than this reader'),
    })
    expect(status).toBe('partial')
    expect(said.filter((line) => line.startsWith('error map-unsupported map:6: '))).toHaveLength(1)
  })
})

it('a map whose state cannot be read is there all the same, and so are pointers that may be missed', () => {
  const map = {
    id: 9,
    info: { problems: [{ where: 'key', why: 'no type' }], frozen: false },
    unsupported: undefined,
    state: () => {
      throw new CryoscopeError('unreadable', 'it is gone')
    },
    json: () => ['{}'],
    toJSON: () => ({ id: 9, name: 'odd' }),
  }
  const vm = {
    maps: [map],
    problems: [],
    kernel: { findSymbol: () => undefined },
    recovery: { unread: ['program 7 could not be read'] },
  } as unknown as Session
  const { value, said } = taken('maps', (notes) => readMaps(vm, new EntryStore(), notes))
  expect(value.map(({ map: each }) => each)).toMatchObject([
    {
      id: 9,
      name: 'odd',
      status: 'complete',
      count: 1,
      state: {},
      problems: [{ where: 'key', why: 'no type' }],
    },
  ])
  expect(said).toEqual([
    'error absent section:maps: the kernel has no map_idr',
    'error map map:9: it is gone',
    'warning map-types map:9: key: no type',
    'error program section:maps: program 7 could not be read',
  ])
})

describe('what programs printed', () => {
  it('is told of those that printed anything to either stream, and what of it was lost', () => {
    const guest = new KernelGuest()
    const { objects } = guest
    const element = (text: string): bigint => {
      const at = objects.make('bpf_stream_elem', { total_len: text.length }, { extra: text.length })
      objects.set('bpf_stream_elem', at, { str: Buffer.from(text) })
      return at + BigInt(objects.offsetOf('bpf_stream_elem', 'node'))
    }
    const program = (id: number, streams: Readonly<Record<string, bigint>>) => {
      const aux = objects.make('bpf_prog_aux', streams)
      return { id, name: `program_${id}`, address: objects.make('bpf_prog', { aux }) } as BpfProgram
    }
    const programs = [
      program(1, {}),
      program(2, { 'stream[0].log': element('out') }),
      program(3, { 'stream[1].log': element('err') }),
      program(4, { 'stream[0].log': element('both'), 'stream[1].log': element('of them') }),
      program(5, { 'stream[0].log': wild }),
      { id: 6, name: 'gone', address: wild } as BpfProgram,
    ]
    const vm = { kernel: guest.kernel() } as Session
    const { value, status, said } = taken('streams', (notes) => readPrinted(vm, programs, notes))
    expect(value).toMatchObject([
      { programId: 2, name: 'program_2', stdout: 'out', stderr: '' },
      { programId: 3, stdout: '', stderr: 'err' },
      { programId: 4, stdout: 'both', stderr: 'of them' },
      { programId: 5, stdout: { atLeast: '', why: expect.stringContaining('llist breaks') } },
    ])
    expect(status).toBe('partial')
    expect(said).toEqual([
      expect.stringMatching(/^error program program:5: stdout: /),
      expect.stringMatching(/^error program program:6: page not present/),
    ])
  })
})
