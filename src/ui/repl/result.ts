import { inspect } from 'node:util'
import { anyText } from '../../contract/any.js'
import { CryoscopeError } from '../../errors.js'
import { catalogueOf } from '../../present/columns/catalogues.js'
import { terminalCells } from '../../present/columns/column.js'
import { tableLines } from '../../present/text/layout.js'
import { pairLines } from '../../present/text/lines.js'
import { escapeLines, escapeStyled, escapeText } from '../../text.js'
import { oneLine } from './preview.js'
import './nouns.js'
import { saidText } from './sentences.js'

export interface ResultOptions {
  readonly colors: boolean
  readonly columns: number
  /** Everything: members that are zero, all levels, all elements. */
  readonly full?: boolean
  /** Integers in hexadecimal. */
  readonly hex?: boolean
}

/** Rows of a table that are shown; `.full` shows all. */
const mostRows = 200
/** Objects with more keys than this are no rows. */
const mostKeys = 12
const usualDepth = 4

/** How a person sees a result. Text is printed as it is, line by line made safe for the terminal. */
export function resultText(result: unknown, options: ResultOptions): string {
  if (typeof result === 'string') return escapeLines(result)
  if (options.hex === true && (typeof result === 'number' || typeof result === 'bigint'))
    return hexText(result)
  const { columns, full = false, hex = false } = options
  if (isFormattable(result)) {
    return result.$format({
      columns,
      hex,
      showZero: full,
      ...(full ? {} : { depth: usualDepth, elements: 100 }),
    })
  }
  if (Array.isArray(result)) {
    const table = tableText(result, columns, full ? result.length : mostRows)
    if (table !== undefined) return table
  }
  const said = full ? undefined : saidText(result, columns)
  if (said !== undefined) return said
  const noun = full ? undefined : nounText(result, columns)
  if (noun !== undefined) return noun
  const text = inspect(result, {
    colors: options.colors,
    breakLength: columns,
    depth: full ? null : usualDepth,
    ...(full ? { maxArrayLength: null, maxStringLength: null } : {}),
  })
  // inspect writes messages of errors, names of classes and symbols as they are.
  return escapeStyled(addressesInHex(text))
}

interface Formattable {
  $format(options: object): string
}

function isFormattable(value: unknown): value is Formattable {
  return (
    typeof value === 'object' &&
    value !== null &&
    '$kind' in value &&
    '$format' in value &&
    (value.$kind === 'struct' || value.$kind === 'array' || value.$kind === 'pointer')
  )
}

function hexText(value: number | bigint): string {
  if (typeof value === 'number' && !Number.isInteger(value)) return String(value)
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

/** A list of the session's nouns, or of objects with the same few keys, as a table; undefined for any other. */
function tableText(rows: readonly unknown[], columns: number, most: number): string | undefined {
  if ('$kind' in rows || rows.length === 0) return undefined
  const shown = rows.slice(0, most)
  const more = rows.length > most ? [`… and ${rows.length - most} more; .full shows all`] : []
  const catalogue = catalogueOf(rows)
  if (catalogue !== undefined) {
    const cells = shown.map((row) => terminalCells(catalogue.columns, row))
    return [...tableLines(catalogue.columns, cells, columns), ...more].join('\n')
  }
  const keys = allKeys(shown)
  if (keys === undefined) return undefined
  const cells: string[][] = []
  for (const row of shown) {
    const texts = keys.map((key) => cellText((row as Readonly<Record<string, unknown>>)[key]))
    if (texts.some((text) => text === undefined)) return undefined
    cells.push(texts as string[])
  }
  const headings = keys.map((key) => ({
    title: escapeText(key),
    align: shown.every((row) => isNumberOrNone((row as Readonly<Record<string, unknown>>)[key]))
      ? ('right' as const)
      : ('left' as const),
  }))
  return [...tableLines(headings, cells, columns), ...more].join('\n')
}

/** One map, arena, allocator or vCPU, which has its facts behind getters: a line for each column of their tables. */
function nounText(value: unknown, columns: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Object.getPrototypeOf(value) === Object.prototype || '$kind' in value) return undefined
  const catalogue = catalogueOf([value])
  if (catalogue === undefined) return undefined
  const cells = terminalCells(catalogue.columns, value)
  const facts = catalogue.columns.map(
    ({ title }, index) => [title.toLowerCase(), cells[index] ?? ''] as const,
  )
  return pairLines([...facts, ...registersOf(value)], columns).join('\n')
}

function registersOf(value: object): (readonly [string, string])[] {
  if (!('registers' in value) || typeof value.registers !== 'object') return []
  const known = Object.entries(value.registers ?? {}).filter(([, content]) => typeof content === 'bigint')
  return known.map(([name, content]) => [escapeText(name), hexText(content)] as const)
}

const isNumberOrNone = (value: unknown): boolean =>
  typeof value === 'number' || typeof value === 'bigint' || value === undefined || value === null

/** Keys of the plain objects of a list: every one that some of them has. */
function allKeys(rows: readonly unknown[]): readonly string[] | undefined {
  let keys: readonly string[] | undefined
  for (const row of rows) {
    if (typeof row !== 'object' || row === null || Array.isArray(row) || '$kind' in row) return undefined
    if (Object.prototype.toString.call(row) !== '[object Object]' || inspect.custom in row) return undefined
    const own = Object.keys(row)
    keys ??= own
    const more = own.filter((key) => keys?.includes(key) !== true)
    if (more.length > 0) keys = [...keys, ...more]
  }
  return keys !== undefined && keys.length > 0 && keys.length <= mostKeys ? keys : undefined
}

/** A value that fits in a cell, undefined for one that does not. */
function cellText(value: unknown): string | undefined {
  if (value === undefined || value === null) return '-'
  if (typeof value === 'string') return escapeText(value)
  const text = oneLine(value)
  return text === '' ? undefined : text
}
/** Bigints of the kernel's half of the address space, as inspect writes them, in the other notation JavaScript has. */
function addressesInHex(text: string): string {
  return text.replace(/(?<=^|[\s[(m])\d{19,20}n(?=$|[\s,\])}\p{Cc}])/gmu, (literal) => {
    const value = BigInt(literal.slice(0, -1))
    return value >= 1n << 63n && value < 1n << 64n ? `0x${value.toString(16)}n` : literal
  })
}

/**
 * A result as one JSON document: what has `$json` or `toJSON` says itself what it is, bytes are hex, bigints beyond
 * 2^53-1 decimal text, maps and sets and other iterables arrays, and what JSON has no word for is null.
 */
export function resultJson(result: unknown): string {
  try {
    return anyText(result, 2)
  } catch (error) {
    if (error instanceof TypeError && /circular/i.test(error.message)) {
      throw new CryoscopeError(
        'usage',
        'the result refers to itself, which JSON cannot say; pick the part you want',
      )
    }
    throw error
  }
}
