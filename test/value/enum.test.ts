import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { EnumType } from '../../src/btf/types.js'
import { enumNames } from '../../src/value/enum.js'
import { build } from './types.js'

const names = (values: Readonly<Record<string, number | bigint>>, size?: number) =>
  enumNames(build((b) => b.enum('state', values, size)) as EnumType)

describe('the value of an enum', () => {
  const state = names({ IDLE: 0, RUN: 1, ALSO: 1, LOST: -1 })
  const run = state.read(1n, 32)

  test('is its first name and its number', () => {
    expect(run).toMatchObject({ name: 'RUN', value: 1 })
    expect([run.is('RUN'), run.is('ALSO'), run.is(1), run.is(1n), run.is(0)]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
    expect([`${run}`, run.toJSON(), inspect(run), Number(run), run.valueOf()]).toEqual([
      'RUN',
      'RUN',
      'RUN (1)',
      1,
      1,
    ])
    expect(state.read(0xffffffffn, 32)).toMatchObject({ name: 'LOST', value: -1 })
  })

  test('is a number where it has no name', () => {
    const other = state.read(5n, 32)
    expect(other).toMatchObject({ name: undefined, value: 5 })
    expect([`${other}`, other.toJSON(), inspect(other), other.is('5'), other.is(5)]).toEqual([
      '5',
      5,
      '5',
      false,
      true,
    ])
  })

  test('is the same object each time it has a name', () => {
    expect(state.read(1n, 32)).toBe(run)
    expect(state.read(0xffffffffn, 32)).toBe(state.read(0xffn, 8))
  })

  test('is a bigint where the enum has eight bytes, as JSON has integers', () => {
    const wide = names({ FAR: 2n ** 40n, LAST: 2n ** 64n - 1n })
    expect(wide.read(2n ** 40n, 64)).toMatchObject({ name: 'FAR', value: 2n ** 40n })
    expect(wide.read(2n ** 64n - 1n, 64).name).toBe('LAST')
    expect([7n, 2n ** 53n - 1n, 2n ** 53n].map((value) => wide.read(value, 64).toJSON())).toEqual([
      7,
      2 ** 53 - 1,
      '9007199254740992',
    ])
  })

  test('is told by the bits that are stored, whatever sign the file gives them', () => {
    // Files from before enums had a sign flag list negative values unsigned.
    const old = names({ NO: 0xffffffff })
    expect(old.nameOf(-1n)).toBe('NO')
    expect(old.nameOf(0xffffffffn)).toBe('NO')
    expect(old.nameOf(0xfffffffen)).toBeUndefined()
    const unsigned = names({ TOP: 3 })
    expect(unsigned.read(0b111n, 2)).toMatchObject({ name: 'TOP', value: 3 })
  })
})
