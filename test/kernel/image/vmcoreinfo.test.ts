import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPhysical } from '../../../src/brands.js'
import { findVmcoreInfo, VmcoreInfo } from '../../../src/kernel/image/vmcoreinfo.js'
import { ArrayMemory } from '../../support/array-memory.js'
import { noteBytes } from '../../support/kernel-guest.js'

const text = 'OSRELEASE=6.18.15\nSYMBOL(_stext)=ffffffff81000000\nKERNELOFFSET=1a000000\n'

function word(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt32LE(value, at)
  return bytes
}

function found(memory: ArrayMemory, hint?: number): (number | undefined)[] {
  return [...findVmcoreInfo(memory, hint === undefined ? undefined : asPhysical(hint))].map(
    (info) => info.physical,
  )
}

describe('VmcoreInfo', () => {
  it('gives symbols, numbers and text by name', () => {
    const info = new VmcoreInfo(
      `${text}NUMBER(phys_base)=-452984832\nNUMBER(sme_mask)=0\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=0xff\nCRASHTIME=17=4\n`,
    )
    expect(info.release).toBe('6.18.15')
    expect(info.symbol('_stext')).toBe(0xffffffff81000000n)
    expect(info.symbol('_etext')).toBeUndefined()
    expect(info.number('phys_base')).toBe(-452984832n)
    expect(info.number('sme_mask')).toBe(0n)
    expect(info.number('PAGE_OFFLINE_MAPCOUNT_VALUE')).toBe(255n)
    expect(info.kernelOffset).toBe(0x1a000000n)
    expect(info.get('CRASHTIME')).toBe('17=4')
    expect(info.physical).toBeUndefined()
  })

  it('takes what is no number for nothing', () => {
    const odd = ['', 'x', '0x', '-', '12 34', '1e5', 'ff', '11112222333344445', `${2n ** 80n}`]
    for (const value of odd) {
      const info = new VmcoreInfo(`NUMBER(n)=${value}\nSYMBOL(s)=${value}z`)
      if (value !== '11112222333344445') expect(info.number('n')).toBeUndefined()
      expect(info.symbol('s')).toBeUndefined()
    }
    const empty = new VmcoreInfo('')
    expect(empty).toMatchObject({ release: '', kernelOffset: 0n })
  })

  it('reads any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, value) => {
        const info = new VmcoreInfo(`${text}SYMBOL(${key})=${value}\n`)
        expect(info.release).toBe('6.18.15')
        const symbol = info.symbol(key)
        if (symbol !== undefined) expect(symbol).toBeGreaterThan(-(2n ** 64n))
      }),
    )
  })
})

describe('findVmcoreInfo', () => {
  const memory = (notes: Readonly<Record<number, Uint8Array>>): ArrayMemory => {
    const made = new ArrayMemory(2 ** 20)
    for (const [at, bytes] of Object.entries(notes)) made.bytes.set(bytes, Number(at))
    return made
  }

  it('finds notes by their header, in the order of memory', () => {
    const made = memory({ 36864: noteBytes(text), 12288: noteBytes('OSRELEASE=old\n') })
    const [first, second] = [...findVmcoreInfo(made)]
    expect(first).toMatchObject({ physical: 0x3000, release: 'old' })
    expect(second).toMatchObject({ physical: 0x9000, release: '6.18.15', text })
  })

  it('tries a hint first, and goes on when it is wrong', () => {
    const made = memory({ 36864: noteBytes(text), 12288: noteBytes(text) })
    expect(found(made, 0x9000)).toEqual([0x9000, 0x3000, 0x9000])
    expect(found(made, 0x5000)).toEqual([0x3000, 0x9000])
    expect(found(made, 2 ** 40)).toEqual([0x3000, 0x9000])
  })

  it.each<[string, (note: Buffer) => Uint8Array]>([
    ['a copy without header', (note) => note.subarray(24)],
    [
      'another name',
      (note) => Buffer.concat([note.subarray(0, 12), Buffer.from('VMCOREINFX'), note.subarray(22)]),
    ],
    ['no text', (note) => word(note, 4, 0)],
    ['text longer than its page', (note) => word(note, 4, 4096 - 23)],
    ['another type', (note) => word(note, 8, 1)],
    ['text of another kind', (note) => word(note, 24, 0x45474150)],
    ['the format string', () => Buffer.from('\0\0\0OSRELEASE=%s\n')],
  ])('passes over %s', (_, change) => {
    const decoy = change(Buffer.from(noteBytes(text)))
    expect(found(memory({ 12288: decoy, 36864: noteBytes(text) }))).toEqual([0x9000])
  })

  it('passes over a note that is not at the start of a page', () => {
    expect(found(memory({ 12304: noteBytes(text), 36864: noteBytes(text) }))).toEqual([0x9000])
  })

  it('ends the text at its NUL', () => {
    const [info] = findVmcoreInfo(memory({ 12288: noteBytes(`${text}\0SYMBOL(x)=1`) }))
    expect(info?.text).toBe(text)
  })

  it('passes over what memory does not hold', () => {
    const made = memory({ 12288: noteBytes(text), 36864: noteBytes(text) })
    made.remove(0x3000, 0x1000)
    expect(found(made, 0x3000)).toEqual([0x9000])
    made.close()
    expect(found(made)).toEqual([])
  })
})
