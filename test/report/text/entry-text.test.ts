import { describe, expect, it } from 'vitest'
import { keyText, objectText, shownValue } from '../../../src/report/text/entry-text.js'
import { flatTable } from '../../../src/report/text/map-table.js'
import { entryLines, mapLines, mapTitle } from '../../../src/report/text/map-text.js'
import { Bare, objectHead, valueLines, valueText } from '../../../src/report/text/value-text.js'
import { aMap } from '../support/documents.js'

type Map = Parameters<typeof mapTitle>[0]

describe('bytes without a type', () => {
  const shown = (hex: string | undefined): string => valueText(shownValue(hex === undefined ? {} : { hex }))

  it('are shown as they are up to 32 of them', () => {
    expect(shown('ab'.repeat(32))).toBe('ab'.repeat(32))
    expect(shown(undefined)).toBe('-')
  })

  it('leave out zeros at their end, which are counted, and what is too long', () => {
    expect(shown(`${'ab'.repeat(30)}${'00'.repeat(10)}`)).toBe(`${'ab'.repeat(30)} and 10 zeros`)
    expect(shown(`${'ab'.repeat(32)}${'00'.repeat(3)}`)).toBe(`${'ab'.repeat(32)} and 3 zeros`)
    expect(shown('ab'.repeat(40))).toBe(`${'ab'.repeat(32)}… (40 bytes)`)
    // Zeros that follow half a byte are none.
    expect(shown(`${'ab'.repeat(31)}a0${'00'.repeat(2)}`)).toBe(`${'ab'.repeat(31)}a0 and 2 zeros`)
  })

  it('are not shown where there is something better', () => {
    expect(shownValue({ hex: '00', value: 0 })).toBe(0)
    expect(shownValue({ hex: '00', value: 0, target: { kind: 'map', id: 3 } })).toEqual(new Bare('map 3'))
  })
})

describe('an object', () => {
  it.each([
    [{ kind: 'task', pid: 187, comm: 'load' }, 'task 187 (load)'],
    [{ kind: 'map', id: 4, name: 'inner' }, 'map 4 (inner)'],
    [{ kind: 'net_device', ifindex: 1, name: 'lo' }, 'net_device 1 (lo)'],
    [{ kind: 'cpu', cpu: 0 }, 'cpu 0'],
    [{ kind: 'inode', ino: 9, path: '/etc/x' }, 'inode 9 (/etc/x)'],
    [{ kind: 'insn', symbol: 'f+0x3' }, 'insn (f+0x3)'],
    [
      { kind: 'sk', protocol: 'TCP', local: '127.0.0.1:80', remote: '127.0.0.1:4000' },
      'sk TCP 127.0.0.1:80 -> 127.0.0.1:4000',
    ],
    [{ kind: 'sk', protocol: 'UDP', local: '', remote: null }, 'sk UDP'],
    [{ kind: 'task', address: '0x10', problem: 'not present' }, 'task 0x10 not present'],
    [{ kind: 'task', address: '0x10' }, 'task'],
    [{ kind: 'map', id: 4, name: '\u001b[1m' }, 'map 4 (\\x1b[1m)'],
  ])('is called by what it is: %o', (object, text) => {
    expect(objectText(object)).toBe(text)
  })

  it('is the key where an entry has an owner', () => {
    expect(keyText({ hex: '', owner: { kind: 'task', pid: 1, comm: 'init' } })).toBe('task 1 (init)')
    expect(keyText({ hex: '0a' })).toBe('0a')
    expect(keyText({ hex: '0a', value: 10 })).toBe('10')
    expect(keyText({ hex: '0a', value: 'ABC' })).toBe('"ABC"')
    expect(keyText({ hex: '0a', value: { a: 'ABC' } })).toBe('{ .a = ABC }')
  })
})

describe('a map', () => {
  it.each([
    [{ count: 3 }, 'stats (4), hash: u32 -> u64, 3 of at most 10 entries'],
    [{ count: 10 }, 'stats (4), hash: u32 -> u64, 10 entries'],
    [{ count: 1, maxEntries: 1 }, 'stats (4), hash: u32 -> u64, 1 entry'],
    [{ count: 1, maxEntries: 0 }, 'stats (4), hash: u32 -> u64, 1 entry'],
    [{ count: 1 }, 'stats (4), hash: u32 -> u64, 1 of at most 10 entries'],
    [
      { count: null, status: 'unavailable' },
      'stats (4), hash: u32 -> u64, entries cannot be read [unavailable]',
    ],
    [{ count: 2, status: 'partial' }, 'stats (4), hash: u32 -> u64, 2 of at most 10 entries [partial]'],
    [
      { count: 0, keyType: null, valueType: null },
      'stats (4), hash: 4 bytes -> 8 bytes, 0 of at most 10 entries',
    ],
    [{ count: 0, keyType: null, keySize: 0 }, 'stats (4), hash of u64, 0 of at most 10 entries'],
    [
      { count: 0, keyType: null, keySize: 0, valueType: null, valueSize: 0, name: '' },
      'map (4), hash, 0 of at most 10 entries',
    ],
  ])('is called by its shape and how full it is: %o', (members, title) => {
    expect(mapTitle(aMap(members) as unknown as Map)).toBe(title)
  })

  it('has its state, entries, how many more there are, and what is wrong with it', () => {
    const map = aMap({ count: 3, state: { head: 5 }, problems: [{ where: 'bucket 1', why: 'lost' }] })
    const entry = { key: { hex: '01', value: 1 }, value: { hex: '02', value: 2 } }
    expect([...mapLines(map as unknown as Map, [entry, entry], 1, 80)]).toEqual([
      'stats (4), hash: u32 -> u64, 3 of at most 10 entries',
      '  head: 5',
      '  [1] 2',
      '  … and 2 more entries',
      '  ! bucket 1: lost',
    ])
    const whole = aMap({ count: 1 })
    expect([...mapLines(whole as unknown as Map, [entry], 1, 80)]).toHaveLength(2)
  })
})

describe('an entry', () => {
  const key = { hex: '01', value: 1 }

  it('without a key is an item of a list', () => {
    expect(entryLines({ key: { hex: '' }, value: { hex: '02' } }, 80)).toEqual(['  - 02'])
    const owner = { kind: 'task', pid: 3 }
    expect(entryLines({ key: { hex: '', owner }, value: { hex: '02' } }, 80)).toEqual(['  [task 3] 02'])
    expect(entryLines({ key }, 80)).toEqual(['  [1] -'])
  })

  it('has what lies in its special members, and notes', () => {
    const special = [{ kind: 'timer', member: 't', offset: 8, size: 16, armed: true }]
    expect(entryLines({ key, value: { value: { a: 1 }, special }, notes: { age: 3 } }, 80)).toEqual([
      '  [1] { .a = 1 }',
      '    t (timer) { .armed = true }',
      '    { .age = 3 }',
    ])
    expect(entryLines({ key, value: { value: 1 }, notes: {} }, 80)).toEqual(['  [1] 1'])
  })

  it('of stacks is frames, by symbol, by place in a file, or by address', () => {
    const frames = [
      { symbol: 'f+0x1', address: '0x10' },
      { buildId: 'abcd', offset: 31 },
      { address: '0x20' },
    ]
    expect(entryLines({ key, value: { hex: '00' }, notes: { frames } }, 80)).toEqual([
      '  [1]',
      '    f+0x1',
      '    abcd+0x1f',
      '    0x20',
    ])
  })

  it('of each CPU is told by CPU', () => {
    const cpus = [
      { cpu: 0, value: 1 },
      { cpu: 1, value: 2 },
    ]
    expect(entryLines({ key, cpus }, 80)).toEqual(['  [1]', '    CPU 0: 1', '    CPU 1: 2'])
  })
})

describe('entries as a table', () => {
  const entry = (value: unknown, more: object = {}) => ({
    key: { hex: '01', value: 1 },
    value: { hex: '00', value },
    ...more,
  })
  const wide = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]))

  it('has a column for each member, or one for what is one text', () => {
    expect(flatTable([entry(5), entry('x')])).toEqual({
      keys: ['KEY'],
      values: ['VALUE'],
      rows: [
        ['1', '5'],
        ['1', '"x"'],
      ],
      numeric: [true, false],
    })
    const keyed = (a: number) => ({ key: { hex: '', value: { a, b: -1.5 } }, value: { value: { p: null } } })
    expect(flatTable([keyed(1), keyed(2)])).toEqual({
      keys: ['a', 'b'],
      values: ['p'],
      rows: [
        ['1', '-1.5', '-'],
        ['2', '-1.5', '-'],
      ],
      numeric: [true, true, true],
    })
  })

  it('is not made of one, of too many columns, or of those that are not alike', () => {
    expect(flatTable([entry(5)])).toBeUndefined()
    expect(flatTable([entry(wide(13)), entry(wide(13))])?.values).toHaveLength(13)
    expect(flatTable([entry(wide(14)), entry(wide(14))])).toBeUndefined()
    expect(flatTable([entry({ a: 1 }), entry({ a: 1, b: 2 })])).toBeUndefined()
    expect(flatTable([entry({ a: 1 }), entry({ b: 2 })])).toBeUndefined()
    expect(flatTable([entry({ a: [1] }), entry({ a: [1] })])).toBeUndefined()
    for (const more of [
      { notes: {} },
      { cpus: [] },
      { value: undefined },
      { value: { value: 1, special: [] } },
    ])
      expect(flatTable([entry(5), entry(5, more)])).toBeUndefined()
  })

  it('is left where it is wider than the lines', () => {
    const map = aMap({ count: 2 }) as unknown as Map
    const entries = [entry({ long_name: 1 }), entry({ long_name: 2 })]
    // "  KEY  |  long_name" is what it takes.
    expect([...mapLines(map, entries, 9, 19)][1]).toBe('  KEY  |  long_name')
    expect([...mapLines(map, entries, 9, 18)][1]).toBe('  [1] {')
  })
})

describe('a value', () => {
  it('that could not be decoded is its bytes and why', () => {
    expect(valueText({ hex: '0a', reason: 'no type' })).toBe('0a <no type>')
    expect(valueText({ hex: '0a' })).toBe('{ .hex = "0a" }')
    expect(valueText({ pointer: '0x0', type: 'void *' })).toBe('NULL')
    expect(valueText({ pointer: '0x5', type: 'void *' })).toBe('0x5')
    expect([valueText({}), valueText([]), valueText(undefined), valueText(true)]).toEqual([
      '{}',
      '{}',
      '-',
      'true',
    ])
    expect([valueText('-12'), valueText('0xff'), valueText('0xg'), valueText('A_1'), valueText('a')]).toEqual(
      ['-12', '0xff', '"0xg"', 'A_1', '"a"'],
    )
    expect(valueText([1, 1, 2, 1])).toBe('{ 1 × 2, 2, 1 }')
  })

  it('of many items fills lines up to their end', () => {
    const items = [...Array.from({ length: 8 }, (_, i) => 1000 + i), 7, 7, 7]
    expect(valueLines('[0] ', items, 26)).toEqual([
      '[0] {',
      '  1000, 1001, 1002, 1003,',
      '  1004, 1005, 1006, 1007,',
      '  7 × 3',
      '}',
    ])
    // The comma and the blank behind the last word of a line count.
    expect(valueLines('', items, 25)[1]).toBe('  1000, 1001, 1002,')
  })

  it('of structs in a list has one below the other', () => {
    expect(valueLines('x = ', [{ a: 1 }, { a: 2 }], 12, ' ')).toEqual([
      ' x = {',
      '   [0] = {',
      '     .a = 1',
      '   }',
      '   [1] = {',
      '     .a = 2',
      '   }',
      ' }',
    ])
  })

  it('that cannot be broken is one line, however long', () => {
    const pointer = { pointer: '0x1234567890', type: 'void *', to: 'something' }
    expect(valueLines('', pointer, 5)).toEqual(['0x1234567890 <something>'])
    expect(valueLines('', 'x'.repeat(9), 5)).toEqual([`"${'x'.repeat(9)}"`])
    expect(valueLines('', new Bare('x'.repeat(9)), 5)).toEqual(['x'.repeat(9)])
    expect(valueLines('name: ', null, 3)).toEqual(['name: -'])
    expect(valueLines('', [1, 2], 8)).toEqual(['{ 1, 2 }'])
    expect(valueLines('', [1, 2], 7)).toEqual(['{', '  1,', '  2', '}'])
  })
})

it('what stands before an object has no control characters of the guest', () => {
  const head = objectHead({ address: '0x10', type: 'struct a\u001b', from: 'firs\u0012_cpu' })
  expect(head).toBe('0x10 struct a\\x1b (from firs\\x12_cpu) ')
})
