/** Text with structure, to be broken into lines where it does not fit. */
export type Doc = string | Group

export interface Group {
  /** What stands before the brace, such as a type name and a space. */
  readonly prefix: string
  readonly items: readonly Item[]
  /** Items of one kind, several on a line; otherwise each on its own, names aligned. */
  readonly flow: boolean
}

export interface Item {
  /** `.pid` or `[3]`; empty for an element without its index. */
  readonly label: string
  readonly doc: Doc
}

const indentation = '  '
/** Longer names than this do not move everyone's equals sign. */
const widestLabel = 24

/** Lays the document out within `columns`; what cannot be broken may be wider. */
export function layOut(doc: Doc, columns: number): string {
  const lines: string[] = []
  lines.push(place(doc, '', 0, columns))
  return lines.join('\n')
}

/** The document as text whose first line starts at column `used`, later ones at `indent`. */
function place(doc: Doc, indent: string, used: number, columns: number): string {
  const inline = onOneLine(doc, columns - used)
  if (inline !== undefined) return inline
  if (typeof doc === 'string') return doc
  const inner = indent + indentation
  const body = doc.flow ? fill(doc, inner, columns) : stack(doc, inner, columns)
  return `${doc.prefix}{\n${body}\n${indent}}`
}

function stack(group: Group, indent: string, columns: number): string {
  let width = 0
  for (const { label } of group.items) {
    if (label.length <= widestLabel) width = Math.max(width, label.length)
  }
  const lines = group.items.map(({ label, doc }) => {
    if (label === '') return `${indent}${place(doc, indent, indent.length + 1, columns)},`
    const start = `${indent}${label.padEnd(width)} = `
    const value = place(doc, indent, start.length + 1, columns)
    // A block does not need its equals sign aligned with anything.
    return value.includes('\n') ? `${indent}${label} = ${value},` : `${start}${value},`
  })
  return lines.join('\n')
}

function fill(group: Group, indent: string, columns: number): string {
  const lines: string[] = []
  let line = indent
  for (const item of group.items) {
    const text = `${withLabel(item, place(item.doc, indent, indent.length + 1, columns))},`
    if (line !== indent && line.length + 1 + text.length > columns) {
      lines.push(line)
      line = indent
    }
    line += line === indent ? text : ` ${text}`
  }
  lines.push(line)
  return lines.join('\n')
}

function withLabel({ label }: Item, text: string): string {
  return label === '' ? text : `${label} = ${text}`
}

/** The document on one line, when it takes no more than `room`. */
function onOneLine(doc: Doc, room: number): string | undefined {
  if (typeof doc === 'string') return doc.length <= room ? doc : undefined
  if (doc.items.length === 0) return `${doc.prefix}{}`
  let text = `${doc.prefix}{ `
  for (const [index, item] of doc.items.entries()) {
    if (index > 0) text += ', '
    const left = room - text.length
    const inner = left > 0 ? onOneLine(item.doc, left) : undefined
    if (inner === undefined) return undefined
    text += withLabel(item, inner)
  }
  text += ' }'
  return text.length <= room ? text : undefined
}
