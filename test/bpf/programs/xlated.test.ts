import { describe, expect, it } from 'vitest'
import type { ProgramFunction } from '../../../src/bpf/programs/functions.js'
import type { Instruction } from '../../../src/bpf/programs/instruction.js'
import { readInstructions } from '../../../src/bpf/programs/xlated.js'
import { Problems } from '../../../src/problems.js'
import { addArray, addPerCpuArray } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { addCode, instruction } from '../../support/program-objects.js'

/** Instructions as they are handed out; functions start where a test says. */
function handedOut(
  code: readonly Instruction[],
  starts: readonly number[] = [],
  guest = new KernelGuest(),
  maps: readonly bigint[] = [],
) {
  const address = addCode(guest, code, { maps })
  const problems = new Problems()
  const functions = starts.map((start) => ({ start, name: undefined, type: undefined }) as ProgramFunction)
  const found = readInstructions(guest.kernel(), address, functions, problems)
  expect(problems.sentences).toEqual([])
  return found
}

const codes = (...raw: number[]): number[] =>
  handedOut(raw.map((code) => instruction(code, { destination: 1, source: 2, offset: 8 }))).map(
    ({ code }) => code,
  )

describe('loads and stores that may fault', () => {
  // enum of sizes: W 0x00, H 0x08, B 0x10, DW 0x18.
  it('are plain loads of the same size', () => {
    expect(codes(0x21, 0x29, 0x31, 0x39)).toEqual([0x61, 0x69, 0x71, 0x79])
    expect(codes(0xa1, 0xa9, 0xb1, 0xb9)).toEqual([0x61, 0x69, 0x71, 0x79])
  })

  it('are plain stores of the same size, in the arena', () => {
    expect(codes(0xa2, 0xaa, 0xb2, 0xba)).toEqual([0x62, 0x6a, 0x72, 0x7a])
    expect(codes(0xa3, 0xab, 0xb3, 0xbb)).toEqual([0x63, 0x6b, 0x73, 0x7b])
  })

  it('are told from other instructions with such bits', () => {
    const others = [0x20, 0x22, 0x23, 0x24, 0x27, 0xa0, 0xa4, 0xa5, 0xa6, 0xa7, 0x61, 0x7b]
    expect(codes(...others)).toEqual(others)
  })

  it('keep their registers and offsets', () => {
    const rest = { destination: 3, source: 4, offset: -16, immediate: 9 }
    expect(handedOut([instruction(0x39, rest), instruction(0xbb, rest)])).toEqual([
      instruction(0x79, rest),
      instruction(0x7b, rest),
    ])
  })
})

describe('a call', () => {
  const exit = instruction(0x95)
  const call = (immediate: number, offset: number, code = 0x85, source = 1) =>
    instruction(code, { source, immediate, offset })

  it('of an interpreted function is a call', () => {
    expect(handedOut([call(1, 2, 0xe5), exit], [0])).toEqual([call(1, 2), exit])
    expect(handedOut([instruction(0xf5, { immediate: 7 })])).toEqual([instruction(0x85, { immediate: 12 })])
  })

  it('is swapped where any call of the program has its index in the offset', () => {
    const code = [call(2, 1), call(0, 1, 0x85, 2), call(3, 2, 0x85, 0), exit, exit]
    // The first call goes to the function with index 1, which starts at 3; others are none of sub-programs.
    expect(handedOut(code, [0, 3])).toEqual([call(1, 2), ...code.slice(1)])
    // Nobody starts there: nothing tells which it is.
    expect(handedOut(code, [0, 4])).toEqual(code)
  })

  it('is as it is where both ways fit, and where only the older does', () => {
    expect(handedOut([call(1, 1), exit, exit], [0, 2])).toEqual([call(1, 1), exit, exit])
    expect(handedOut([call(1, 2), exit, exit, exit], [0, 3])).toEqual([call(1, 2), exit, exit, exit])
  })

  it('of an interpreted function is swapped too', () => {
    expect(handedOut([call(2, 1, 0xe5), exit, exit, exit], [0, 3])[0]).toEqual(call(1, 2))
  })

  it.each([
    [0x7fff, 0x7fff],
    [0x8000, 0],
    [-0x8000, -0x8000],
    [-0x8001, 0],
  ])('at a distance of %d has one of %d in 16 bits', (distance, expected) => {
    const rest = Array.from({ length: 0x8003 }, () => exit)
    const forward = distance > 0
    const code = forward ? [call(distance, 1), ...rest] : [...rest, call(distance, 0)]
    const at = forward ? 0 : rest.length
    const starts = forward ? [0, 1 + distance] : [at + 1 + distance, at]
    expect(handedOut(code, starts)[at]).toEqual(call(forward ? 1 : 0, expected))
  })
})

describe('a 64-bit immediate', () => {
  const load = (value: bigint) => [
    instruction(0x18, { destination: 1, immediate: Number(BigInt.asIntN(32, value)) }),
    instruction(0, { immediate: Number(BigInt.asIntN(32, value >> 32n)) }),
  ]
  const of = (source: number, id: number, offset: number) => [
    instruction(0x18, { destination: 1, source, immediate: id }),
    instruction(0, { immediate: offset }),
  ]
  const operations = (guest: KernelGuest) => ({
    ops: guest.objects.make('bpf_map_ops', { map_direct_value_meta: 0xffffffff81000000n }),
  })

  it('may be a value of an array of one element, from its first byte to its last', () => {
    const guest = new KernelGuest()
    const map = addArray(guest, { id: 40, valueSize: 12, maxEntries: 1, members: operations(guest) })
    const value = map + BigInt(guest.objects.offsetOf('bpf_array', 'value'))
    // Elements are as far apart as 8 bytes allow: 16.
    const found = handedOut([value, value + 15n, value + 16n, value - 1n, map].flatMap(load), [], guest, [
      map,
    ])
    expect(found).toEqual([
      ...of(2, 40, 0),
      ...of(2, 40, 15),
      ...load(value + 16n),
      ...load(value - 1n),
      ...of(1, 40, 0),
    ])
  })

  it('may be the value of a per-CPU array, by the pointer that all CPUs share', () => {
    const guest = new KernelGuest()
    const spec = { id: 41, valueSize: 8, maxEntries: 1, members: operations(guest) }
    const map = addPerCpuArray(guest, spec, [[]])
    guest.objects.set('bpf_array', map, { elem_size: 8 })
    const slot = map + BigInt(guest.objects.offsetOf('bpf_array', 'pptrs'))
    const pointer = Buffer.from(guest.bytesAt(slot, 8)).readBigUInt64LE()
    expect(handedOut([pointer + 4n, slot].flatMap(load), [], guest, [map])).toEqual([
      ...of(2, 41, 4),
      ...load(slot),
    ])
  })

  it('is a number where the map gives no addresses of its values', () => {
    const number = (change: (guest: KernelGuest) => Parameters<typeof addArray>[1]) => {
      const guest = new KernelGuest()
      const map = addArray(guest, change(guest))
      const value = map + BigInt(guest.objects.offsetOf('bpf_array', 'value'))
      expect(handedOut(load(value), [], guest, [map])).toEqual(load(value))
    }
    const spec = { id: 40, valueSize: 8, maxEntries: 1 }
    number(() => spec)
    number((guest) => ({ ...spec, members: { ops: guest.objects.make('bpf_map_ops') } }))
    number((guest) => ({ ...spec, maxEntries: 2, members: operations(guest) }))
    // Of another type, which has something else there.
    number((guest) => ({ ...spec, members: { ...operations(guest), map_type: 1 } }))
  })

  it('that is cut off stays', () => {
    const guest = new KernelGuest()
    const map = addArray(guest, { id: 40, valueSize: 8, maxEntries: 1, members: operations(guest) })
    const [low] = load(map)
    expect(handedOut([low as Instruction], [], guest, [map])).toEqual([low])
  })

  it('has a second half that is no instruction', () => {
    // Its code would be a tail call.
    const guest = new KernelGuest()
    const map = addArray(guest, { id: 40, valueSize: 8, maxEntries: 1 })
    const [low, high] = load(map) as [Instruction, Instruction]
    const found = handedOut([low, { ...high, code: 0xf5 }], [], guest, [map])
    expect(found[1]).toMatchObject({ code: 0xf5, immediate: 0 })
  })
})
