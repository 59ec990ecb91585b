import { wrapText } from '../../present/text/lines.js'
import { helpEntries } from '../../session/help.js'
import { escapeText } from '../../text.js'
import type { Engine } from './engine.js'
import { oneLine } from './preview.js'

const width = 78

/** What `?name` says: a method of `vm` with its example, or the type of an expression and where it lies in C. */
export async function explain(topic: string, engine: Engine): Promise<string> {
  const name = /^(?:vm\.)?([\w$]+)(?:\(.*\))?$/.exec(topic)?.[1] ?? ''
  if (topic.trim() === '') {
    return '?map explains vm.map, ?vm.task(1).se.vruntime what stands there; vm.help() lists everything'
  }
  const code =
    /^[\w$]+$/.test(topic) && helpEntries.some((entry) => entry.name === name) ? `vm.${name}` : topic
  const entries = helpEntries.filter((entry) => entry.name === name)
  const found = await engine.describe(code, lastName(code)).catch(() => undefined)
  const lines: string[] = []
  if (found !== undefined) {
    lines.push(escapeText(shorten(found.text)))
    if (found.note !== '') lines.push(...wrapText(escapeText(found.note), width))
  }
  for (const { example, text } of entries) lines.push(...wrapText(text, width), `for example: ${example}`)
  if (lines.length === 0) return `nothing is known of ${escapeText(topic)}; vm.help() lists what there is`
  const value = found === undefined ? '' : oneLine(engine.look(code))
  return [...lines, ...(value === '' ? [] : [`now ${escapeText(value)}`])].join('\n')
}

/** Where the last name of an expression begins. */
function lastName(code: string): number {
  const plain = code.replace(/\([^()]*\)\s*$/, '')
  return /[\w$]*$/.exec(plain)?.index ?? 0
}

/** Overloaded methods come with all their signatures. */
function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}
