import { fileName } from './names.js'
import { type Entry, link } from './node.js'

/** Links by name to what has an id. Names that several have get the id behind an `@`, names that nobody has none. */
export function* byNameEntries(
  found: readonly { readonly id: number; readonly name: string }[],
  place: (id: number) => string,
): Generator<Entry> {
  const counts = new Map<string, number>()
  for (const { name } of found) counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const { id, name } of found) {
    if (name === '') continue
    const isShared = (counts.get(name) ?? 0) > 1
    yield [fileName(isShared ? `${name}@${id}` : name), link(place(id))]
  }
}
