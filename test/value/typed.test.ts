import { describe, expectTypeOf, it } from 'vitest'
import type * as Typed from '../../src/value/typed.js'
import type * as Values from '../../src/value/types.js'

/** Names that a type spells out, without index signatures. */
type Spelled<T> = keyof {
  [K in keyof T as string extends K ? never : number extends K ? never : symbol extends K ? never : K]: T[K]
}

describe('the shapes that declarations use', () => {
  it('have everything that values have: what one lacks is refused in cells and at the prompt', () => {
    type Missing =
      | Exclude<Spelled<Values.StructValue>, Spelled<Typed.Struct>>
      // Of structs alone: a pointer to one is Pointer<T>, which has them.
      | Exclude<Spelled<Values.PointerValue>, Spelled<Typed.Pointer<Typed.Struct>>>
      | Exclude<Spelled<Values.CpuMaskValue>, Spelled<Typed.CpuMask>>
      | Exclude<Spelled<Values.ArrayValue>, Spelled<Typed.List<number>>>
      | Exclude<Spelled<Values.OpaqueValue>, Spelled<Typed.Opaque>>
    expectTypeOf<Missing>().toEqualTypeOf<never>()
  })
})
