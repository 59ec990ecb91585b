import { describe, expect, it } from 'vitest'
import type { ProgramFunction } from '../../../src/bpf/programs/functions.js'
import type { XlatedInstruction } from '../../../src/bpf/programs/listing.js'
import { hexBytes, lineText, listingLines, signature } from '../../../src/bpf/programs/listing-text.js'
import { Btf } from '../../../src/btf/btf.js'
import type { FunctionType } from '../../../src/btf/types.js'
import { BtfBuilder } from '../../btf/builder.js'

function func(
  parameters: (b: BtfBuilder, int: number) => Parameters<BtfBuilder['prototype']>[1],
  name: string | undefined = 'f',
): ProgramFunction {
  const b = new BtfBuilder()
  const int = b.int('int', 4, { signed: true })
  const id = b.function('f', b.prototype(int, parameters(b, int)))
  return { start: 0, name, type: Btf.parse(b.build()).type(id) as FunctionType }
}

describe('the signature of a function', () => {
  it('has its parameters by type and name, as far as they have one', () => {
    expect(signature(func(() => []))).toBe('int f()')
    expect(signature(func((b, int) => [{ name: 'a', type: int }, { type: b.pointer(int) }]))).toBe(
      'int f(int a, int *)',
    )
  })

  it('ends with dots where there may be more', () => {
    // BTF has that as a last parameter of no name and no type.
    expect(
      signature(
        func((_, int) => [
          { name: 'a', type: int },
          { name: '', type: 0 },
        ]),
      ),
    ).toBe('int f(int a, ...)')
  })

  it('is its name where nothing else is known, and safe', () => {
    expect(signature({ start: 0, name: 'a\x1bb', type: undefined })).toBe('a\\x1bb')
    expect(signature({ start: 0, name: undefined, type: undefined })).toBe('?')
    expect(signature({ ...func(() => []), name: undefined })).toBe('int ?()')
    expect(signature(func((_, int) => [{ name: 'a\n', type: int }]))).toBe('int f(int a\\n)')
  })
})

it('bytes are two digits each', () => {
  expect(hexBytes(Uint8Array.of(0x79, 0x16, 0, 0xff))).toBe('79 16 00 ff')
  expect(hexBytes(new Uint8Array())).toBe('')
})

it('a source line comes with its place where that is asked for', () => {
  const line = { instruction: 0, file: 'a.c', text: 'x = 1;', line: 3, column: 7 }
  expect(lineText(line)).toBe('; x = 1;')
  expect(lineText(line, true)).toBe('; x = 1; [file:a.c line_num:3 line_col:7]')
})

describe('a listing', () => {
  const one: XlatedInstruction = { index: 7, text: '(95) exit', bytes: Uint8Array.of(0x95, 0) }
  const lines = (parts: Partial<XlatedInstruction>, options?: Parameters<typeof listingLines>[1]) => [
    ...listingLines([{ ...one, ...parts }], options),
  ]

  it('has numbers in four columns, and what is asked for', () => {
    expect(lines({})).toEqual(['   7: (95) exit'])
    expect(lines({ index: 12_345 })).toEqual(['12345: (95) exit'])
    expect(lines({}, { opcodes: true })).toEqual(['   7: (95) exit', '       95 00'])
  })

  it('has names where they are asked for: of a map, with how far in it, or else of a symbol', () => {
    const map = { id: 1, name: 'm' }
    expect(lines({ map, symbol: 's' })).toEqual(['   7: (95) exit'])
    expect(lines({ map, symbol: 's' }, { names: true })).toEqual(['   7: (95) exit  // m'])
    expect(lines({ map: { ...map, offset: 0 } }, { names: true })).toEqual(['   7: (95) exit  // m+0x0'])
    expect(lines({ symbol: 's\x1b' }, { names: true })).toEqual(['   7: (95) exit  // s\\x1b'])
    expect(lines({}, { names: true })).toEqual(['   7: (95) exit'])
  })

  it('has signatures of functions that have a type', () => {
    expect(lines({ function: func(() => []) })).toEqual(['int f():', '   7: (95) exit'])
    expect(lines({ function: { start: 0, name: 'f', type: undefined } })).toEqual(['   7: (95) exit'])
  })
})
