import fc from 'fast-check'
import { expect, test } from 'vitest'
import { syntheticPointer } from '../../../src/btf/inflate.js'
import type { CType } from '../../../src/btf/types.js'
import type { RecoveredPointer } from '../../../src/value/recovered.js'
import { compileJson } from '../../../src/value/render/compile-json.js'
import { jsonOf } from '../../../src/value/render/json.js'
import { formatValue } from '../../../src/value/render/text.js'
import { anyType, compiledType } from '../arbitrary.js'
import { FakeGuest } from '../fake-guest.js'
import { build } from '../types.js'

const plainContext = new FakeGuest().context()
const pointer: RecoveredPointer = {
  type: syntheticPointer(build((_b, { u64 }) => u64)),
  evidence: {
    degree: 'proven',
    function: 'f',
    instruction: 1,
    file: 'a.c',
    line: 2,
    why: 'because',
    lines: ['a.c:2'],
  },
  accepts: (value) => value % 3n !== 1n,
}
/** Every other word of any struct is a pointer. */
const recoveringContext = new FakeGuest().context({
  recoverPointer: (_type, offset) => (offset % 16 === 8 ? pointer : undefined),
})
const contexts = [plainContext, recoveringContext]
const contents = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.uint8Array({ minLength: 300, maxLength: 300 }),
  fc.constant(new Uint8Array(300)),
  fc.constant(new Uint8Array(300).fill(0xff)),
)

function bothWays(type: CType, bytes: Uint8Array, offset: number) {
  for (const context of contexts) {
    const plain = JSON.stringify(jsonOf(context, type, bytes, offset))
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const compiled = compileJson(context, type)(view, bytes, offset)
    // Names such as "0" change places when parsed: JavaScript sorts them first.
    expect(JSON.stringify(JSON.parse(compiled))).toBe(plain)
  }
}

test('compiled and plain JSON agree on types as compilers make them', () => {
  fc.assert(fc.property(compiledType, contents, fc.nat({ max: 9 }), bothWays), { numRuns: 1000 })
})

test('compiled and plain JSON agree on hostile types, and both end', () => {
  fc.assert(fc.property(anyType, contents, fc.nat({ max: 9 }), bothWays), { numRuns: 1000 })
})

test('compiled and plain JSON agree that arrays in one place hold too many values', () => {
  const arms = build((b, { u16 }) => {
    const array = b.array(u16, 500)
    return b.union(
      'arms',
      Array.from({ length: 400 }, (_, n) => ({ name: `arm${n}`, type: array })),
      1000,
    )
  })
  bothWays(arms, new Uint8Array(1000), 0)
  expect(JSON.stringify(jsonOf(plainContext, arms, new Uint8Array(1000)))).toContain(
    'the type claims far more values than its bytes can hold',
  )
})

test('text is made of any type, and has nothing a terminal would act on', () => {
  fc.assert(
    fc.property(anyType, contents, fc.boolean(), fc.boolean(), (type, bytes, showZero, hex) => {
      const context = hex ? plainContext : recoveringContext
      const text = formatValue(context, type, bytes, { showZero, hex, depth: 4, columns: 80, elements: 50 })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    }),
    { numRuns: 1000 },
  )
})
