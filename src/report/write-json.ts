import { escapeJson } from '../text.js'
import type { ReportContents } from './document.js'

const pieceLength = 64 * 1024

/** The report as one JSON document, in pieces of text; no piece needs more memory than a few entries do. */
export function* reportJson(contents: ReportContents): Generator<string> {
  const { head } = contents
  let text = '{'
  let isFirst = true
  for (const [name, value] of Object.entries(head)) {
    text += `${isFirst ? '' : ','}\n"${name}": `
    isFirst = false
    if (name === 'maps') yield* listed(head.maps, 'entries', (i) => contents.entryLines(i))
    else if (name === 'allocators')
      yield* listed(head.allocators, 'elements', (i) => contents.elementLines(i))
    else if (name === 'containers')
      yield* listed(head.containers, 'entries', (i) => contents.containerLines(i))
    else if (Array.isArray(value)) {
      const lines = value.map((item) => escapeJson(JSON.stringify(item)))
      text += lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`
    } else text += escapeJson(JSON.stringify(value))
    if (text.length < pieceLength) continue
    yield text
    text = ''
  }
  yield `${text}\n}\n`

  /** Objects with lines of JSON in a member of their own. */
  function* listed(
    items: readonly { readonly count: unknown }[],
    member: string,
    linesOf: (index: number) => Iterable<string>,
  ): Generator<string> {
    yield `${text}[`
    text = ''
    for (const [i, item] of items.entries()) {
      text += `${i === 0 ? '' : ','}\n${escapeJson(JSON.stringify(item)).slice(0, -1)},"${member}":`
      if (item.count === null) text += 'null}'
      else {
        text += '['
        let separator = '\n'
        for (const line of linesOf(i)) {
          text += separator + line
          separator = ',\n'
          if (text.length < pieceLength) continue
          yield text
          text = ''
        }
        text += ']}'
      }
    }
    text += items.length === 0 ? ']' : '\n]'
  }
}
