import { describe, expect, it } from 'vitest'
import { arenaContext, isArenaPointer } from '../../../src/bpf/arena/context.js'
import type { ArenaWindow } from '../../../src/bpf/arena/window.js'
import { Btf } from '../../../src/btf/btf.js'
import type { PointerType } from '../../../src/btf/types.js'
import { BtfBuilder } from '../../btf/builder.js'
import { KernelGuest } from '../../support/kernel-guest.js'

const userStart = 0x7f0000000000n
const size = 0x2000n
const kernelStart = 0xffffc90000000000n

/** An arena of two pages, seen by its places. */
const window = (storesLowWords: boolean): ArenaWindow =>
  ({
    userStart,
    userEnd: userStart + size,
    storesLowWords,
    formOf: (value: bigint) =>
      value >= userStart && value < userStart + size ? 'user' : value < size ? 'low32' : 'other',
    placeOf: (value: bigint) => {
      const low = value >= userStart ? value - userStart : value
      return low < size ? Number(low) : -1
    },
    kernelAddress: (place: number) => kernelStart + BigInt(place),
  }) as unknown as ArenaWindow

const b = new BtfBuilder()
const node = b.struct('node', [])
const plain = b.pointer(node)
const tagged = b.pointer(b.typeTag('address_space(1)', node))
const older = b.pointer(b.const(b.typeTag('arena', node)))
const otherTag = b.pointer(b.typeTag('user', node))
const twice = b.pointer(b.typeTag('rcu', b.typeTag('arena', node)))
const types = Btf.parse(b.build())
const pointer = (id: number): PointerType => types.type(id) as PointerType

const guest = new KernelGuest()
guest.symbol('a_function', guest.image(64), 'T')
const kernel = guest.kernel()
const function_ = kernel.symbol('a_function')

const context = (storesLowWords = false) =>
  arenaContext(kernel, window(storesLowWords), [types], {
    name: (place) => `place ${place}`,
    typed: (place) => (place >= 0x10 && place < 0x20 ? { type: types.type(node), place: 0x10 } : undefined),
    isInUse: () => true,
  })

describe('values of programs that use an arena', () => {
  it('have names of its objects within its window, from its first byte to its last, and of the kernel outside', () => {
    const { symbolize } = context()
    expect(symbolize(userStart)).toBe('place 0')
    expect(symbolize(userStart + 0x1fffn)).toBe('place 8191')
    expect(symbolize(userStart + size)).not.toBe('place 8192')
    expect(symbolize(userStart - 1n)).toBeUndefined()
    expect(symbolize(function_)).toBe('a_function')
    // A small number is no address, though it could be a low word.
    expect(symbolize(0x10n)).toBeUndefined()
  })

  it('lie in objects, by the place of each', () => {
    const { objectAt } = context()
    expect(objectAt?.(userStart + 0x18n)).toEqual({ type: types.type(node), address: kernelStart + 0x10n })
    expect(objectAt?.(0x18n)).toEqual({ type: types.type(node), address: kernelStart + 0x10n })
    expect(objectAt?.(userStart + 0x20n)).toBeUndefined()
    expect(objectAt?.(0x123456789n)).toBeUndefined()
  })

  it('follow pointers into the window; low words alone only where the type or the arena says that they are some', () => {
    const follow = (value: bigint, id: number, storesLowWords = false) =>
      context(storesLowWords).resolvePointer?.(value, pointer(id))
    expect(follow(userStart, plain)).toBe(kernelStart)
    expect(follow(userStart + 0x1234n, plain)).toBe(kernelStart + 0x1234n)
    expect(follow(0x1234n, plain)).toBeUndefined()
    expect(follow(0x1234n, plain, true)).toBe(kernelStart + 0x1234n)
    expect(follow(0x1234n, tagged)).toBe(kernelStart + 0x1234n)
    expect(follow(userStart + size, tagged)).toBeUndefined()
  })

  it('tell arena pointers by their tags, beneath qualifiers and other tags', () => {
    expect([plain, tagged, older, otherTag, twice].map((id) => isArenaPointer(pointer(id)))).toEqual([
      false,
      true,
      true,
      false,
      true,
    ])
  })
})
