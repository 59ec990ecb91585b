import type { CType } from '../btf/types.js'
import { textAt } from '../text/decode.js'
import { bitsAt, floatAt } from '../value/bytes.js'
import type { ValueContext } from '../value/context.js'
import { enumNames } from '../value/enum.js'
import { fieldsOf } from '../value/fields.js'
import { readBits } from '../value/integer.js'
import { compileJson } from '../value/render/compile-json.js'
import { type IntShape, type Shape, shapeOf } from '../value/shape.js'
import { type FrameColumn, NumberBuilder, TextBuilder } from './column.js'

/** Reads one member of packed bytes into its column. */
export interface Leaf {
  readonly path: string
  readonly read: (view: DataView, bytes: Uint8Array, offset: number) => void
  readonly finish: () => FrameColumn
}

const mostElements = 16
const deepest = 8

/** The columns of a C type: a leaf for each scalar, by its path; what has no single value is JSON. */
export function leavesOf(context: ValueContext, type: CType, path: string): Leaf[] {
  return [...walk(context, shapeOf(type), path, 0, 0)]
}

function* walk(
  context: ValueContext,
  shape: Shape,
  path: string,
  at: number,
  depth: number,
): Generator<Leaf> {
  switch (shape.kind) {
    case 'int':
      yield integerLeaf(shape, path, at, 0, 0)
      return
    case 'float':
      yield numberLeaf(path, 'float', (_, bytes, offset) => floatAt(bytes, offset + at, shape.size))
      return
    case 'pointer':
      yield shape.size === 8
        ? numberLeaf(path, 'uint64', (view, _, offset) => view.getBigUint64(offset + at, true))
        : numberLeaf(path, 'integer', (view, _, offset) => view.getUint32(offset + at, true))
      return
    case 'text':
      yield textLeaf(path, (_, bytes, offset) => textAt(bytes, offset + at, offset + at + shape.length))
      return
    case 'enum': {
      const names = enumNames(shape.enumeration)
      const known = new Map<bigint, string>()
      yield textLeaf(path, (_, bytes, offset) => {
        const bits = bitsAt(bytes, offset + at, 0, shape.size * 8)
        let name = known.get(bits)
        if (name === undefined) {
          name = names.read(bits, shape.size * 8).toString()
          known.set(bits, name)
        }
        return name
      })
      return
    }
    case 'struct': {
      const fields = fieldsOf(shape.bare)
      if (depth >= deepest || fields.problem !== undefined) break
      for (const field of fields.list) {
        const name = path === '' ? field.name : `${path}.${field.name}`
        if (field.width > 0 && field.shape.kind === 'int') {
          yield integerLeaf(field.shape, name, at + field.offset, field.shift, field.width)
        } else yield* walk(context, field.shape, name, at + field.offset, depth + 1)
      }
      return
    }
    case 'array':
      if (shape.length > mostElements || depth >= deepest) break
      for (let n = 0; n < shape.length; n++) {
        yield* walk(context, shape.element, `${path}[${n}]`, at + n * shape.element.size, depth + 1)
      }
      return
  }
  const render = compileJson(context, shape.type)
  yield textLeaf(path, (view, bytes, offset) => render(view, bytes, offset + at))
}

function integerLeaf(shape: IntShape, path: string, at: number, shift: number, width: number): Leaf {
  const { size, signed, bool } = shape
  const isWhole = width === 0 && shape.bits === size * 8
  if (!isWhole) {
    const [first, bits] = width > 0 ? [shift, width] : [shape.bitOffset, shape.bits]
    const kind = bool ? 'boolean' : bits > 32 ? (signed ? 'int64' : 'uint64') : 'integer'
    return numberLeaf(path, kind, (_, bytes, offset) => {
      const value = readBits(shape, bytes, offset + at, first, bits)
      return typeof value === 'boolean' ? Number(value) : value
    })
  }
  switch (size) {
    case 1:
      if (bool)
        return numberLeaf(path, 'boolean', (view, _, offset) => Number(view.getUint8(offset + at) !== 0))
      return signed
        ? numberLeaf(path, 'integer', (view, _, offset) => view.getInt8(offset + at))
        : numberLeaf(path, 'integer', (view, _, offset) => view.getUint8(offset + at))
    case 2:
      return signed
        ? numberLeaf(path, 'integer', (view, _, offset) => view.getInt16(offset + at, true))
        : numberLeaf(path, 'integer', (view, _, offset) => view.getUint16(offset + at, true))
    case 4:
      return signed
        ? numberLeaf(path, 'integer', (view, _, offset) => view.getInt32(offset + at, true))
        : numberLeaf(path, 'integer', (view, _, offset) => view.getUint32(offset + at, true))
    case 8:
      return signed
        ? numberLeaf(path, 'int64', (view, _, offset) => view.getBigInt64(offset + at, true))
        : numberLeaf(path, 'uint64', (view, _, offset) => view.getBigUint64(offset + at, true))
    default:
      // 128 bits: no column is as wide, decimal text is exact.
      return textLeaf(path, (_, bytes, offset) => String(readBits(shape, bytes, offset + at, 0, size * 8)))
  }
}

function numberLeaf(
  path: string,
  kind: ConstructorParameters<typeof NumberBuilder>[0],
  value: (view: DataView, bytes: Uint8Array, offset: number) => number | bigint,
): Leaf {
  const column = new NumberBuilder(kind)
  return {
    path,
    read: (view, bytes, offset) => column.push(value(view, bytes, offset)),
    finish: () => column.finish(),
  }
}

function textLeaf(path: string, value: (view: DataView, bytes: Uint8Array, offset: number) => string): Leaf {
  const column = new TextBuilder()
  return {
    path,
    read: (view, bytes, offset) => column.push(value(view, bytes, offset)),
    finish: () => column.finish(),
  }
}
