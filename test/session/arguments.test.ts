import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import type { FunctionPrototype } from '../../src/btf/types.js'
import {
  argumentsOf,
  bytesOf,
  entryArguments,
  entryValues,
  prototypeNamed,
  wordOf,
} from '../../src/session/arguments.js'
import type { Session } from '../../src/session/session.js'
import type { Vcpu } from '../../src/session/vcpu.js'
import { BtfBuilder } from '../btf/builder.js'
import { KernelGuest } from '../support/kernel-guest.js'

const own = new BtfBuilder()
const int = own.int('int', 4, { signed: true })
const long = own.int('unsigned long', 8)
const pair = own.struct('pair', [
  { name: 'a', type: long },
  { name: 'b', type: int },
])
const triple = own.struct('triple', [
  { name: 'a', type: long },
  { name: 'b', type: long },
  { name: 'c', type: int },
])
const parameter = (name: string, type: number) => ({ name, type })
const three = own.prototype(int, [parameter('cpu', int), parameter('both', pair), parameter('', long)])
own.function('three_things', three)
own.function('spilled', own.prototype(0, [parameter('large', triple), parameter('cpu', int)]))
own.function(
  'many',
  own.prototype(0, [
    ...['a', 'b', 'c', 'd', 'e'].map((name) => parameter(name, long)),
    parameter('both', pair),
    parameter('f', long),
  ]),
)
own.variable('three', int)
const types = Btf.parse(own.build(), { name: 'vmlinux' })

const prototypeOf = (name: string): FunctionPrototype => {
  const found = types.find(name, 'function')
  return (found as unknown as { prototype: FunctionPrototype }).prototype
}
const words = (...values: number[]): bigint[] => values.map(BigInt)
const shown = (found: ReturnType<typeof argumentsOf> | undefined) =>
  found?.map(({ name, type, bytes }) => [name, type?.name, bytes.length, wordOf(bytes)])

describe('arguments in registers', () => {
  it('are those of the prototype, a struct of two words in two registers', () => {
    const found = argumentsOf(words(1, 2, 3, 4, 5, 6), prototypeOf('three_things'))
    expect(shown(found)).toEqual([
      ['cpu', 'int', 8, 1n],
      ['both', 'pair', 16, 2n],
      ['arg2', 'unsigned long', 8, 4n],
    ])
    expect(wordOf((found[1]?.bytes ?? new Uint8Array()).subarray(8))).toBe(3n)
  })

  it('are known up to the first that is passed in memory', () => {
    expect(argumentsOf(words(1, 2, 3, 4, 5, 6), prototypeOf('spilled'))).toEqual([])
    // Of two words only one register is left.
    expect(shown(argumentsOf(words(1, 2, 3, 4, 5, 6), prototypeOf('many')))?.map(([name]) => name)).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ])
    expect(argumentsOf(words(1, 2, 3, 4, 5, 6, 7, 8), prototypeOf('many'))).toHaveLength(7)
  })

  it('are the registers themselves where there is no prototype', () => {
    expect(shown(argumentsOf(words(7, 8), undefined))).toEqual([
      ['rdi', undefined, 8, 7n],
      ['rsi', undefined, 8, 8n],
    ])
    expect(argumentsOf(words(7), undefined, ['x0'])[0]?.name).toBe('x0')
    expect(argumentsOf(words(7, 8), undefined, ['x0'])[1]?.name).toBe('')
  })

  it('are words of eight bytes, the lowest first', () => {
    expect([...bytesOf(0x0807060504030201n)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(bytesOf(0n).constructor).toBe(Uint8Array)
    expect(wordOf(Uint8Array.of(9, 9, 1, 2, 3, 4, 5, 6, 7, 8).subarray(2))).toBe(0x0807060504030201n)
  })
})

describe('a vCPU at the entry of a function', () => {
  const guest = new KernelGuest({ btf: own.build() })
  const marked = guest.symbol('three_things', guest.image(0x40), 'T')
  guest.write(marked, Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfa))
  const unmarked = guest.symbol('unknown', guest.image(0x40), 'T')
  guest.write(unmarked, Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfb))
  const gone = guest.symbol('gone', 0xffffffffc0000000n, 'T')
  const kernel = guest.kernel()

  const x86 = { rdi: 1n, rsi: 2n, rdx: 3n, rcx: 4n, r8: 5n, r9: 6n }
  const arm64 = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`x${n}`, BigInt(10 + n)]))
  const vcpu = (rip: bigint, more: object = {}): Vcpu =>
    ({ index: 0, rip, privilege: 0, registers: { rip, ...x86 }, ...more }) as unknown as Vcpu
  const named = (rip: bigint, more?: object) => shown(entryArguments(kernel, vcpu(rip, more)))

  it('has its arguments, also behind the mark that kernels with IBT put there', () => {
    const right = [
      ['cpu', 'int', 8, 1n],
      ['both', 'pair', 16, 2n],
      ['arg2', 'unsigned long', 8, 4n],
    ]
    expect(named(marked)).toEqual(right)
    expect(named(marked + 4n)).toEqual(right)
    expect(named(marked + 1n)).toBeUndefined()
    expect(named(marked + 5n)).toBeUndefined()
    expect(named(unmarked + 4n)).toBeUndefined()
    expect(named(gone + 4n)).toBeUndefined()
    expect(named(0x400000n)).toBeUndefined()
    expect(prototypeNamed(kernel, 'three_things')?.parameters).toHaveLength(3)
    expect(prototypeNamed(kernel, 'three')).toBeUndefined()
    expect(prototypeNamed(kernel, 'nothing')).toBeUndefined()
  })

  it('has the registers where the types do not know the function, by the names of its processor', () => {
    expect(named(unmarked)?.map(([name]) => name)).toEqual(['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'])
    const registers = { pc: unmarked, ...arm64 }
    expect(named(unmarked, { registers })?.map(([name, , , word]) => [name, word])).toEqual(
      Object.entries(arm64),
    )
  })

  it('has none in user space, nor where a register is not known', () => {
    expect(named(marked, { privilege: 3 })).toBeUndefined()
    expect(named(marked, { registers: { ...x86, r9: undefined } })).toBeUndefined()
  })

  it('is the only one that is asked for, or one by its index', () => {
    const session = (...vcpus: Vcpu[]) => ({ kernel, vcpus, valueContext: { kernel } }) as unknown as Session
    const at = (index: number, rip: bigint) =>
      vcpu(rip, { index, registers: { rip, ...x86, rdi: BigInt(index) } })
    const values = (vm: Session, index?: number) => entryValues(vm, index) as Record<string, unknown>
    expect(values(session(at(3, marked), at(4, marked + 1n))).cpu).toBe(3)
    expect(values(session(at(3, marked), at(4, unmarked)), 4)).toEqual({
      rdi: 4n,
      rsi: 2n,
      rdx: 3n,
      rcx: 4n,
      r8: 5n,
      r9: 6n,
    })
    expect(() => values(session(at(3, marked), at(4, unmarked)))).toThrow(
      "several vCPUs stand at a function's first instruction: say which, vm.args(3), vm.args(4)",
    )
    expect(() => values(session(at(3, marked + 1n)))).toThrow(
      "no vCPU stands at a function's first instruction",
    )
    expect(() => values(session(at(3, marked)), 2)).toThrow(
      "vCPU 2 does not stand at a function's first instruction, where arguments are known; vm.runUntil('name') goes to one",
    )
  })
})
