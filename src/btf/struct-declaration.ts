import { escapeText } from '../text.js'
import { enumText } from './enum-declaration.js'
import { layoutOf, type MemberLayout, type StructLayout } from './holes.js'
import { alignOf, skipTags } from './layout.js'
import { functionText, newBudget, pad, paholeName } from './pahole-name.js'
import { cacheLine, memberPadding, structSummary } from './struct-summary.js'
import type { CType, EnumType, StructType } from './types.js'

/** Columns for the type of a member and for its name, before the comment. */
const typeColumns = 26
const nameColumns = { struct: 23, union: 21 }
const packedAttribute = ' __attribute__((__packed__))'
/** Structs within structs, and members of those, beside a struct's own: real ones have 7 and some hundreds. */
const deepestNesting = 16
const mostMembers = 2048
const mostDimensions = 32

/** What a struct hands down to those defined inside it. */
interface Frame {
  readonly depth: number
  readonly typeWidth: number
  /** Bytes from the outermost struct. */
  readonly base: number
  /** Behind a pointer, offsets start at zero again. */
  readonly relative: boolean
  readonly inUnion: boolean
  readonly first: boolean
  readonly last: boolean
  /** The struct around shows that this one must be packed. */
  readonly packed: boolean
}

type Inline = StructType | EnumType

/** Prints one struct or union, with those defined inside it, in pahole's format. */
export class StructPrinter {
  readonly #offsets: boolean
  /** The cache line that the last printed member starts in. */
  #line = 0
  #membersLeft = mostMembers
  #nameColumns = nameColumns.struct

  constructor(offsets: boolean) {
    this.#offsets = offsets
  }

  /** `suffix` is the name of a typedef that the struct is defined for. */
  print(type: StructType, suffix = ''): string {
    this.#nameColumns = nameColumns[type.kind]
    this.#membersLeft = type.members.length + mostMembers
    const frame: Frame = {
      depth: 0,
      typeWidth: typeColumns,
      base: 0,
      relative: false,
      inUnion: false,
      first: false,
      last: false,
      packed: false,
    }
    return type.kind === 'union' ? this.#union(type, suffix, frame) : this.#struct(type, suffix, frame, true)
  }

  #struct(type: StructType, suffix: string, frame: Frame, summary: boolean): string {
    const layout = layoutOf(type)
    const indent = '\t'.repeat(frame.depth + 1)
    const lines = this.#members(layout, { ...frame, depth: frame.depth + 1 }).map((line) =>
      line === '' ? '' : indent + line,
    )
    if (summary && this.#offsets) {
      lines.push('', ...structSummary(type, layout).map((line) => `${indent}/* ${line} */`))
    }
    const packed = layout.packed || frame.packed
    const attribute = packed ? packedAttribute : aligned(layout.alignment)
    const end = `${'\t'.repeat(frame.depth)}}${attribute}${suffix === '' ? '' : ` ${suffix}`}`
    return [`${head(type)} {`, ...lines, end].join('\n')
  }

  #union(type: StructType, suffix: string, frame: Frame): string {
    const layout = layoutOf(type)
    const lines = [`${head(type)} {`]
    const line = this.#line
    const indent = '\t'.repeat(frame.depth + 1)
    for (const at of layout.members) {
      if (this.#membersLeft-- <= 0) break
      const packed = type.size % alignOf(at.member.type) !== 0
      const inner = { ...frame, depth: frame.depth + 1, inUnion: true, packed }
      lines.push(indent + this.#member(at, inner, true))
      // Every arm starts where the union does.
      this.#line = line
    }
    lines.push(`${'\t'.repeat(frame.depth)}}${suffix === '' ? '' : ` ${suffix}`}`)
    return lines.join('\n')
  }

  /** Without indentation; an empty line stays empty. */
  #members(layout: StructLayout, frame: Frame): string[] {
    const lines: string[] = []
    const before = holes(layout.bitHoleBefore, layout.holeBefore)
    let remarked = this.#offsets && before.length > 0
    if (remarked) lines.push('', ...before)
    const loose = layout.padding !== 0 || layout.holes !== 0
    let previous: MemberLayout | undefined
    let previousSize = 0
    for (const at of layout.members) {
      if (this.#membersLeft-- <= 0) break
      if (previous !== undefined && previousSize !== 0) {
        if (previous.bitHole !== 0 && at.member.bitSize !== 0) {
          lines.push(...this.#unnamedBitfield(previous, at, frame))
        }
        const combined = this.#offsets ? combination(previous, previousSize, at) : undefined
        if (combined !== undefined) {
          if (!remarked) lines.push('')
          lines.push(`/* Bitfield combined with ${combined} fields */`)
          remarked = true
        }
      }
      if (remarked) lines.push('')
      const packed = loose && at.offset % alignOf(at.member.type) !== 0
      const inner = { ...frame, first: previous === undefined, last: at === layout.members.at(-1), packed }
      lines.push(this.#member(at, inner, false))
      const remarks = this.#offsets ? [...paddingOf(at.member.type), ...holes(at.bitHole, at.hole)] : []
      remarked = remarks.length > 0
      if (remarked) lines.push('', ...remarks)
      const moved = previous === undefined || previousSize === 0 || previous.offset !== at.offset
      if (moved || (previous?.member.bitSize === 0 && at.member.bitSize !== 0)) previousSize = at.size
      previous = at
    }
    return lines
  }

  /** The `:N` or `:0` that must have left the bits before a bitfield unused. */
  #unnamedBitfield(previous: MemberLayout, at: MemberLayout, frame: Frame): string[] {
    const unnamed = this.#typed(at.member.type, '', frame)
    if (previous.offset === at.offset) return [`${unnamed}:${previous.bitHole};`]
    return ['', '/* Force alignment to the next boundary: */', `${unnamed}:0;`]
  }

  #member(at: MemberLayout, frame: Frame, inUnion: boolean): string {
    const { member } = at
    const offset = at.offset + (frame.relative ? 0 : frame.base)
    const boundary = this.#offsets ? this.#boundary(offset, frame) : ''
    const name = escapeText(member.name)
    const inner = frame.relative || inUnion ? frame : { ...frame, base: offset }
    const alignment = aligned(at.alignment)
    const width = member.bitSize > 0 ? `:${member.bitSize}` : ''
    const text = `${this.#typed(member.type, name, inner)}${width}${alignment};`
    if (!this.#offsets) return text
    const inline = isInline(member.type)
    const used = inline ? inlineWidth(member.type, name, alignment, frame) : text.length
    const columns = frame.typeWidth + this.#nameColumns - used
    const space = ' '.repeat(Math.max(1, inline ? Math.abs(columns) : columns))
    const bits = member.bitSize > 0 ? `:${String(at.bitPosition).padStart(2)}` : ''
    const size = String(at.size).padStart(bits === '' ? 5 : 2)
    return `${boundary}${text}${space}/* ${String(offset).padStart(5)}${bits} ${size} */`
  }

  #boundary(offset: number, frame: Frame): string {
    const line = Math.floor(offset / cacheLine)
    if (line <= this.#line) return ''
    this.#line = line
    const into = offset % cacheLine
    const ago = into === 0 ? '' : ` was ${into} byte${into > 1 ? 's' : ''} ago`
    const indent = '\t'.repeat(frame.depth)
    return `/* --- cacheline ${line} boundary (${line * cacheLine} bytes)${ago} --- */\n${indent}`
  }

  /** A type with the name that is declared with it. */
  #typed(type: CType, name: string, frame: Frame): string {
    const width = frame.typeWidth
    switch (type.kind) {
      case 'pointer': {
        const target = skipTags(type.target)
        if (target.kind === 'prototype') return functionText(target, `(*${name})`, width, newBudget())
        if (isInline(target)) {
          return this.#inline(target, `* ${name}`, { ...frame, typeWidth: width - 8, relative: true })
        }
        break
      }
      case 'prototype':
        return functionText(type, `(${name})`, width, newBudget())
      case 'array':
        return this.#array(type, name, frame)
      case 'const': {
        const target = skipTags(type.target)
        // A chain of qualifiers is left to paholeName, which bounds it.
        if (target.kind === 'const' || target.kind === 'volatile' || target.kind === 'restrict') break
        return `const ${this.#typed(target, name, { ...frame, typeWidth: width - 6 })}`
      }
      case 'type_tag':
      case 'decl_tag': {
        const target = skipTags(type)
        if (target.kind !== 'type_tag' && target.kind !== 'decl_tag') return this.#typed(target, name, frame)
        break
      }
      case 'struct':
      case 'union':
      case 'enum':
        if (type.name === '') return this.#inline(type, name, frame)
        return `${type.kind} ${pad(escapeText(type.name), width - type.kind.length - 1)} ${name}`
    }
    return `${pad(paholeName(type, newBudget()), width)} ${name}`
  }

  /** The outer dimension comes first in C, and last in the chain of types. */
  #array(type: CType, name: string, frame: Frame): string {
    let dimensions = ''
    let at = type
    for (let n = 0; n < mostDimensions && at.kind === 'array'; n++) {
      const open = at.length === 0 && frame.last && !frame.first && !frame.inUnion
      dimensions += open ? '[]' : `[${at.length}]`
      if (at.length === 0 && skipTags(at.element).kind === 'const') {
        const element = skipTags(at.element)
        at = element.kind === 'const' ? element.target : element
      } else {
        at = skipTags(at.element)
      }
    }
    if (at.kind === 'array') return `${pad('…', frame.typeWidth)} ${name}${dimensions}`
    return this.#typed(at, name, frame) + dimensions
  }

  #inline(type: Inline, name: string, frame: Frame): string {
    if (type.kind === 'enum') {
      const text = enumText(type, '\t'.repeat(frame.depth))
      return name === '' ? text : `${text} ${name}`
    }
    if (frame.depth >= deepestNesting || this.#membersLeft <= 0) return `${type.kind} { /* … */ } ${name}`
    const inner = { ...frame, typeWidth: frame.typeWidth - 8 }
    return type.kind === 'union' ? this.#union(type, name, inner) : this.#struct(type, name, inner, false)
  }
}

function head(type: StructType): string {
  return type.name === '' ? type.kind : `${type.kind} ${escapeText(type.name)}`
}

const aligned = (alignment: number): string =>
  alignment === 0 ? '' : ` __attribute__((__aligned__(${alignment})))`

function isInline(type: CType): type is Inline {
  return (type.kind === 'struct' || type.kind === 'union' || type.kind === 'enum') && type.name === ''
}

function holes(bits: number, bytes: number): string[] {
  const lines: string[] = []
  if (bits > 0) lines.push(`/* XXX ${bits} bit${bits === 1 ? '' : 's'} hole, try to pack */`)
  if (bytes > 0) lines.push(`/* XXX ${bytes} byte${bytes === 1 ? '' : 's'} hole, try to pack */`)
  return lines
}

function paddingOf(type: CType): string[] {
  const padding = memberPadding(type)
  if (padding === 0) return []
  return [`/* XXX last struct has ${padding} byte${padding === 1 ? '' : 's'} of padding */`]
}

/** Which way a bitfield shares its storage unit with members of other widths. */
function combination(
  previous: MemberLayout,
  previousSize: number,
  at: MemberLayout,
): 'previous' | 'next' | undefined {
  const step = at.offset - previous.offset
  if (step < 0 || (step === 0 && previous.member.bitSize === 0 && at.member.bitSize !== 0)) return 'previous'
  return step > 0 && step < previousSize ? 'next' : undefined
}

/** Columns that `} name` takes, as pahole counts them. */
function inlineWidth(type: CType, name: string, alignment: string, frame: Frame): number {
  const packed =
    type.kind === 'struct' && (layoutOf(type).packed || frame.packed) ? packedAttribute.length : 0
  return 3 + alignment.length + (name === '' ? -1 : name.length) + packed
}
