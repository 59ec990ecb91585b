import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { valueText } from '../../src/sched/flags.js'
import { BtfBuilder } from '../btf/builder.js'

function kernel(isHoled: boolean): Kernel {
  const b = new BtfBuilder()
  b.enum('scx_exit_kind', { SCX_EXIT_NONE: 0, SCX_EXIT_DONE: 1 })
  const bytes = b.build()
  const holes = isHoled ? [{ start: bytes.length - 1, end: bytes.length }] : []
  return { types: Btf.parse(bytes, { name: 'vmlinux', holes }) } as Kernel
}

describe('the value of an enum', () => {
  it.each([
    [false, 'scx_exit_kind', 1n, 'DONE'],
    [false, 'scx_exit_kind', 64n, '64'],
    [false, 'scx_gone', 1n, '1'],
    [true, 'scx_exit_kind', 1n, 'DONE'],
    [true, 'scx_gone', 1n, 'unknown: 1'],
  ])('(types with holes: %s) %s %i is %s', (isHoled, enumeration, value, text) => {
    expect(valueText(kernel(isHoled), enumeration, value)).toBe(text)
  })
})
