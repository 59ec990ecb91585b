import { strip } from '../../btf/layout.js'
import { typeName } from '../../btf/type-name.js'
import type { CType, PointerType } from '../../btf/types.js'
import { textAt } from '../../text/decode.js'
import { escapeText, quoteText } from '../../text.js'
import { bitsAt, floatAt, hexOf, wordAt } from '../bytes.js'
import type { ValueContext } from '../context.js'
import { enumNames } from '../enum.js'
import { type Field, fieldsOf } from '../fields.js'
import { readBits, readInteger } from '../integer.js'
import { cpuList, cpusOf, highestCpu, maskLength } from '../mask.js'
import { elementHome, type Home, holdsWords, type RecoveredPointer, recoveredAt } from '../recovered.js'
import { deepestNesting, type Shape, type StructShape, shapeOf } from '../shape.js'
import type { FormatOptions } from '../types.js'
import { mostValues } from './json.js'
import { type Doc, type Item, layOut } from './lines.js'
import { formatScalar } from './scalar-text.js'

export interface TextOptions extends FormatOptions {
  /** Why `bytes` ends early, as a sentence. */
  readonly missing?: string | undefined
  /** Where the value itself lies, when it is a member. */
  readonly home?: Home | undefined
}

/** Bytes of something without a value that are shown. */
const mostHex = 64
/** Bytes of text behind a `char` pointer that are shown. */
const longestText = 80
/** Shorter arrays of scalars are shown element by element, equal or not. */
const worthFolding = 4
const cutOff = '<the type claims far more values than its bytes can hold>'

/**
 * The value of a type in `bytes` as a person reads it, much like a C initialiser: `struct rq { .cpu = 1, … }`. Equal
 * neighbours in arrays are folded; everything from the guest is escaped for terminals. Text behind `char` pointers
 * is read and shown beside them.
 */
export function formatValue(
  context: ValueContext,
  type: CType,
  bytes: Uint8Array,
  options: TextOptions = {},
): string {
  const shape = shapeOf(type)
  const doc = new Drawing(context, bytes, mostValues(shape.size, bytes.length), options).root(shape)
  return layOut(doc, options.columns ?? 100)
}

class Drawing {
  readonly #context: ValueContext
  readonly #bytes: Uint8Array
  readonly #options: TextOptions
  readonly #missing: string
  #left: number

  constructor(context: ValueContext, bytes: Uint8Array, most: number, options: TextOptions) {
    this.#context = context
    this.#bytes = bytes
    this.#left = most
    this.#options = options
    this.#missing = `<unreadable: ${escapeText(options.missing ?? 'the bytes end before this')}>`
  }

  root(shape: Shape): Doc {
    const depth = Math.min(this.#options.depth ?? deepestNesting, deepestNesting)
    const doc = this.#value(shape, 0, depth, this.#options.home)
    if (typeof doc === 'string' || shape.kind !== 'struct') return doc
    const name = shape.bare.name === '' && shape.type === shape.bare ? shape.bare.kind : typeName(shape.type)
    return { ...doc, prefix: `${name} ` }
  }

  #value(shape: Shape, at: number, depth: number, home?: Home): Doc {
    if (this.#left-- <= 0) return cutOff
    if (shape.kind === 'struct') return this.#struct(shape, at, depth)
    if (shape.kind === 'array') return this.#array(shape.element, shape.length, at, depth, home)
    const highest = shape.kind === 'mask' ? highestCpu(this.#context.cpus) : 0
    const size = shape.kind === 'mask' ? shape.start + maskLength(shape.length, highest) : shape.size
    if (at + size > this.#bytes.length) return this.#missing
    switch (shape.kind) {
      case 'int': {
        const recovered = recoveredAt(this.#context, shape, home)
        const word = recovered && wordAt(this.#bytes, at)
        return recovered && word !== undefined && recovered.accepts(word)
          ? recoveredText(this.#context, recovered, word)
          : formatScalar(shape, readInteger(shape, this.#bytes, at), this.#options)
      }
      case 'float':
        return formatScalar(shape, floatAt(this.#bytes, at, shape.size), this.#options)
      case 'enum': {
        const bits = bitsAt(this.#bytes, at, 0, size * 8)
        return formatScalar(shape, enumNames(shape.enumeration).read(bits, size * 8), this.#options)
      }
      case 'pointer':
        return this.#pointer(shape.pointer, wordAt(this.#bytes, at))
      case 'text':
        return quoteText(textAt(this.#bytes, at, at + size))
      case 'mask':
        return `{${cpuList(cpusOf(this.#bytes, at + shape.start, shape.length, highest))}}`
      case 'opaque': {
        const hex = hexOf(this.#bytes, at, at + Math.min(size, mostHex)) + (size > mostHex ? '…' : '')
        return `<${hex === '' ? '' : `${hex}: `}${escapeText(shape.reason)}>`
      }
    }
  }

  #struct(shape: StructShape, at: number, depth: number): Doc {
    const fields = fieldsOf(shape.bare)
    if (depth < 0) return fields.list.length === 0 ? '{}' : '{ … }'
    const items: Item[] = []
    for (const field of fields.list) {
      const start = at + field.offset
      if (this.#options.showZero === false && this.#isZero(field, start)) continue
      items.push({ label: `.${escapeText(field.name)}`, doc: this.#field(field, start, depth - 1) })
      if (this.#left < 0) break
    }
    if (fields.problem !== undefined) items.push({ label: '', doc: `<${escapeText(fields.problem)}>` })
    return { prefix: shape.bare.kind === 'union' ? 'union ' : '', items, flow: false }
  }

  #field(field: Field, at: number, depth: number): Doc {
    const { shape, width } = field
    if (width === 0) return this.#value(shape, at, depth, field.home)
    if (this.#left-- <= 0) return cutOff
    if (at + field.size > this.#bytes.length) return this.#missing
    if (shape.kind === 'enum') {
      const bits = bitsAt(this.#bytes, at, field.shift, width)
      return formatScalar(shape, enumNames(shape.enumeration).read(bits, width), this.#options)
    }
    if (shape.kind !== 'int') return this.#value(shape, at, depth)
    return formatScalar(shape, readBits(shape, this.#bytes, at, field.shift, width), this.#options)
  }

  #isZero(field: Field, at: number): boolean {
    if (at + field.size > this.#bytes.length) return false
    if (field.width > 0) return bitsAt(this.#bytes, at, field.shift, field.width) === 0n
    return this.#zeros(at, at + field.size)
  }

  #zeros(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.#bytes[at] !== 0) return false
    return true
  }

  #array(element: Shape, length: number, at: number, depth: number, home: Home | undefined): Doc {
    if (length === 0) return '[]'
    if (depth < 0) return `[${length} elements]`
    const readable = Math.min(length, Math.floor((this.#bytes.length - at) / element.size))
    if (readable <= 0) return this.#missing
    const least = element.kind === 'struct' || element.kind === 'array' ? 2 : worthFolding
    if (readable === length && length >= least && this.#zeros(at, at + length * element.size)) {
      return `[all ${length} zero]`
    }
    const most = Math.max(1, this.#options.elements ?? Number.POSITIVE_INFINITY)
    const runs = this.#runs(element.size, readable, at, most)
    const isShorter = runs.starts.length <= runs.end / 2 && readable >= least
    const folded = isShorter && this.#areAlike(element, home, runs.starts, runs.end)
    const items = folded
      ? this.#folded(element, runs.starts, runs.end, at, depth, home)
      : this.#listed(element, Math.min(readable, most), at, depth, home)
    const shown = folded ? runs.end : Math.min(readable, most)
    if (shown < readable) items.push({ label: '', doc: `… ${readable - shown} more` })
    if (readable < length) items.push({ label: `[${range(readable, length - 1)}]`, doc: this.#missing })
    return { prefix: '', items, flow: items.every(({ doc }) => typeof doc === 'string') }
  }

  /** Where runs of equal elements start, and where looking for them ended: at `most` runs, or when they are too many. */
  #runs(size: number, length: number, at: number, most: number): { starts: number[]; end: number } {
    const starts: number[] = [0]
    let n = 1
    for (; n < length; n++) {
      if (this.#equal(at + (n - 1) * size, at + n * size, size)) continue
      // More runs than half the elements, and nothing is gained by folding.
      if (starts.length >= most || starts.length > length / 2) break
      starts.push(n)
    }
    return { starts, end: n }
  }

  #equal(a: number, b: number, size: number): boolean {
    for (let i = 0; i < size; i++) if (this.#bytes[a + i] !== this.#bytes[b + i]) return false
    return true
  }

  #folded(
    element: Shape,
    starts: readonly number[],
    end: number,
    at: number,
    depth: number,
    home: Home | undefined,
  ): Item[] {
    const items: Item[] = []
    for (const [index, first] of starts.entries()) {
      const last = (starts[index + 1] ?? end) - 1
      const start = at + first * element.size
      if (this.#options.showZero === false && this.#zeros(start, start + element.size)) continue
      const inner = elementHome(home, first, element.size)
      items.push({ label: `[${range(first, last)}]`, doc: this.#value(element, start, depth - 1, inner) })
      if (this.#left < 0) break
    }
    return items
  }

  /** Whether the same is known of all elements of each run. */
  #areAlike(element: Shape, home: Home | undefined, starts: readonly number[], end: number): boolean {
    if (home === undefined || this.#context.recoverPointer === undefined || !holdsWords(element)) return true
    let word = element
    while (word.kind === 'array') word = word.element
    const known = (n: number, place: number) => {
      const offset = home.offset + n * element.size + place
      return recoveredAt(this.#context, word, { type: home.type, offset })?.type
    }
    for (const [index, first] of starts.entries()) {
      for (let n = first + 1; n < (starts[index + 1] ?? end); n++) {
        for (let place = 0; place < element.size; place += word.size) {
          if (known(n, place) !== known(first, place)) return false
        }
      }
    }
    return true
  }

  #listed(element: Shape, count: number, at: number, depth: number, home: Home | undefined): Item[] {
    const compound = element.kind === 'struct' || element.kind === 'array'
    const items: Item[] = []
    for (let n = 0; n < count && this.#left >= 0; n++) {
      const inner = elementHome(home, n, element.size)
      const doc = this.#value(element, at + n * element.size, depth - 1, inner)
      items.push({ label: compound ? `[${n}]` : '', doc })
    }
    return items
  }

  #pointer(type: PointerType, value: bigint): Doc {
    if (value === 0n) return 'NULL'
    const address = `0x${value.toString(16)}`
    const symbol = this.#context.symbolize(value)
    const named = symbol === undefined ? address : `${address} <${escapeText(symbol)}>`
    const target = strip(type.target)
    if (target.kind === 'prototype') return named
    const text = this.#textBehind(type, value)
    return `(${typeName(type)}) ${named}${text === undefined ? '' : ` ${quoteText(text)}`}`
  }

  /** The text a `char` pointer leads to, when it is there and ends soon. */
  #textBehind(type: PointerType, value: bigint): string | undefined {
    const target = type.target.kind === 'type_tag' ? undefined : shapeOf(type.target)
    if (target?.kind !== 'int' || !target.char) return undefined
    const address = this.#context.resolvePointer?.(value, type) ?? value
    const { bytes } = this.#context.memory.read(address, longestText)
    const end = bytes.indexOf(0)
    return end < 0 ? undefined : textAt(bytes, 0, end)
  }
}

/**
 * A pointer that C declares as an integer: `0x1000 <name> (recovered struct task_ctx *)`, or `(supported struct task_ctx *,
 * util.bpf.c:72)` where it is not proven.
 */
export function recoveredText(context: ValueContext, pointer: RecoveredPointer, value: bigint): string {
  const { type, evidence } = pointer
  const symbol = value === 0n ? undefined : context.symbolize(value)
  const address = value === 0n ? 'NULL' : `0x${value.toString(16)}`
  const named = symbol === undefined ? address : `${address} <${escapeText(symbol)}>`
  const name = escapeText(typeName(type))
  if (evidence.degree === 'proven') return `${named} (recovered ${name})`
  const [line] = evidence.lines
  return `${named} (supported ${name}${line === undefined ? '' : `, ${escapeText(line)}`})`
}

function range(first: number, last: number): string {
  return first === last ? `${first}` : `${first} ... ${last}`
}
