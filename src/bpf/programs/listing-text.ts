import { typeName } from '../../btf/type-name.js'
import { escapeText } from '../../text.js'
import type { ProgramFunction, ProgramLine } from './functions.js'
import type { XlatedInstruction } from './listing.js'

export interface ListingOptions {
  /** The bytes of each instruction below it. */
  readonly opcodes?: boolean
  /** File, line and column behind source lines. */
  readonly lineNumbers?: boolean
  /** Names of maps and symbols behind the instruction, which bpftool does not print. */
  readonly names?: boolean
}

/** A listing as `bpftool prog dump xlated [opcodes] [linum]` prints it, line by line, safe for a terminal. */
export function* listingLines(
  listing: readonly XlatedInstruction[],
  options: ListingOptions = {},
): Generator<string> {
  for (const { index, text, bytes, function: start, line, map, symbol } of listing) {
    if (start?.type !== undefined) yield `${signature(start)}:`
    if (line !== undefined) yield lineText(line, options.lineNumbers)
    let comment = ''
    if (options.names && map !== undefined) {
      const offset = map.offset === undefined ? '' : `+0x${map.offset.toString(16)}`
      comment = `  // ${escapeText(map.name)}${offset}`
    } else if (options.names && symbol !== undefined) comment = `  // ${escapeText(symbol)}`
    yield `${String(index).padStart(4)}: ${escapeText(text)}${comment}`
    if (options.opcodes) yield `       ${hexBytes(bytes)}`
  }
}

/** "; return 0; [file:demo.bpf.c line_num:12 line_col:2]". */
export function lineText(line: ProgramLine, numbers = false): string {
  const place = numbers
    ? ` [file:${escapeText(line.file)} line_num:${line.line} line_col:${line.column}]`
    : ''
  return `; ${escapeText(line.text)}${place}`
}

/** "int sum(int a, char * b)", spaced as bpftool does. */
export function signature({ name, type }: ProgramFunction): string {
  const prototype = type?.prototype
  if (prototype?.kind !== 'prototype') return escapeText(name ?? '?')
  const parameters = prototype.parameters.map((parameter) =>
    parameter.name === ''
      ? typeName(parameter.type)
      : `${typeName(parameter.type)} ${escapeText(parameter.name)}`,
  )
  if (prototype.variadic) parameters.push('...')
  return `${typeName(prototype.result)} ${escapeText(name ?? '?')}(${parameters.join(', ')})`
}

/** "79 16 00 00". */
export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
