import { inspect } from 'node:util'
import { CryoscopeError } from '../errors.js'
import type { Problem } from '../problems.js'
import { type Cell, type ColumnKind, columnOf, FrameColumn } from './column.js'
import { commonKeys, type JoinOn } from './join.js'
import { tools } from './load-tools.js'
import { inDoubles, type Measure } from './measures.js'
import { type FileOptions, frameBytes, writeFrame } from './write.js'

/** A row as verbs see it: its cells by the names of the columns. */
// biome-ignore lint/suspicious/noExplicitAny: columns are known when running; anything stricter forbids `row.pid > 3`
export type Row = Readonly<Record<string, any>>
/** What a cell is, to who knows its column. */
type Known = Row[string]

export interface FrameNotes {
  /** What could not be read. */
  readonly problems?: readonly Problem[]
  /** Cells that are null because they could not be read. */
  readonly unreadable?: number
}

type Table = ReturnType<ReturnType<typeof tools>['table']>

/**
 * A table of typed columns, in memory as Arrow has them, made of a list or a map by `.frame()`. Nothing changes a frame: each
 * verb gives a new one. 64-bit integers are exact bigints, what is not there is null, and no member of what it was made of is
 * left out. The verbs are arquero's.
 */
export class Frame implements Iterable<Row> {
  readonly #columns: ReadonlyMap<string, FrameColumn>
  readonly #notes: FrameNotes
  #table: Table | undefined

  constructor(columns: ReadonlyMap<string, FrameColumn>, notes: FrameNotes = {}) {
    this.#columns = columns
    this.#notes = notes
  }

  /** How many rows there are. */
  get length(): number {
    for (const { length } of this.#columns.values()) return length
    return 0
  }

  get names(): readonly string[] {
    return [...this.#columns.keys()]
  }

  /** What each column holds. */
  get kinds(): Readonly<Record<string, ColumnKind>> {
    return Object.fromEntries([...this.#columns].map(([name, { kind }]) => [name, kind]))
  }

  /** What could not be read when it was made. */
  get problems(): readonly Problem[] {
    return this.#notes.problems ?? []
  }

  /** Cells that are null because they could not be read. */
  get unreadable(): number {
    return this.#notes.unreadable ?? 0
  }

  /** The cells of a column. Throws 'not-found'. */
  column(name: string): readonly Known[] {
    return [...this.#column(name)]
  }

  /** One cell, without making a row of it. */
  cell(row: number, name: string): Known {
    return this.#column(name).at(row)
  }

  /** A row by its place; from the end where that is negative. */
  at(place: number): Row | undefined {
    const row = place < 0 ? this.length + place : place
    if (row < 0 || row >= this.length) return undefined
    return Object.fromEntries([...this.#columns].map(([name, column]) => [name, column.at(row)]))
  }

  *[Symbol.iterator](): Generator<Row> {
    for (let row = 0; row < this.length; row++) yield this.at(row) as Row
  }

  /** All rows as objects. */
  rows(): Row[] {
    return [...this]
  }

  /** The rows for which `test` is true: `frame.filter((row) => row.pid > 1)`. */
  filter(test: (row: Row) => unknown): Frame {
    const { escape: plainly } = tools()
    return this.#made(this.#arquero.filter(plainly(test)))
  }

  /** More columns, reckoned for each row: `frame.derive({ ms: (row) => Number(row.runtime_ns) / 1e6 })`. */
  derive(columns: Readonly<Record<string, (row: Row) => unknown>>): Frame {
    const { escape: plainly } = tools()
    const wanted = Object.fromEntries(Object.entries(columns).map(([name, make]) => [name, plainly(make)]))
    return this.#made(this.#arquero.derive(wanted))
  }

  /** Only these columns, in this order. */
  select(...names: readonly string[]): Frame {
    return new Frame(new Map(names.map((name) => [name, this.#column(name)])), this.#notes)
  }

  /** The same columns under other names: `frame.rename({ 'key.pid': 'pid' })`. */
  rename(names: Readonly<Record<string, string>>): Frame {
    for (const name of Object.keys(names)) this.#column(name)
    return new Frame(
      new Map([...this.#columns].map(([name, column]) => [names[name] ?? name, column])),
      this.#notes,
    )
  }

  /** Rows in the order of these columns, `'-waitingMs'` the largest first. What is not there comes last. */
  sort(...names: readonly string[]): Frame {
    const { desc } = tools()
    const by = names.map((name) => {
      const isDown = name.startsWith('-') && !this.#columns.has(name)
      const bare = isDown ? name.slice(1) : name
      this.#column(bare)
      return isDown ? desc(bare) : bare
    })
    return this.#made(this.#arquero.orderby(...(by as string[])))
  }

  /** Rows from a place to before another, as of an array. */
  slice(start = 0, end = this.length): Frame {
    const columns = [...this.#columns].map(
      ([name, column]) => [name, columnOf([...column].slice(start, end))] as const,
    )
    return new Frame(new Map(columns), this.#notes)
  }

  /** Groups of rows that have the same in these columns. */
  groupBy(...names: readonly string[]): GroupedFrame {
    for (const name of names) this.#column(name)
    return new GroupedFrame(this, names)
  }

  /** One row for all: `frame.rollup({ n: op.count(), worst: op.max('waitingMs') })`. */
  rollup(measures: Readonly<Record<string, Measure>>): Frame {
    return this.groupBy().rollup(measures)
  }

  /**
   * Rows of this frame with those of another that have the same key. Without `on`, columns that mean the same: pids, task
   * addresses, CPUs, addresses of dispatch queues, in maps too whose keys are pids of the other's tasks. `how` is `inner`, or
   * `left`, which keeps rows that have no partner. Rows come in no order: `sort` gives one. Columns of the other that exist here get `_2` behind their name.
   *
   * @example vm.map('task_ctx').frame().join(vm.tasks.frame())
   */
  join(other: Frame, on?: JoinOn, how: 'inner' | 'left' = 'inner'): Frame {
    const [mine, theirs] = on === undefined ? commonKeys(this, other) : pair(on)
    this.#column(mine)
    other.#column(theirs)
    const here = other.names.filter((name) => !(name === theirs && name === mine))
    const options = { suffix: ['', '_2'] }
    const [a, b] = [this.#arquero, other.#arquero]
    const joined =
      how === 'left'
        ? a.join_left(b, [[mine], [theirs]], [this.names as string[], here], options)
        : a.join(b, [[mine], [theirs]], [this.names as string[], here], options)
    return this.#made(joined)
  }

  /**
   * A column for each value of `columns`, with a row for each value of `rows`:
   * `frame.pivot({ rows: 'cpu', columns: 'state', measure: op.count() })`.
   */
  pivot({
    rows,
    columns,
    measure,
  }: {
    rows: string | readonly string[]
    columns: string
    measure: Measure
  }): Frame {
    const keys = typeof rows === 'string' ? [rows] : rows
    const counted = this.groupBy(...keys, columns).rollup({ measured: measure })
    const names = [...new Set(counted.column(columns).map(String))]
    const found = new Map<string, Record<string, unknown>>()
    for (const row of counted) {
      const id = JSON.stringify(keys.map((key) => String(row[key])))
      const line = found.get(id) ?? Object.fromEntries(keys.map((key) => [key, row[key] as unknown]))
      line[String(row[columns])] = row.measured
      found.set(id, line)
    }
    const lines = [...found.values()]
    return new Frame(
      new Map([...keys, ...names].map((name) => [name, columnOf(lines.map((line) => line[name]))])),
      this.#notes,
    )
  }

  /** Rows of this frame and then those of another; columns that one lacks are null there. */
  concat(other: Frame): Frame {
    const names = [...new Set([...this.names, ...other.names])]
    const cells = (frame: Frame, name: string): readonly Cell[] =>
      frame.#columns.has(name) ? frame.column(name) : new Array<Cell>(frame.length).fill(null)
    return new Frame(
      new Map(names.map((name) => [name, columnOf([...cells(this, name), ...cells(other, name)])])),
      this.#notes,
    )
  }

  /** As CSV, with a line of names; into a file where one is named. Integers are exact decimal text. */
  csv(): string
  csv(file: string, options?: FileOptions): Promise<void>
  csv(file?: string, options?: FileOptions): string | Promise<void> {
    return this.#out('csv', file, options) as string | Promise<void>
  }

  /** As JSON, an object for each row; integers beyond 2^53 are decimal text. */
  json(): string
  json(file: string, options?: FileOptions): Promise<void>
  json(file?: string, options?: FileOptions): string | Promise<void> {
    return this.#out('json', file, options) as string | Promise<void>
  }

  /** As an Arrow IPC stream, which pandas, polars, R and DuckDB read. */
  arrow(): Uint8Array
  arrow(file: string, options?: FileOptions): Promise<void>
  arrow(file?: string, options?: FileOptions): Uint8Array | Promise<void> {
    return this.#out('arrow', file, options) as Uint8Array | Promise<void>
  }

  /** As a Parquet file. */
  parquet(): Uint8Array
  parquet(file: string, options?: FileOptions): Promise<void>
  parquet(file?: string, options?: FileOptions): Uint8Array | Promise<void> {
    return this.#out('parquet', file, options) as Uint8Array | Promise<void>
  }

  toJSON(): Row[] {
    return this.rows()
  }

  [inspect.custom](): string {
    const columns = [...this.#columns].map(([name, { kind }]) => `  ${name}: ${kind}`)
    return [`frame of ${this.length} rows`, ...columns].join('\n')
  }

  /** The groups of a frame, reckoned: for `GroupedFrame` alone. */
  static rollup(frame: Frame, by: readonly string[], measures: Readonly<Record<string, Measure>>): Frame {
    const { op } = tools()
    const doubles = new Map<string, FrameColumn>()
    const wanted = Object.entries(measures).map(([name, { name: measure, column, share }]) => {
      if (column !== undefined) frame.#column(column)
      let source = column as string
      const { kind } = column === undefined ? { kind: undefined } : frame.#column(column)
      if (inDoubles.has(measure) && (kind === 'int64' || kind === 'uint64')) {
        source = `${column} as double`
        const cells = frame
          .column(column as string)
          .map((cell: Cell) => (cell === null ? null : Number(cell)))
        doubles.set(source, columnOf(cells))
      }
      const call = op[measure] as (...words: unknown[]) => unknown
      const words = measure === 'count' ? [] : share === undefined ? [source] : [source, share]
      return [name, call(...words)] as const
    })
    const table = new Frame(new Map([...frame.#columns, ...doubles])).#arquero
    const grouped = by.length === 0 ? table : table.groupby(...by)
    return frame.#made(grouped.rollup(Object.fromEntries(wanted) as never))
  }

  get #arquero(): Table {
    this.#table ??= tools().table(Object.fromEntries(this.#columns) as never)
    return this.#table
  }

  #made(table: Table): Frame {
    const made = table.reify()
    const columns = made.columnNames().map((name) => {
      const column: unknown = made.column(name)
      return [
        name,
        column instanceof FrameColumn ? column : columnOf(made.array(name) as ArrayLike<unknown>),
      ] as const
    })
    return new Frame(new Map(columns), this.#notes)
  }

  #column(name: string): FrameColumn {
    const column = this.#columns.get(name)
    if (column !== undefined) return column
    throw new CryoscopeError('not-found', `the frame has no column ${name}; it has ${this.names.join(', ')}`)
  }

  #out(format: 'csv' | 'json' | 'arrow' | 'parquet', file?: string, options?: FileOptions) {
    return file === undefined
      ? frameBytes(this.#columns, format)
      : writeFrame(this.#columns, format, file, options)
  }
}

/** Groups of rows, which become one row each. */
export class GroupedFrame {
  readonly #frame: Frame
  readonly #by: readonly string[]

  constructor(frame: Frame, by: readonly string[]) {
    this.#frame = frame
    this.#by = by
  }

  /** A row for each group: its keys and these measures. */
  rollup(measures: Readonly<Record<string, Measure>>): Frame {
    return Frame.rollup(this.#frame, this.#by, measures)
  }

  /** How many rows each group has, as `count`. */
  count(): Frame {
    return this.rollup({ count: { name: 'count' } })
  }
}

function pair(on: JoinOn): readonly [string, string] {
  return typeof on === 'string' ? [on, on] : on
}
