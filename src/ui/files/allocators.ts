import type { Allocator } from '../../bpf/allocators/allocator.js'
import { pieces } from '../../contract/pieces.js'
import { escapeText } from '../../text.js'
import { openBytes } from './content.js'
import { pageLength } from './entries.js'
import { EntryPages } from './entry-pages.js'
import { fileName } from './names.js'
import type { Directory, Entry, File } from './node.js'
import { section } from './section.js'
import { jsonFile, placed, streamFile, type View } from './view.js'

export function allocatorsDirectory(view: View): Directory {
  return section({
    title: 'Allocators',
    about: 'What hands out memory of arenas, and every allocation.',
    parts: [['<name>/', 'one allocator; where arenas have one of the same name, `<arena>@<name>`']],
    commands: ['allocators'],
    cache: view.cache,
    entries: () => {
      const found = view.session.allocators
      return found.map((allocator): Entry => {
        const isShared = found.filter(({ name }) => name === allocator.name).length > 1
        const name = isShared ? `${allocator.arena.id}@${allocator.name}` : allocator.name
        return [fileName(name), () => allocatorDirectory(view, allocator)]
      })
    },
  })
}

function allocatorDirectory(view: View, allocator: Allocator): Directory {
  const text = function* (): Generator<string> {
    for (const line of allocator.json()) yield `${line}\n`
  }
  return section({
    title: escapeText(allocator.name),
    about: `${allocator.kind} in ${escapeText(allocator.section)}, arena ${allocator.arena.id}.`,
    parts: [['<index>.json', 'one allocation; from 4000 on in directories by their place']],
    commands: ['allocators'],
    attributes: placed(`allocator (${allocator.kind})`, allocator.address),
    cache: view.cache,
    *entries(notes) {
      for (const { where, why } of allocator.problems) notes.add(where, why)
      yield [
        'info.json',
        jsonFile(
          view,
          'all but the allocations of `cryoscope allocators TARGET NAME --json`',
          () => allocator,
        ),
      ]
      yield ['entries.jsonl', streamFile(view, 'one allocation per line', () => pieces(text()))]
      yield* allocationEntries(view, allocator)
    },
  })
}

function* allocationEntries(view: View, allocator: Allocator): Generator<Entry> {
  const pages = new EntryPages(() => allocator.json(), pageLength)
  const first = pages.page(0)
  if (first.length < pageLength) {
    yield* first.map(allocationEntry)
    return
  }
  let count = 0
  for (const _ of allocator.json()) count++
  const width = String(count - 1).length
  for (let start = 0; start < count; start += pageLength) {
    const last = Math.min(start + pageLength, count) - 1
    const name = [start, last].map((place) => String(place).padStart(width, '0')).join('-')
    yield [
      name,
      () =>
        section({
          title: `Allocations ${start} to ${last} of ${escapeText(allocator.name)}`,
          about: 'One file for each allocation: `<index>.json`.',
          commands: ['allocators'],
          cache: view.cache,
          entries: () => pages.page(start / pageLength).map(allocationEntry),
        }),
    ]
  }
}

function allocationEntry(text: string): Entry {
  const { index, address } = JSON.parse(text) as { index: number; address: string | null }
  const bytes = Buffer.from(`${text}\n`, 'utf8')
  const file: File = {
    kind: 'file',
    ...(address === null ? {} : { attributes: { 'cryoscope.address': address } }),
    size: () => bytes.length,
    open: () => openBytes(bytes),
  }
  return [`${index}.json`, file]
}
