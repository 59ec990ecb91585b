import { describe, expect, it, test } from 'vitest'
import { analyzeCode } from '../../../src/bpf/cast/analyze-code.js'
import type { Code } from '../../../src/bpf/cast/code/code.js'
import { describeFindings } from '../../../src/bpf/cast/findings.js'
import type { Instruction } from '../../../src/bpf/programs/instruction.js'
import { codeOf, declarerIn, makeTypes, op, program } from './flow/support.js'

const types = makeTypes()
const { b, ints, pointer, value, inner } = types
const declare = declarerIn(types)
const typeId = declare(ints.s32, pointer.value, pointer.inner, ints.u32, pointer.task, pointer.void)

/**
 * Structs of 256 bytes, each with words of its own place: `link` is to point at the next, `bad` is another. Numbered
 * from 1.
 */
const most = 12
const nodes = Array.from({ length: most }, (_, n) =>
  b.struct(
    `node${n + 1}`,
    [
      { name: 'link', type: ints.u64, offset: 16 * (n + 1) },
      { name: 'bad', type: ints.u64, offset: 16 * (n + 1) + 8 },
    ],
    256,
  ),
)
const all = (name: string) =>
  b.struct(
    name,
    nodes.map((node, n) => ({ name: `n${n + 1}`, type: b.pointer(node) })),
  )
const arenas = all('arenas')
const kernels = all('kernels')
const ofBoth = declare(ints.s32, b.pointer(arenas), b.pointer(kernels))

/** `node1.link: struct node2 arena`, proven or `?` for what is only supported; what is withheld, with reasons. */
function told(code: Code): string[] {
  const analysis = analyzeCode(code)
  expect(analysis.incomplete).toBeUndefined()
  const { findings, withheld } = describeFindings(code, analysis)
  const name = (place: { type: string; member: string }) =>
    `${place.type.replace('struct ', '')}.${place.member}`
  return [
    ...findings.map(
      ({ place, target, addressSpace, recovered }) =>
        `${name(place)}: ${target?.type ?? 'anything'} ${addressSpace}${recovered === 'proven' ? '' : '?'}`,
    ),
    ...withheld.map(({ place, reasons }) => `${name(place)}: ${reasons.map(({ why }) => why).join('; ')}`),
  ]
}

const alone = (
  code: readonly Instruction[],
  more: Parameters<typeof codeOf>[2] = {},
  of = typeId,
): string[] =>
  told(
    codeOf(types, [...code, op.set(0, 0), op.exit()], {
      functions: [{ typeId: of, binding: 'global' }],
      ...more,
    }),
  )

const storeTask = op.store(1, 0, 4)
const proven = 'value.flags: struct task_struct unknown'

describe('code that cannot be followed', () => {
  const incomplete = (code: Code): unknown => {
    const { incomplete, weighed, kernelTypes } = analyzeCode(code)
    expect([weighed, [...kernelTypes]]).toEqual([[], []])
    return incomplete
  }

  test('is not there as a whole', () => {
    const code = codeOf(types, [storeTask, op.exit()], { incomplete: 'it is cut off' })
    expect(incomplete(code)).toBe('it is cut off')
  })

  test('jumps out of a function', () => {
    const code = codeOf(types, [op.exit(), op.jump(5), op.exit()], {
      functions: [{ name: 'good' }, { name: 'far', start: 1 }],
    })
    expect(incomplete(code)).toBe('function far could not be followed: the jump at instruction 0 leaves it')
  })

  test('calls itself too deeply', () => {
    const chain = program(
      types,
      Array.from({ length: 17 }, (_, n) => ({
        code: n === 16 ? [op.set(0, 0), op.exit()] : [op.callFunction(), op.exit()],
        refers: n === 16 ? {} : { 0: { kind: 'function', index: n + 1 } as const },
        is: { binding: n === 0 ? ('entry' as const) : ('static' as const) },
      })),
    )
    expect(incomplete(chain)).toBe('it could not be followed: its functions call each other too deeply')
  })
})

describe('what is concluded', () => {
  it('is nothing of what other code writes to as well, or the kernel', () => {
    expect(alone([storeTask])).toEqual([proven])
    expect(alone([storeTask], { sharedTypes: new Set([value]) })).toEqual([])
    expect(alone([storeTask], { sharedTypes: new Set([inner]) })).toEqual([proven])
    expect(alone([storeTask], { kernelStructs: new Set([value]) })).toEqual([])
    expect(alone([storeTask, op.storeNumber(1, 0, 7)], { kernelStructs: new Set([value]) })).toEqual([])
  })

  it('is withheld where something speaks for a pointer, and not mentioned else', () => {
    const number = op.storeNumber(1, 0, 5)
    expect(alone([number])).toEqual([])
    expect(alone([number, storeTask])).toEqual(['value.flags: the number 5 is stored'])
    // It is only followed.
    expect(alone([number, op.load(6, 1, 0), op.load(7, 6, 0)])).toEqual([
      'value.flags: the number 5 is stored',
    ])
    // It is a copy of another, of which nothing is known.
    expect(alone([op.load(6, 1, 104), op.store(1, 0, 6)])).toEqual([])
  })

  it('is supported where only what is not known may be against it, and a type or an arena speaks for it', () => {
    const unknown = [op.load(6, 1, 200), op.store(1, 0, 6)]
    expect(alone([storeTask, ...unknown])).toEqual([`${proven}?`])
    const why = 'value.flags: a value of unknown origin is stored'
    // It is followed into the arena.
    const follow = (cast: Instruction) => [op.load(7, 1, 0), cast, op.load(7, 7, 0)]
    expect(alone([...unknown, ...follow(op.cast(7, 7))])).toEqual(['value.flags: anything arena?'])
    expect(alone([...unknown, ...follow(op.move(7, 7))])).toEqual([why])
  })

  it('is what an allocation of that size is, if nothing else is known', () => {
    const allocator = b.function(
      'scx_static_alloc_internal',
      b.prototype(ints.u64, [{ name: 'n', type: ints.u64 }]),
      'global',
    )
    const refers = {
      2: { kind: 'kernel function', name: 'scx_static_alloc_internal', typeId: allocator } as const,
    }
    const code = (after: Instruction[]) => [
      op.move(6, 1),
      op.set(1, 48),
      op.callKernel(),
      op.store(6, 0, 0),
      ...after,
    ]
    const references = new Map(Object.entries(refers).map(([at, reference]) => [Number(at), reference]))
    expect(alone(code([]), { references })).toEqual(['value.flags: anything arena'])
    const unknown = [op.load(7, 6, 200), op.store(6, 0, 7)]
    expect(alone(code(unknown), { references })).toEqual(['value.flags: anything arena?'])
  })
})

describe('what is proven is used to prove more', () => {
  /** R1 are pointers that are only used as arena addresses, R2 the same as kernel addresses. */
  const toArena = (n: number, register = 4) => op.load(register, 1, 8 * (n - 1))
  const toKernel = (n: number, register = 3) => op.load(register, 2, 8 * (n - 1))
  const link = (n: number) => 16 * n
  const bad = (n: number) => 16 * n + 8

  /** A chain of so many nodes: each link is only seen to be stored once the one before it is proven. */
  function chain(length: number, eachLink: (n: number) => Instruction[] = () => []): Instruction[] {
    const casts = nodes.slice(0, length).flatMap((_, n) => [toArena(n + 1), op.cast(5, 4)])
    const first = [toKernel(1), toArena(2), op.store(3, link(1), 4), op.load(6, 3, link(1)), op.cast(6, 6)]
    const others = Array.from({ length: length - 2 }, (_, n) => n + 2).flatMap((n) => [
      toArena(n + 1),
      op.store(6, link(n), 4),
      ...eachLink(n),
      op.load(6, 6, link(n)),
      op.cast(6, 6),
    ])
    return [...casts, ...first, ...others]
  }
  const links = (length: number) =>
    Array.from({ length: length - 1 }, (_, n) => `node${n + 1}.link: struct node${n + 2} arena`)
  const run = (code: readonly Instruction[]) => alone(code, {}, ofBoth)

  it('round by round', () => {
    expect(run(chain(2))).toEqual(links(2))
    expect(run(chain(5))).toEqual(links(5))
    expect(run(chain(9))).toEqual(links(9))
  })

  it('and not at all where it takes more rounds than any real chain', () => {
    expect(run(chain(10))).toEqual([])
  })

  /** `bad` of each node gets a pointer; then a number through the arena, which is only seen late. */
  function contradicted(length: number, until = length): Instruction[] {
    const stores = Array.from({ length: length - 1 }, (_, n) => n + 2).flatMap((n) => [
      toKernel(n),
      op.store(3, bad(n), 1),
    ])
    return [...stores, ...chain(length, (n) => (n <= until ? [op.storeNumber(6, bad(n), 5)] : []))]
  }
  const bads = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => `node${from + n}.bad: struct arenas unknown`)

  it('and what turns out not to hold is said of nothing', () => {
    // The last has no number stored.
    expect(run(contradicted(3)).toSorted()).toEqual([...links(3), ...bads(3, 3)].toSorted())
    expect(run(contradicted(4)).toSorted()).toEqual([...links(4), ...bads(4, 4)].toSorted())
    expect(run(contradicted(4, 2)).toSorted()).toEqual([...links(4), ...bads(3, 4)].toSorted())
  })

  it('and where it does not settle, what needs nothing of it is left', () => {
    // Each attempt finds one more: the fourth that fails is the last.
    expect(run(contradicted(5)).toSorted()).toEqual([...links(5), ...bads(5, 5)].toSorted())
    expect(run(contradicted(6)).toSorted()).toEqual([...links(2), ...bads(6, 6)].toSorted())
  })
})

describe('the stack of a function', () => {
  /** A task that is kept on the stack and read again. */
  const kept = (...code: Instruction[]) => alone([...code, op.store(1, 0, 6)])

  test.each([-8, -16, -256, -512])('is known down to %i', (offset) => {
    expect(kept(op.store(10, offset, 4), op.load(6, 10, offset))).toEqual([proven])
    const address = [op.move(7, 10), op.addNumber(7, offset)]
    expect(kept(...address, op.store(7, 0, 4), op.load(6, 7, 0))).toEqual([proven])
  })

  test('is known as far as instructions use it, whatever is subtracted elsewhere', () => {
    const between = (n: number) => [op.move(8, 4), op.addNumber(8, n)]
    expect(kept(op.store(10, -8, 4), ...between(-4096), op.load(6, 10, -8))).toEqual([proven])
    expect(kept(op.store(10, -8, 4), ...between(4096), op.load(6, 10, -8))).toEqual([proven])
  })
})
