import type { Arena } from '../../bpf/arena/arena.js'
import type { Container } from '../../bpf/containers/container.js'
import { containerDocument } from '../../contract/containers.js'
import { pieces } from '../../contract/pieces.js'
import { terminalCells } from '../../present/columns/column.js'
import { countText, entryColumns, originText, stateText } from '../../present/columns/containers.js'
import { layOut, widthsFor } from '../../present/text/layout.js'
import { escapeText } from '../../text.js'
import { fileName } from './names.js'
import type { Directory, Entry } from './node.js'
import { section } from './section.js'
import { streamFile, textFile, type View } from './view.js'

/** Columns of a text file are as wide as they need to be, up to this. */
const width = 200

export function containersDirectory(view: View, arena: Arena): Directory {
  return section({
    title: `Containers of arena ${arena.id}`,
    about: 'Data structures of the sched_ext library: what they hold, each in its own order.',
    parts: [
      ['<name>.json, <name>.jsonl, <name>.txt', 'one of them: as a document, an entry per line, as a table'],
    ],
    commands: ['containers'],
    cache: view.cache,
    entries: (notes) =>
      arena.containers.flatMap((container): Entry[] => {
        for (const { where, why } of container.problems) notes.add(`${container.name}, ${where}`, why)
        const name = fileName(container.name)
        const lines = function* (): Generator<string> {
          for (const line of container.json()) yield `${line}\n`
        }
        return [
          [
            `${name}.json`,
            streamFile(view, '`cryoscope containers TARGET NAME --json`', () => containerDocument(container)),
          ],
          [`${name}.jsonl`, streamFile(view, 'one entry per line', () => pieces(lines()))],
          [
            `${name}.txt`,
            textFile(view, '`cryoscope containers TARGET NAME`', () => containerText(container)),
          ],
        ]
      }),
  })
}

function containerText(container: Container): string {
  const { name, kind, entries } = container
  const columns = entryColumns[kind]
  const rows = entries.map((entry) => terminalCells(columns, entry))
  const state = stateText(container)
  const head = [
    `${name}: ${originText(container)}`,
    state === '' ? countText(container) : `${countText(container)}; ${state}`,
  ]
  const table = rows.length === 0 ? [] : layOut(columns, rows, widthsFor(columns, rows, width), true)
  return `${[...head.map(escapeText), ...table].join('\n')}\n`
}
