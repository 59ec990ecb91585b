import { jsonLine, plainInteger } from '../contract/json.js'
import { writeOutputFile } from '../output-file.js'
import type { Cell, ColumnKind, FrameColumn } from './column.js'
import { tools } from './load-tools.js'

export type FrameFormat = 'csv' | 'json' | 'arrow' | 'parquet'
type Columns = ReadonlyMap<string, FrameColumn>

export interface FileOptions {
  readonly signal?: AbortSignal
}

/** Rows that are written as one piece. */
const rowsPerPiece = 4096

export function frameBytes(columns: Columns, format: FrameFormat): string | Uint8Array {
  switch (format) {
    case 'csv':
      return [...csvPieces(columns)].join('')
    case 'json':
      return [...jsonPieces(columns)].join('')
    case 'arrow':
      return arrowBytes(columns)
    case 'parquet':
      return parquetBytes(columns)
  }
}

/** Writes a file, which is its owner's alone: contents of guests are. */
export async function writeFrame(
  columns: Columns,
  format: FrameFormat,
  file: string,
  _options?: FileOptions,
): Promise<void> {
  const pieces =
    format === 'csv'
      ? csvPieces(columns)
      : format === 'json'
        ? jsonPieces(columns)
        : [frameBytes(columns, format)]
  await writeOutputFile(file, pieces)
}

function lengthOf(columns: Columns): number {
  for (const { length } of columns.values()) return length
  return 0
}

/** RFC 4180, with lines that end in a line feed; what is not there is empty, empty text is in quotes. */
function* csvPieces(columns: Columns): Generator<string> {
  yield `${[...columns.keys()].map(quoted).join(',')}\n`
  const all = [...columns.values()]
  const length = lengthOf(columns)
  for (let start = 0; start < length; start += rowsPerPiece) {
    let piece = ''
    for (let row = start; row < Math.min(length, start + rowsPerPiece); row++) {
      piece += `${all.map((column) => csvCell(column.at(row))).join(',')}\n`
    }
    yield piece
  }
}

function csvCell(cell: Cell): string {
  if (cell === null) return ''
  return typeof cell === 'string' ? quoted(cell) : String(cell)
}

/** Quoted where it has to be. */
function quoted(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function* jsonPieces(columns: Columns): Generator<string> {
  const all = [...columns]
  const length = lengthOf(columns)
  yield '['
  for (let start = 0; start < length; start += rowsPerPiece) {
    let piece = ''
    for (let row = start; row < Math.min(length, start + rowsPerPiece); row++) {
      const cells = all.map(([name, column]) => [name, jsonCell(column.at(row))])
      piece += `${row === 0 ? '' : ','}\n${jsonLine(Object.fromEntries(cells))}`
    }
    yield piece
  }
  yield '\n]\n'
}

function jsonCell(cell: Cell): unknown {
  return typeof cell === 'bigint' ? plainInteger(cell) : cell
}

function arrowBytes(columns: Columns): Uint8Array {
  const { bool, columnFromArray, float64, int64, tableFromColumns, tableToIPC, uint64, utf8 } = tools()
  const types: Readonly<Record<ColumnKind, () => unknown>> = {
    integer: float64,
    float: float64,
    int64,
    uint64,
    boolean: bool,
    text: utf8,
  }
  const made = [...columns].map(([name, column]) => {
    const { kind, values, valid } = column
    const whole = valid === undefined && kind !== 'boolean'
    const data = whole ? values : [...column]
    const type = types[kind]()
    return [name, columnFromArray(data as never, type as never)] as const
  })
  const bytes = tableToIPC(tableFromColumns(made as never), { format: 'stream' })
  if (bytes === null) throw new Error('the frame could not be written as Arrow')
  return bytes
}

function parquetBytes(columns: Columns): Uint8Array {
  const columnData = [...columns].map(([name, column]) => ({
    name,
    data: parquetData(column),
    nullable: column.valid !== undefined,
  }))
  const schema = [
    { name: 'root', num_children: columns.size },
    ...[...columns].map(([name, { kind, valid }]) => ({
      name,
      repetition_type: valid === undefined ? ('REQUIRED' as const) : ('OPTIONAL' as const),
      ...parquetTypes[kind],
    })),
  ]
  return new Uint8Array(tools().parquetWriteBuffer({ columnData, schema } as never))
}

const parquetTypes = {
  integer: { type: 'INT64' },
  float: { type: 'DOUBLE' },
  int64: { type: 'INT64' },
  uint64: { type: 'INT64', converted_type: 'UINT_64' },
  boolean: { type: 'BOOLEAN' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
} as const satisfies Readonly<Record<ColumnKind, object>>

function parquetData(column: FrameColumn): unknown[] {
  const { kind } = column
  return Array.from(column, (cell) => {
    if (cell === null) return null
    if (kind === 'integer') return BigInt(cell as number)
    return cell
  })
}
