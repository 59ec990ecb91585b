import { inspect } from 'node:util'
import { anyText } from '../contract/any.js'
import { EnumValue } from '../value/enum.js'
import type { ArrayValue, PointerValue, StructValue } from '../value/types.js'
import { isUnreadable } from '../value/unreadable.js'
import { type Cell, ColumnBuilder, type FrameColumn } from './column.js'

/** Lists up to this length have a column for each element; longer ones are one column of JSON. */
const mostElements = 16
const deepest = 8

/** Rows of anything as columns; members of members have paths: `se.vruntime`, `cpus[1]`. */
export class RowFlattener {
  readonly #columns = new Map<string, ColumnBuilder>()
  #rows = 0
  #unreadable = 0

  add(row: unknown): void {
    this.#put('', row, 0)
    this.#rows++
  }

  /** Cells that are null because they could not be read. */
  get unreadable(): number {
    return this.#unreadable
  }

  finish(): ReadonlyMap<string, FrameColumn> {
    return new Map([...this.#columns].map(([name, column]) => [name, column.finish(this.#rows)]))
  }

  #cell(path: string, value: Cell): undefined {
    const name = path === '' ? 'value' : path
    let column = this.#columns.get(name)
    if (column === undefined) {
      column = new ColumnBuilder()
      this.#columns.set(name, column)
    }
    if (column.length <= this.#rows) column.put(this.#rows, value)
  }

  #put(path: string, value: unknown, depth: number): undefined {
    if (value === undefined || value === null) return this.#cell(path, null)
    if (typeof value === 'function' || typeof value === 'symbol') return
    if (typeof value !== 'object') return this.#cell(path, value as Cell)
    if (value instanceof EnumValue) return this.#cell(path, value.toString())
    if (value instanceof Uint8Array) return this.#cell(path, Buffer.from(value).toString('hex'))
    if (depth > deepest) return this.#cell(path, deepText(value))
    if ('$kind' in value) return this.#located(path, value as never, depth)
    if ('whole' in value && 'atLeast' in value) return this.#figure(path, value as never)
    if (Array.isArray(value)) return this.#list(path, value, depth)
    if (value instanceof Date) return this.#cell(path, value.toISOString())
    if (isIterable(value)) return this.#list(path, [...value], depth)
    this.#members(path, plain(value), depth)
  }

  #members(path: string, value: object, depth: number): undefined {
    const names = Object.keys(value)
    if (names.length === 0 && path !== '') return this.#cell(path, null)
    for (const name of names) {
      this.#put(path === '' ? name : `${path}.${name}`, (value as Record<string, unknown>)[name], depth + 1)
    }
  }

  #located(path: string, value: StructValue | PointerValue | ArrayValue, depth: number): undefined {
    if (isUnreadable(value)) {
      this.#unreadable++
      return this.#cell(path, null)
    }
    // Below the row itself a pointer is an address: what it leads to is another row's.
    if (value.$kind === 'pointer' && path !== '') return this.#cell(path, value.$value)
    if (value.$kind === 'array') {
      if (value.length > mostElements) return this.#cell(path, anyText(value.$json()))
      return this.#list(path, [...value], depth)
    }
    const kind: string = value.$kind
    if (kind !== 'struct' && kind !== 'pointer') return this.#cell(path, String(value))
    if (Array.isArray(value.cpus) && /\bcpumask\b/.test(value.$type)) return this.#cell(path, String(value))
    if (path === '') this.#cell('$address', value.$kind === 'pointer' ? value.$value : value.$address)
    for (const name of value.$members) {
      this.#put(path === '' ? name : `${path}.${name}`, value[name], depth + 1)
    }
  }

  #figure(path: string, figure: { readonly whole: boolean; readonly value?: number }): undefined {
    this.#cell(path, figure.whole ? (figure.value ?? null) : null)
  }

  #list(path: string, items: readonly unknown[], depth: number): undefined {
    const areScalars = items.every((item) => typeof item !== 'object' || item === null)
    if (!areScalars || items.length > mostElements) return this.#cell(path, deepText(items))
    if (items.length === 0) return this.#cell(path, null)
    for (const [index, item] of items.entries()) this.#put(`${path}[${index}]`, item, depth + 1)
  }
}

/** What is too deep for columns, as JSON; what refers to itself has none, and is shown. */
function deepText(value: object): string {
  try {
    return anyText(value)
  } catch {
    return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 2 })
  }
}

/** Nouns that are classes say what they are as JSON does; others have it in their members. */
function plain(value: object): object {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return value
  const json: unknown = 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value
  return typeof json === 'object' && json !== null ? json : { value: json }
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value
}
