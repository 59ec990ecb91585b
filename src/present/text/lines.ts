import { textWidth } from './fit.js'

const gap = '  '

/** Lines "label  value", the values of all pairs at the same column, long values going on below themselves. */
export function pairLines(pairs: readonly (readonly [string, string])[], width: number): string[] {
  const label = Math.max(0, ...pairs.map(([name]) => textWidth(name))) + gap.length
  return pairs.flatMap(([name, value]) =>
    wrapText(value, Math.max(20, width - label)).map((line, index) =>
      `${(index === 0 ? name : '').padEnd(label)}${line}`.trimEnd(),
    ),
  )
}

/** Lines of a sentence, broken at spaces; a word that is longer than the line stays whole. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
