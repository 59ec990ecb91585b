import { describe, expect, it } from 'vitest'
import { findObjects } from '../../../../src/bpf/cast/object/embedded.js'
import { type ElfObjectSpec, elfObject } from '../../../support/elf-object.js'

describe('objects in a file', () => {
  const one = elfObject({ sections: [{ name: '.text', data: Uint8Array.of(1) }] })
  const two = elfObject({ sections: [{ name: '.text', data: new Uint8Array(40) }] })
  const host = (spec: Omit<ElfObjectSpec, 'machine'>) => elfObject({ ...spec, machine: 62 })
  const gap = Buffer.alloc(24, 7)
  const found = (file: Buffer) =>
    findObjects(file, 'host').map(({ name, offset, bytes }) => [name, offset, bytes.length])
  const data = Buffer.concat([one, gap, two])

  it('are the file itself', () => {
    expect(found(one)).toEqual([['host', 0, one.length]])
  })

  it('are those that symbols delimit, and those between them', () => {
    const all = { name: '.bpf.objs', address: 0x5000, data }
    const at = 64
    const symbols = [
      { name: 'second', section: 1, type: 1, value: 0x5000 + one.length + 24, size: two.length },
    ]
    const both = [
      ['.bpf.objs+0x0', at, one.length],
      ['second', at + one.length + 24, two.length],
    ]
    expect(found(host({ sections: [all], symbols }))).toEqual(both)
    const bare = [
      both[0],
      [`.bpf.objs+0x${(one.length + 24).toString(16)}`, at + one.length + 24, two.length],
    ]
    expect(found(host({ sections: [all] }))).toEqual(bare)
    // Of another kind, of another section, of no size, beyond the end, before the start.
    const [symbol] = symbols
    if (symbol === undefined) throw new Error('there is no symbol')
    for (const change of [{ type: 2 }, { size: 0 }, { size: two.length + 1 }, { value: 0x4fff, size: 8 }])
      expect(found(host({ sections: [all], symbols: [{ ...symbol, ...change }] }))[1]?.[1]).toEqual(
        bare[1]?.[1],
      )
    expect(found(host({ sections: [all], symbols: [{ ...symbol, section: 2 }] }))).toEqual(bare)
    // Twice the same place is one object.
    expect(found(host({ sections: [all], symbols: [...symbols, { ...symbol, name: 'again' }] }))).toEqual(
      both,
    )
  })

  it('lie in data that is loaded, and in no code', () => {
    const inSection = (name: string, flags: number, type = 1) =>
      found(host({ sections: [{ name, flags, type, data: one }] }))
    expect(inSection('.rodata', 2)).toEqual([['.rodata+0x0', 64, one.length]])
    expect(inSection('.data', 3)).toEqual([['.data+0x0', 64, one.length]])
    expect(inSection('.rodata', 0)).toEqual([])
    expect(inSection('.comment', 1)).toEqual([])
    expect(inSection('.bpf.objs', 0)).toEqual([['.bpf.objs+0x0', 64, one.length]])
    expect(inSection('.text', 6)).toEqual([])
    expect(inSection('.rodata', 2, 3)).toEqual([])
  })

  it('are counted as far as any real file goes', () => {
    const rodata = (data: Buffer) => found(host({ sections: [{ name: '.rodata', flags: 2, data }] }))
    const many = rodata(Buffer.concat(Array<Buffer>(258).fill(one)))
    expect([many.length, many[0]?.[1], many.at(-1)?.[1]]).toEqual([256, 64, 64 + 255 * one.length])
    const symbols = Array.from({ length: 258 }, (_, n) => ({
      name: `s${n}`,
      section: 1,
      type: 1,
      value: n * 8,
      size: 8,
    }))
    const delimited = host({ sections: [{ name: '.bpf.objs', data: Buffer.alloc(258 * 8) }], symbols })
    expect(found(delimited)).toHaveLength(256)
    // More than a call has arguments.
    const [symbol] = symbols
    const flood = Array.from({ length: 150_000 }, (_, n) => ({ ...symbol, name: '', value: n, size: 1 }))
    const flooded = host({
      sections: [{ name: '.bpf.objs', data: Buffer.alloc(150_000) }],
      symbols: flood as never,
    })
    expect(found(flooded)).toHaveLength(256)
    // What only looks like the start of an object.
    const headers = (count: number) =>
      Buffer.concat([Buffer.from('\x7fELF\x02aaa'.repeat(count), 'latin1'), one])
    expect([rodata(headers(1023)).length, rodata(headers(1024)).length]).toEqual([1, 0])
  })

  it('are named by the symbol that begins there', () => {
    const sections = [{ name: '.rodata', flags: 2, address: 0x100, data: Buffer.concat([gap, one]) }]
    const symbol = { name: 'skeleton', section: 1, type: 1, value: 0x118 }
    const name = (change: object) => found(host({ sections, symbols: [{ ...symbol, ...change }] }))[0]?.[0]
    expect(name({})).toBe('skeleton')
    for (const change of [{ value: 0x117 }, { section: 2 }, { type: 2 }, { name: '' }])
      expect(name(change)).toBe('.rodata+0x18')
  })

  it('are whole, and for this machine', () => {
    const other = elfObject({ sections: [{ name: '.text', data: Uint8Array.of(1) }], machine: 62 })
    const rodata = (data: Buffer) => found(host({ sections: [{ name: '.rodata', flags: 2, data }] }))
    expect(rodata(Buffer.concat([other, one]))).toEqual([
      [`.rodata+0x${other.length.toString(16)}`, 64 + other.length, one.length],
    ])
    expect(rodata(one.subarray(0, one.length - 1))).toEqual([])
    // Contents may lie behind the table of sections.
    const behind = Buffer.concat([one, Buffer.alloc(40)])
    const view = new DataView(behind.buffer, behind.byteOffset)
    const text = Number(view.getBigUint64(40, true)) + 64
    view.setBigUint64(text + 24, BigInt(one.length), true)
    view.setBigUint64(text + 32, 40n, true)
    expect(rodata(Buffer.concat([behind, gap]))).toEqual([['.rodata+0x0', 64, behind.length]])
    expect(rodata(behind.subarray(0, behind.length - 1))).toEqual([])
    expect(rodata(Buffer.concat([one, one])).map(([, offset]) => offset)).toEqual([64, 64 + one.length])
  })
})
