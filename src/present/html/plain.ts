import { type Heading, tableLines } from '../text/layout.js'
import type { Html } from './markup.js'

const named: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

/**
 * HTML of ours as lines of text, for where no HTML is shown: cells of tables below each other, branches of trees further in.
 * It is no reader of any other HTML: ours has no `<` in text or attributes.
 */
export function plainLines({ text }: Html): string[] {
  const bare = text.replace(/<(style|script|svg)\b.*?<\/\1>/gs, '')
  const lines: string[] = []
  /** For each element that is open, whether what is in it stands further in. */
  const open: boolean[] = []
  let line = ''
  const end = (): void => {
    const indent = '  '.repeat(open.filter((isKids) => isKids).length)
    if (line.trim() !== '') lines.push(indent + unescaped(line).trim())
    line = ''
  }
  for (const [piece] of bare.matchAll(/<table\b.*?<\/table>|<[^>]*>|[^<]+/gs)) {
    if (piece.startsWith('<table')) {
      end()
      lines.push(...linesOfTable(piece))
    } else if (!piece.startsWith('<')) {
      const [first = '', ...rest] = piece.split('\n')
      line += first
      for (const part of rest) {
        end()
        line = part
      }
    } else if (/^<\/?(?:div|details|summary|pre)\b/.test(piece)) {
      end()
      if (piece.startsWith('</')) open.pop()
      else open.push(/class="kids[ "]/.test(piece))
    }
  }
  end()
  return lines
}

function linesOfTable(text: string): string[] {
  const rows = [...text.matchAll(/<tr\b[^>]*>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd]\b([^>]*)>(.*?)<\/t[hd]>/gs)].map(([, attributes = '', cell = '']) => ({
      isRight: /class="r[ "]/.test(attributes),
      text: unescaped(cell.replace(/<[^>]*>/g, '')),
    })),
  )
  const [first, ...others] = rows
  if (first === undefined) return []
  const hasHead = text.includes('<thead')
  const headings = first.map(
    (cell): Heading => ({
      title: hasHead ? cell.text : '',
      align: cell.isRight ? 'right' : 'left',
    }),
  )
  const body = (hasHead ? others : rows).map((row) => row.map((cell) => cell.text))
  return tableLines(headings, body, Number.POSITIVE_INFINITY, hasHead)
}

function unescaped(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => named[entity] ?? entity)
}
