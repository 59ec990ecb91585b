import fc from 'fast-check'
import { Btf } from '../../src/btf/btf.js'
import type { CType } from '../../src/btf/types.js'
import { BtfBuilder, type MemberSpec } from '../btf/builder.js'

/** One more type, made of the `types` before it; the numbers choose. */
type Step = (b: BtfBuilder, types: readonly number[]) => number

const pick = (types: readonly number[], choice: number) => types[choice % types.length] ?? 0
const choice = fc.nat({ max: 1000 })
const names = fc.constantFrom(
  'a',
  'b',
  'pid',
  'bits',
  'cpumask',
  '__proto__',
  'toJSON',
  'then',
  '"\\',
  '\u001b[31m',
  '0',
  '',
)

const scalars: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(
      fc.integer({ min: 1, max: 17 }),
      fc.constantFrom({}, { signed: true }, { bool: true }, { char: true }),
    )
    .map(
      ([size, options]): Step =>
        (b) =>
          b.int(size === 1 ? 'char' : 'int', size, options),
    ),
  fc.tuple(fc.constantFrom(1, 2, 4, 8, 16), fc.nat({ max: 130 }), fc.nat({ max: 20 }), fc.boolean()).map(
    ([size, bits, bitOffset, signed]): Step =>
      (b) =>
        b.int('odd', size, { bits, bitOffset, signed }),
  ),
  fc.constantFrom(1, 2, 4, 8, 12, 16).map(
    (size): Step =>
      (b) =>
        b.float('float', size),
  ),
  fc
    .tuple(
      fc.dictionary(names, fc.bigInt({ min: -(2n ** 31n), max: 2n ** 32n }), { maxKeys: 4 }),
      fc.constantFrom(1, 2, 4, 8),
    )
    .map(
      ([values, size]): Step =>
        (b) =>
          b.enum('state', values, size),
    ),
  fc.constant<Step>((b) => b.forward('secret')),
  fc.constant<Step>((b) => b.raw(0, 0x1d000000, 4)),
)

const derived: fc.Arbitrary<Step> = fc.oneof(
  choice.map(
    (n): Step =>
      (b, types) =>
        b.pointer(pick(types, n)),
  ),
  choice.map(
    (n): Step =>
      (b, types) =>
        b.const(pick(types, n)),
  ),
  choice.map(
    (n): Step =>
      (b, types) =>
        b.typedef('name', pick(types, n)),
  ),
  choice.map(
    (n): Step =>
      (b, types) =>
        b.pointer(b.typeTag('rcu', pick(types, n))),
  ),
  fc.tuple(choice, fc.nat({ max: 6 })).map(
    ([n, length]): Step =>
      (b, types) =>
        b.array(pick(types, n), length),
  ),
)

interface MemberChoice {
  readonly name: string
  readonly type: number
}

const memberChoice = fc.record({ name: names, type: choice })

const composites: fc.Arbitrary<Step> = fc
  .tuple(
    fc.constantFrom('struct', 'union'),
    fc.constantFrom('', 'thing', 'cpumask', 'bpf_cpumask'),
    fc.array(memberChoice, { maxLength: 6 }),
  )
  .map(
    ([kind, name, members]): Step =>
      (b, types) => {
        const specs = members.map(
          ({ name, type }: MemberChoice): MemberSpec => ({ name, type: pick(types, type) }),
        )
        return kind === 'struct' ? b.struct(name, specs) : b.union(name, specs)
      },
  )

/** Structs that no compiler makes: members anywhere, bitfields of any type, structs that hold themselves. */
const broken: fc.Arbitrary<Step> = fc
  .tuple(
    fc.array(
      fc.record({
        name: names,
        type: choice,
        bitOffset: fc.nat({ max: 300 }),
        bitSize: fc.nat({ max: 140 }),
        self: fc.nat({ max: 9 }),
      }),
      {
        maxLength: 5,
      },
    ),
    fc.nat({ max: 40 }),
  )
  .map(
    ([members, size]): Step =>
      (b, types) =>
        b.struct(
          'broken',
          (self) =>
            members.map(({ self: own, type, ...place }) => ({
              ...place,
              type: own === 0 ? self : pick(types, type),
            })),
          size,
        ),
  )

const hugeArrays = fc.tuple(choice, fc.constantFrom(0x7fffffff, 0xffffffff, 100_000)).map(
  ([n, length]): Step =>
    (b, types) =>
      b.array(pick(types, n), length),
)

function typeOf(steps: readonly Step[]): CType {
  const b = new BtfBuilder()
  const types: number[] = [b.int('int', 4, { signed: true }), 0]
  for (const step of steps) types.push(step(b, types))
  return Btf.parse(b.build()).type(types.at(-1) ?? 0)
}

const stepsOf = (...kinds: fc.Arbitrary<Step>[]) =>
  fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 12 })

/** Types as compilers make them, the last built from the ones before. */
export const compiledType = stepsOf(scalars, derived, composites, composites).map(typeOf)

/** Types as nobody should make them, too. */
export const anyType = stepsOf(scalars, derived, composites, broken, broken, hugeArrays).map(typeOf)
