import { describe, expect, it } from 'vitest'
import { listMaps } from '../../src/bpf/map-info.js'
import { CryoscopeError } from '../../src/errors.js'
import { Problems, problemText } from '../../src/problems.js'
import { BtfBuilder } from '../btf/builder.js'
import { addArray, addBtf, addHash, addPerCpuArray, addProgram, setMap } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { hex, open, openMap, u32 } from './opened.js'

const wild = 0xffff800000001000n

/** BTF of a program with a key, a value and two global sections. */
function programTypes() {
  const b = new BtfBuilder()
  const int = b.int('int', 4, { signed: true })
  const u64 = b.int('unsigned long long', 8)
  const char = b.int('char', 1, { signed: true })
  const key = b.struct('flow_key', [
    { name: 'port', type: b.int('unsigned short', 2) },
    { name: 'proto', type: b.int('unsigned char', 1) },
  ])
  const value = b.struct('stats', [
    { name: 'runs', type: u64 },
    { name: 'last', type: int },
    { name: 'comm', type: b.array(char, 12) },
  ])
  const counter = b.variable('counter', u64)
  const name = b.variable('title', b.array(char, 8))
  const section = b.section('.bss', [
    { type: counter, offset: 0, size: 8 },
    { type: name, offset: 8, size: 8 },
  ])
  return { bytes: b.build(), int, key, value, section }
}

/** The bytes of a struct stats. */
function stats(runs: bigint, last: number, comm: string): Uint8Array {
  const bytes = Buffer.alloc(24)
  bytes.writeBigUInt64LE(runs)
  bytes.writeInt32LE(last, 8)
  bytes.write(comm, 12)
  return Uint8Array.from(bytes)
}

function typed(keyType: 'int' | 'key', change: Record<string, number | bigint> = {}): KernelGuest {
  const guest = new KernelGuest()
  const types = programTypes()
  const btf = addBtf(guest, 77, types.bytes)
  const members = { btf, btf_key_type_id: types[keyType], btf_value_type_id: types.value, ...change }
  const keySize = 4
  const bytes = stats(2n ** 60n, -5, 'sched')
  addHash(guest, { name: 'flows', keySize, valueSize: 24, maxEntries: 8, members }, [
    { key: keyType === 'int' ? u32(42) : Uint8Array.of(0x50, 0, 6, 0), value: bytes },
  ])
  return guest
}

describe('the list of maps', () => {
  it('holds what struct bpf_map says, in the order of ids', () => {
    const guest = new KernelGuest()
    const members = { map_flags: 0x401, map_extra: 2n ** 63n, frozen: true }
    addArray(guest, { id: 90, name: 'rodata_of_prog', valueSize: 8, maxEntries: 1, members })
    const hash = addHash(
      guest,
      { id: 3, name: 'pids', valueSize: 8, maxEntries: 64, type: 'lru_percpu_hash' },
      [],
    )
    const { maps, problems } = open(guest)
    expect(problems).toEqual([])
    expect(maps.map(({ info }) => info)).toEqual([
      {
        id: 3,
        name: 'pids',
        type: 'lru_percpu_hash',
        keySize: 4,
        valueSize: 8,
        maxEntries: 64,
        flags: 0,
        mapExtra: 0n,
        frozen: false,
        address: hash.address,
        btfId: 0,
        keyType: undefined,
        valueType: undefined,
        problems: [],
      },
      expect.objectContaining({
        id: 90,
        name: 'rodata_of_prog',
        type: 'array',
        flags: 0x401,
        mapExtra: 2n ** 63n,
        frozen: true,
      }),
    ])
  })

  it('goes on behind a map that is unreadable, and says so', () => {
    const guest = new KernelGuest()
    guest.maps.set(5, wild)
    addArray(guest, { id: 6, valueSize: 8, maxEntries: 1 })
    const { maps, problems } = open(guest)
    expect(maps.map(({ id }) => id)).toEqual([6])
    expect(problems).toEqual([expect.stringMatching(/^map 5: page not present/)])
  })

  it('says that it is damaged where a program uses a map that it does not hold', () => {
    const listed = (isDamaged: boolean): [number[], readonly string[]] => {
      const guest = new KernelGuest()
      const maps = [2, 3].map((id) => addArray(guest, { id, name: `m${id}`, valueSize: 8, maxEntries: 1 }))
      addProgram(guest, { id: 12, maps })
      if (isDamaged) guest.maps.clear()
      const problems = new Problems()
      return [listMaps(guest.kernel(), problems).map(({ id }) => id), problems.sentences]
    }
    expect(listed(false)).toEqual([[2, 3], []])
    expect(listed(true)).toEqual([
      [],
      [
        'map_idr: it does not hold map 2 ("m2"), which program 12 uses: it is damaged',
        'map_idr: it does not hold map 3 ("m3"), which program 12 uses: it is damaged',
      ],
    ])
  })

  it('is not called damaged where a part of it could not be read: that may hold what programs use', () => {
    const guest = new KernelGuest()
    const map = addArray(guest, { id: 2, name: 'm2', valueSize: 8, maxEntries: 1 })
    addProgram(guest, { id: 12, maps: [map] })
    guest.maps.clear()
    const kernel = guest.kernel()
    guest.objects.set('idr', kernel.symbol('map_idr'), { 'idr_rt.xa_head': wild | 2n })
    const problems = new Problems()
    expect(listMaps(kernel, problems)).toEqual([])
    expect(problems.sentences.join()).toMatch(/could not be read|page not present/)
    expect(problems.sentences.join()).not.toMatch(/damaged/)
  })

  it('shows a map of a type that no name is known of', () => {
    const guest = new KernelGuest()
    addArray(guest, { valueSize: 8, maxEntries: 1, members: { map_type: 4000 } })
    const map = openMap(guest)
    expect(map.type).toBe('type 4000')
    expect(map.unsupported).toContain('type 4000')
    expect(() => [...map.entries()]).toThrow(CryoscopeError)
    expect(() => map.entry(0)).toThrow(CryoscopeError)
    expect(() => [...map.json()]).toThrow(CryoscopeError)
  })

  it('says why a map has no types although it names some', () => {
    for (const [members, sentence] of [
      [{ btf: wild }, 'types of this map: page not present'],
      [{ btf_value_type_id: 1 }, "value type: int has 4 bytes, the map's values 24"],
      [{ btf_key_type_id: 2 }, "key type: unsigned long long has 8 bytes, the map's keys 4"],
    ] as const) {
      const map = openMap(typed('int', members))
      expect(map.info.problems.map(problemText)).toEqual([expect.stringContaining(sentence)])
      // Its entries are shown as bytes all the same.
      expect([...map.json()]).toHaveLength(1)
    }
    const beyond = openMap(typed('int', { btf_value_type_id: 0xffffffff, btf_key_type_id: 0 }))
    expect(beyond.info).toMatchObject({ keyType: undefined, valueType: undefined, btfId: 77 })
  })
})

describe('the JSON of a map', () => {
  it('is what the contract says', () => {
    const map = openMap(typed('int'))
    expect(map.toJSON()).toEqual({
      id: 1,
      name: 'flows',
      type: 'hash',
      keySize: 4,
      valueSize: 24,
      maxEntries: 8,
      flags: 0,
      address: `0x${map.address.toString(16)}`,
      keyType: 'int',
      valueType: 'struct stats',
    })
    expect([...map.json()].map((text) => JSON.parse(text))).toEqual([
      {
        key: { hex: '2a000000', value: 42 },
        value: {
          hex: '0000000000000010fbffffff736368656400000000000000',
          value: { runs: '1152921504606846976', last: -5, comm: 'sched' },
        },
      },
    ])
  })

  it('has bytes alone where a map has no types', () => {
    const guest = new KernelGuest()
    addArray(guest, { valueSize: 3, maxEntries: 2 }, [Uint8Array.of(1, 2, 0xff)])
    const map = openMap(guest)
    expect(map.toJSON()).toMatchObject({ keyType: null, valueType: null })
    expect([...map.json()]).toEqual([
      '{"key":{"hex":"00000000"},"value":{"hex":"0102ff"}}',
      '{"key":{"hex":"01000000"},"value":{"hex":"000000"}}',
    ])
  })

  it('has a value for each CPU where there are several', () => {
    const guest = new KernelGuest({ cpus: [0, 2] })
    const types = programTypes()
    const btf = addBtf(guest, 77, types.bytes)
    addPerCpuArray(
      guest,
      {
        valueSize: 4,
        maxEntries: 1,
        members: { btf, btf_key_type_id: types.int, btf_value_type_id: types.int },
      },
      [[u32(7), u32(0xffffffff)]],
    )
    expect([...openMap(guest).json()].map((text) => JSON.parse(text))).toEqual([
      {
        key: { hex: '00000000', value: 0 },
        cpus: [
          { cpu: 0, hex: '07000000', value: 7 },
          { cpu: 2, hex: 'ffffffff', value: -1 },
        ],
      },
    ])
  })

  it('stops at its limit, and gives one entry by key', () => {
    const guest = new KernelGuest()
    addArray(guest, { valueSize: 4, maxEntries: 9 }, [])
    const map = openMap(guest)
    expect([...map.json(4)]).toHaveLength(4)
    expect([...map.json(0)]).toEqual([])
    expect([...map.json(100)]).toHaveLength(9)
    expect(map.entryJson(8)).toBe('{"key":{"hex":"08000000"},"value":{"hex":"00000000"}}')
    expect(map.entryJson(9)).toBeUndefined()
  })
})

describe('keys', () => {
  it('are made from what their type takes', () => {
    const map = openMap(typed('key'))
    expect(hex(map.keyBytes({ port: 80, proto: 6 }))).toBe('50000600')
    expect(map.entry({ port: 80, proto: 6 })?.key.json).toEqual({ port: 80, proto: 6 })
    expect(map.entry({ port: 81, proto: 6 })).toBeUndefined()
    expect(() => map.keyBytes({ prot: 80 })).toThrow('has no member prot; it has port, proto')
    expect(() => map.keyBytes(80)).toThrow('takes an object with its members')
  })

  it('are bytes of the right length', () => {
    const map = openMap(typed('int'))
    expect(hex(map.keyBytes(u32(42)))).toBe('2a000000')
    expect(() => map.keyBytes(new Uint8Array(3))).toThrow('keys of map flows have 4 bytes, 3 were given')
  })

  it('are small numbers where a map has no types, and nothing else', () => {
    const guest = new KernelGuest()
    addHash(guest, { name: 'raw', keySize: 6, valueSize: 4, maxEntries: 2 }, [
      { key: Uint8Array.of(1, 1, 0, 0, 0, 0), value: u32(5) },
    ])
    const map = openMap(guest)
    expect(map.get(257)).toEqual(u32(5))
    expect(map.get(1)).toBeUndefined()
    for (const key of ['257', -1, 1.5, 2 ** 60, {}, undefined, null]) {
      expect(() => map.get(key)).toThrow(/map raw .* type; give .* as 6 bytes of hex/)
    }
  })

  it('that do not fit are refused, not cut', () => {
    const guest = new KernelGuest()
    addHash(guest, { name: 'raw', keySize: 2, valueSize: 4, maxEntries: 2 }, [
      { key: Uint8Array.of(1, 0), value: u32(5) },
    ])
    const map = openMap(guest)
    expect(map.get(1)).toEqual(u32(5))
    expect(() => map.get(0x10001)).toThrow(CryoscopeError)
  })
})

describe('values', () => {
  it('are typed and lazy', () => {
    const guest = typed('int')
    const map = openMap(guest)
    const entry = map.entry(42)
    const value = map.get(42)
    expect(value).toMatchObject({ runs: 2n ** 60n, last: -5, comm: 'sched' })
    guest.integer((entry?.value?.address ?? 0n) + 8n, 6, 4)
    expect(map.get(42)).toMatchObject({ last: 6 })
    // What was copied stays as it was.
    expect(Buffer.from(entry?.value?.bytes ?? []).readInt32LE(8)).toBe(-5)
    expect(map.get(43)).toBeUndefined()
  })

  it('of a global section are its variables', () => {
    const guest = new KernelGuest()
    const types = programTypes()
    const btf = addBtf(guest, 77, types.bytes)
    const members = { btf, btf_value_type_id: types.section }
    const bytes = Buffer.alloc(16)
    bytes.writeBigUInt64LE(99n)
    bytes.write('hello', 8)
    addArray(guest, { name: 'demo.bss', valueSize: 16, maxEntries: 1, members }, [bytes])
    const map = openMap(guest)
    expect(map.variables).toMatchObject({ counter: 99n, title: 'hello' })
    expect(map.toJSON()).toMatchObject({ keyType: null })
    expect(openMap(typed('int')).variables).toBeUndefined()
  })
})

it('a ringbuf is in the list, whatever is known of what it holds', () => {
  const guest = new KernelGuest()
  const address = guest.objects.make('bpf_map')
  setMap(guest, address, 'ringbuf', { name: 'events', keySize: 0, valueSize: 0, maxEntries: 4096 })
  expect(openMap(guest).toJSON()).toMatchObject({ name: 'events', type: 'ringbuf', maxEntries: 4096 })
})
