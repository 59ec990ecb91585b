import { type EntryChoice, mapDocument, mapLines, Walk, type WrittenMap } from '../../contract/maps.js'
import type { Output } from './output.js'

/** The contract's document of a map. Resolves to the number of entries. */
export async function writeMapJson(output: Output, map: WrittenMap, choice: EntryChoice): Promise<number> {
  const walk = new Walk()
  for (const piece of mapDocument(map, choice, walk)) await output.write(piece)
  return walk.count
}

/** One entry per line, and nothing else; problems become notes. */
export async function writeMapLines(output: Output, map: WrittenMap, choice: EntryChoice): Promise<number> {
  const walk = new Walk()
  for (const piece of mapLines(map, choice, walk)) await output.write(piece)
  for (const { where, why } of walk.problems.list) output.note(`not all could be read: ${where}: ${why}`)
  return walk.count
}
