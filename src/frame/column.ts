/** What a cell of a frame holds; null is what is not there or could not be read. */
export type Cell = number | bigint | boolean | string | null

/** `integer` fits in 32 bits or is a whole double, `int64` and `uint64` are exact bigints. */
export type ColumnKind = 'integer' | 'float' | 'int64' | 'uint64' | 'boolean' | 'text'

type Storage = Float64Array | BigInt64Array | BigUint64Array | Uint8Array | string[]

/** A column in memory as Arrow lays it out: the values in a row, and a mark for each that is there. */
export class FrameColumn implements Iterable<Cell> {
  readonly kind: ColumnKind
  readonly length: number
  readonly values: Storage
  /** 1 for each value that is there; undefined when all are. */
  readonly valid: Uint8Array | undefined

  constructor(kind: ColumnKind, values: Storage, length: number, valid?: Uint8Array) {
    this.kind = kind
    this.values = values
    this.length = length
    this.valid = valid
  }

  at(row: number): Cell {
    if (this.valid !== undefined && this.valid[row] !== 1) return null
    const value = this.values[row]
    if (value === undefined) return null
    return this.kind === 'boolean' ? value === 1 : value
  }

  *[Symbol.iterator](): Generator<Cell> {
    for (let row = 0; row < this.length; row++) yield this.at(row)
  }
}

const firstCapacity = 1024
const wholeDouble = 2 ** 53

/**
 * Takes values one by one, in any number. What kind the column is follows from all of them: a bigint among whole numbers
 * makes it one of 64 bits, anything among text makes it text, and nothing is rounded.
 */
export class ColumnBuilder {
  #length = 0
  readonly #cells: Cell[] = []

  get length(): number {
    return this.#length
  }

  /** The value of a row; rows between that had none are null. */
  put(row: number, value: Cell): void {
    for (; this.#length < row; this.#length++) this.#cells.push(null)
    this.#cells.push(value)
    this.#length = row + 1
  }

  finish(length: number): FrameColumn {
    for (; this.#length < length; this.#length++) this.#cells.push(null)
    return columnOf(this.#cells)
  }
}

/** The column of values of any kinds. */
export function columnOf(cells: ArrayLike<unknown>): FrameColumn {
  const { length } = cells
  const kind = kindOf(cells)
  const values = storage(kind, length)
  let valid: Uint8Array | undefined
  for (let row = 0; row < length; row++) {
    const cell = cells[row]
    if (cell === null || cell === undefined) {
      valid ??= new Uint8Array(length).fill(1)
      valid[row] = 0
      if (kind === 'text') (values as string[]).push('')
    } else if (kind === 'text') (values as string[]).push(String(cell))
    else if (kind === 'boolean') values[row] = cell === true ? 1 : 0
    else if (kind === 'int64' || kind === 'uint64') values[row] = BigInt(cell as number | bigint)
    else values[row] = cell as number
  }
  return new FrameColumn(kind, values, length, valid)
}

function storage(kind: ColumnKind, length: number): Storage {
  switch (kind) {
    case 'int64':
      return new BigInt64Array(length)
    case 'uint64':
      return new BigUint64Array(length)
    case 'boolean':
      return new Uint8Array(length)
    case 'text':
      return []
    default:
      return new Float64Array(length)
  }
}

function kindOf(cells: ArrayLike<unknown>): ColumnKind {
  let [numbers, bigints, booleans, texts, fractions] = [0, 0, 0, 0, 0]
  let [low, high] = [0n, 0n]
  // Numbers among bigints are as low as these.
  let least = 0
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]
    if (typeof cell === 'number') {
      numbers++
      if (cell < least) least = cell
      if (!Number.isInteger(cell) || Math.abs(cell) > wholeDouble) fractions++
    } else if (typeof cell === 'bigint') {
      bigints++
      if (cell < low) low = cell
      if (cell > high) high = cell
    } else if (typeof cell === 'boolean') booleans++
    else if (cell !== null && cell !== undefined) texts++
  }
  if (texts > 0 || (booleans > 0 && numbers + bigints > 0)) return 'text'
  if (booleans > 0) return 'boolean'
  if (bigints === 0) return fractions > 0 ? 'float' : 'integer'
  // As text they stay exact.
  if (Number.isInteger(least) && BigInt(least) < low) low = BigInt(least)
  if (fractions > 0 || low < -(2n ** 63n) || high >= 2n ** 64n) return 'text'
  if (high < 2n ** 63n && low < 0n) return 'int64'
  return low < 0n ? 'text' : 'uint64'
}

/** Takes a known kind of numbers at memory speed. */
export class NumberBuilder {
  readonly #kind: 'integer' | 'float' | 'int64' | 'uint64' | 'boolean'
  #values: Exclude<Storage, string[]>
  #length = 0

  constructor(kind: 'integer' | 'float' | 'int64' | 'uint64' | 'boolean') {
    this.#kind = kind
    this.#values = storage(kind, firstCapacity) as Exclude<Storage, string[]>
  }

  push(value: number | bigint): void {
    if (this.#length === this.#values.length) {
      const larger = storage(this.#kind, this.#length * 2) as Exclude<Storage, string[]>
      larger.set(this.#values as never)
      this.#values = larger
    }
    this.#values[this.#length++] = value
  }

  finish(): FrameColumn {
    return new FrameColumn(this.#kind, this.#values.slice(0, this.#length), this.#length)
  }
}

/** Takes texts. */
export class TextBuilder {
  readonly #values: string[] = []

  push(value: string): void {
    this.#values.push(value)
  }

  finish(): FrameColumn {
    return new FrameColumn('text', this.#values, this.#values.length)
  }
}
