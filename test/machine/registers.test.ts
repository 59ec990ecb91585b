import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { parseInfoRegisters } from '../../src/machine/registers.js'
import { x86Vcpus } from '../support/x86-vcpus.js'

const sample = (name: string) => readFileSync(new URL(`samples/${name}`, import.meta.url), 'utf8')

describe('parseInfoRegisters', () => {
  it('reads 64-bit vCPUs', () => {
    const [first, second, ...more] = x86Vcpus(parseInfoRegisters(sample('registers-64bit.txt')))
    expect(more).toEqual([])
    expect(first).toMatchObject({ cpu: 0, cpl: 0, halted: false })
    expect(first?.registers).toEqual({
      rax: 0x3b7d03ceen,
      rbx: 0x8bcn,
      rcx: 0n,
      rdx: 0x12a028n,
      rsi: 0n,
      rdi: 0x3b7bd9cc6n,
      rbp: 0n,
      rsp: 0xff5fcf5940013d38n,
      r8: 0x274c1an,
      r9: 0n,
      r10: 0x206c656e72654b20n,
      r11: 0x646e65205b2d2d2dn,
      r12: 0x984n,
      r13: 0x47n,
      r14: 0xff412a9d023b5000n,
      r15: 0n,
      rip: 0xffffffff85e6b4a7n,
      eflags: 0x283n,
      cs: 0x10n,
      ss: 0x18n,
      ds: 0n,
      es: 0n,
      fs: 0n,
      gs: 0n,
      fs_base: 0n,
      gs_base: 0xff412a9d979ed000n,
      k_gs_base: undefined,
      cr0: 0x80050033n,
      cr2: 0xff412a9d1e001000n,
      cr3: 0x1d02a000n,
      cr4: 0x751ef0n,
      cr8: undefined,
      efer: 0xd01n,
    })
    expect(second).toMatchObject({ cpu: 1, halted: true })
    expect(second?.registers.gs_base).toBe(0xff412a9d97aed000n)
  })

  it('reads a vCPU at reset, which shows no 64-bit registers', () => {
    const [only] = x86Vcpus(parseInfoRegisters(sample('registers-reset.txt')))
    expect(only?.registers).toMatchObject({
      rip: 0xfff0n,
      rdx: 0x60fb1n,
      cs: 0xf000n,
      cr0: 0x60000010n,
      efer: 0n,
    })
    expect(only?.registers.r8).toBe(undefined)
    expect(only?.registers.r15).toBe(undefined)
  })

  it('reads arm64 vCPUs', () => {
    const [first, second, ...more] = parseInfoRegisters(sample('registers-arm64.txt'))
    expect(more).toEqual([])
    expect(first).toMatchObject({
      architecture: 'arm64',
      cpu: 0,
      pc: 0xffffba17e3010a80n,
      cpl: 0,
      halted: undefined,
    })
    expect(Object.keys(first?.registers ?? {})).toHaveLength(34)
    expect(first?.registers).toMatchObject({
      x0: 0xffff000001e3e000n,
      x9: 0xffffba17e3447f28n,
      x30: 0xffffba17e3455494n,
      sp: 0xffff80008002be20n,
      pc: 0xffffba17e3010a80n,
      pstate: 0x4003c5n,
    })
    expect(second).toMatchObject({ cpu: 1, registers: { x0: 0xc53af852b0776c9dn, pstate: 0x80400005n } })
    const user = sample('registers-arm64.txt').replace('PSTATE=004003c5', 'PSTATE=60001000')
    expect(parseInfoRegisters(user)[0]?.cpl).toBe(3)
    expect(() => parseInfoRegisters(sample('registers-arm64.txt').replaceAll('X17=', 'Y17='))).toThrow(
      'vCPU 0 has no x17',
    )
  })

  it('says what is missing', () => {
    const text = sample('registers-64bit.txt')
    expect(() => parseInfoRegisters('')).toThrow('it names no vCPU')
    expect(() => parseInfoRegisters(text.replace(/^CR0=/m, 'CRX='))).toThrow('vCPU 0 has no CR0')
    expect(() => parseInfoRegisters(text.replace(/^GS =.*$/m, ''))).toThrow('vCPU 0 has no GS')
  })

  it('answers damaged text with its own error or with registers', () => {
    const text = sample('registers-64bit.txt')
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(60), fc.string(), (at, cut, put) => {
        try {
          expect(parseInfoRegisters(text.slice(0, at) + put + text.slice(at + cut)).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(CryoscopeError)
        }
      }),
    )
  })
})
