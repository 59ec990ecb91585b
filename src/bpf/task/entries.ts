import type { Problems } from '../../problems.js'
import type { BpfMap } from '../map.js'
import type { MapEntry } from '../maps/entry.js'
import { holdsWord, meaningText, type TaskIdentity, type TaskWord, taskWords } from './words.js'

/** Something that a map keeps of a task. */
export interface TaskEntry {
  readonly kind: 'task_storage' | 'map_entry'
  readonly map: BpfMap
  readonly entry: MapEntry
  /** How it is known to be the task's, in a clause. */
  readonly how: string
}

/** Maps in which programs choose the keys, and a key finds one entry. */
const keyed = new Set(['hash', 'percpu_hash', 'lru_hash', 'lru_percpu_hash', 'rhash', 'hash_of_maps'])
const arrays = new Set(['array', 'percpu_array'])
/** Entries of one map that are given; a map keyed by pid and something else may have many. */
export const entriesAtMost = 1000

/** What the maps hold of a task: its storage, and entries whose key means it. What could not be searched is a problem. */
export function* taskEntries(
  maps: readonly BpfMap[],
  task: TaskIdentity,
  problems: Problems,
): Generator<TaskEntry> {
  for (const map of maps) {
    const part = problems.part()
    const where = `map ${map.name} (${map.id})`
    if (map.unsupported !== undefined) problems.add(where, map.unsupported)
    else if (map.type === 'task_storage') yield* storageOf(map, task, part, where)
    else if (keyed.has(map.type) || arrays.has(map.type)) yield* keyedEntries(map, task, part, where)
  }
}

function* storageOf(
  map: BpfMap,
  task: TaskIdentity,
  problems: Problems,
  where: string,
): Generator<TaskEntry> {
  const own = problems.part()
  const entry = own.attempt(where, () => map.entry(task.address, own))
  if (entry !== undefined) yield { kind: 'task_storage', map, entry, how: 'its owner is the task' }
}

function* keyedEntries(
  map: BpfMap,
  task: TaskIdentity,
  problems: Problems,
  where: string,
): Generator<TaskEntry> {
  const { keyType, keySize } = map.info
  const words = taskWords(keyType, keySize, task).filter(({ isGuess }) => !(isGuess && arrays.has(map.type)))
  // A key of one word is looked up as programs do.
  const whole = words.filter(({ offset, size }) => offset === 0 && size === keySize)
  for (const word of whole) {
    const entry = problems.attempt(where, () => map.entry(bytesOf(word), problems))
    if (entry !== undefined)
      yield { kind: 'map_entry', map, entry, how: wholeKeyText(map, word, entry, task) }
  }
  const inside = words.filter((word) => !whole.includes(word))
  if (inside.length > 0 && map.isPacked) yield* searched(map, inside, problems, where)
  else if (inside.length > 0) problems.add(where, 'its keys are not searched for tasks')
}

function bytesOf({ size, value }: TaskWord): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

/** What speaks for a number being a pid, where the type of the key does not. */
function wholeKeyText(map: BpfMap, word: TaskWord, entry: MapEntry, task: TaskIdentity): string {
  if (!word.isGuess) return `its key is ${meaningText(word)}`
  const claim = `its key is ${word.value}, which may be a pid: `
  if (/(^|_)(pid|tid|task|thread)s?(_|$)/i.test(map.name)) return `${claim}the map is called ${map.name}`
  const agreeing = valueWord(map, entry, task)
  if (agreeing !== undefined) return `${claim}${agreeing.path} in its value holds ${meaningText(agreeing)}`
  return `${claim}nothing but the number says so`
}

/** A word of the value that means the task as well. */
function valueWord(map: BpfMap, entry: MapEntry, task: TaskIdentity): TaskWord | undefined {
  const { valueType, valueSize } = map.info
  const bytes = (entry.value ?? entry.cpus?.[0])?.bytes
  if (bytes === undefined || valueType === undefined) return undefined
  const words = taskWords(valueType, valueSize, task)
  return words.find((word) => word.path !== '' && !word.isGuess && holdsWord(bytes, 0, word))
}

function* searched(
  map: BpfMap,
  words: readonly TaskWord[],
  problems: Problems,
  where: string,
): Generator<TaskEntry> {
  const { keySize } = map.info
  const found = new Map<string, { readonly key: Uint8Array; readonly how: string }>()
  problems.attempt(where, () => {
    for (const { count, keys } of map.batches(problems)) {
      for (let i = 0; i < count; i++) {
        const word = words.find((each) => holdsWord(keys, i * keySize, each))
        if (word === undefined) continue
        if (found.size >= entriesAtMost) {
          problems.add(where, `more than ${entriesAtMost} of its entries are the task's`)
          return
        }
        const key = keys.slice(i * keySize, (i + 1) * keySize)
        found.set(Buffer.from(key).toString('hex'), {
          key,
          how: `${word.path} of its key is ${meaningText(word)}`,
        })
      }
    }
  })
  for (const { key, how } of found.values()) {
    const entry = problems.attempt(where, () => map.entry(key, problems))
    if (entry !== undefined) yield { kind: 'map_entry', map, entry, how }
    else problems.add(where, 'an entry that was found is not there when it is looked up')
  }
}
