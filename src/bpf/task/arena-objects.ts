import { memberPathAt } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'
import type { Problems } from '../../problems.js'
import type { AnyValue } from '../../value/types.js'
import { makeValue } from '../../value/value.js'
import type { Arena } from '../arena/arena.js'
import { arenaOfMap } from '../arena/arenas.js'
import type { ArenaObject } from '../arena/reader.js'
import type { TaskEntry } from './entries.js'
import { holdsWord, meaningText, type TaskIdentity, taskWords } from './words.js'

/** An allocation of an arena that is a task's. */
export interface TaskArenaObject {
  readonly arena: Arena
  readonly object: ArenaObject
  /** As programs have it. */
  readonly address: bigint
  /** Typed and lazy; undefined where the type is unknown. */
  readonly value: AnyValue
  readonly bytes: Uint8Array | undefined
  /** How it is known to be the task's, a clause each. */
  readonly how: readonly string[]
}

/** Larger values and allocations are searched up to here. */
const searchedAtMost = 64 * 1024
const handedOut = new Set(['live', 'in-flight'])

/**
 * What arenas hold of a task: the allocations that its entries in maps point into, and those that hold its pid or the address
 * of its task_struct.
 */
export function taskArenaObjects(
  arenas: readonly Arena[],
  entries: readonly TaskEntry[],
  task: TaskIdentity,
  problems: Problems,
): TaskArenaObject[] {
  const found = new Map<string, { arena: Arena; object: ArenaObject; how: string[] }>()
  const note = (arena: Arena, object: ArenaObject, how: string): void => {
    const key = `${arena.id}/${object.place}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { arena, object, how: [how] })
    else if (!known.how.includes(how)) known.how.push(how)
  }
  for (const entry of entries) {
    const arena = arenaOfMap(arenas, entry.map.info)
    const where = `map ${entry.map.name} (${entry.map.id})`
    if (arena !== undefined) problems.attempt(where, () => followEntry(arena, entry, note))
  }
  for (const arena of arenas) {
    const { allocators } = arena
    problems.addAll(arena.problems.map(({ where, why }) => ({ where: `arena ${arena.name}, ${where}`, why })))
    for (const allocator of allocators) {
      const where = `arena ${arena.name}, allocator ${allocator.name}`
      const { slots } = allocator.reading
      problems.addAll(slots.lost.list.map(({ where: part, why }) => ({ where: `${where}, ${part}`, why })))
      problems.attempt(where, () => {
        const { type, header } = allocator.payload
        for (let slot = 0; slot < slots.length; slot++) {
          const place = slots.places[slot] as number
          if (place < 0 || !handedOut.has(slots.states[slot] as string)) continue
          const object = allocator.objectAt(place, slot)
          if (object === undefined) continue
          const length = Math.min(slots.sizes[slot] as number, searchedAtMost)
          const bytes = arena.window.bytes(place, length)
          if (bytes === undefined)
            problems.add(`${where}, ${object.name}`, arena.window.reason(place, length))
          else for (const how of tellsOfTask(bytes, header, type, task)) note(arena, object, how)
        }
      })
    }
  }
  return [...found.values()].map(({ arena, object, how }) => ({ ...shown(arena, object), how }))
}

function followEntry(
  arena: Arena,
  { map, entry }: TaskEntry,
  note: (arena: Arena, object: ArenaObject, how: string) => void,
): void {
  for (const { bytes } of entry.cpus ?? (entry.value === undefined ? [] : [entry.value])) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const end = Math.min(bytes.length, searchedAtMost)
    for (let at = 0; at + 8 <= end; at += 8) {
      const place = arena.window.likelyPlace(view.getUint32(at, true), view.getUint32(at + 4, true))
      const object = place < 0 ? undefined : arena.objectAt(place)
      if (object?.state === undefined || !handedOut.has(object.state)) continue
      note(arena, object, `${nameAt(map.info.valueType, at)} in its entry of map ${map.name} points at it`)
    }
  }
}

function nameAt(type: CType | undefined, offset: number): string {
  const inside = type === undefined ? undefined : memberPathAt(type, offset)
  return inside === undefined || inside.rest !== 0 || inside.path === '' ? `byte ${offset}` : inside.path
}

/** Whatever in an allocation means the task: members by their type, of unknown types words that hold its address. */
function* tellsOfTask(
  bytes: Uint8Array,
  header: number,
  type: CType | undefined,
  task: TaskIdentity,
): Generator<string> {
  if (type !== undefined) {
    const words = taskWords(type, bytes.length - header, task).filter(({ isGuess }) => !isGuess)
    const pids = words.filter(({ meaning }) => meaning === 'pid')
    // Another task's context may refer to this one.
    if (pids.length > 0 && !pids.some((word) => holdsWord(bytes, header, word))) return
    for (const word of words)
      if (word.meaning !== 'process' && holdsWord(bytes, header, word))
        yield `its member ${word.path === '' ? 'at its start' : word.path} holds ${meaningText(word)}`
    return
  }
  for (let offset = 0; header + offset < bytes.length; offset += 8) {
    const word = {
      offset,
      size: 8,
      value: task.address,
      path: '',
      meaning: 'address',
      isGuess: false,
    } as const
    if (holdsWord(bytes, header, word)) yield `byte ${header + offset} of it holds ${meaningText(word)}`
  }
}

function shown(arena: Arena, object: ArenaObject): Omit<TaskArenaObject, 'how'> {
  const { window, context } = arena
  const from = object.place + object.header
  return {
    arena,
    object,
    address: window.userAddress(object.place),
    value:
      object.type === undefined ? undefined : makeValue(context, object.type, window.kernelAddress(from)),
    bytes: window.bytes(object.place, object.size)?.slice(),
  }
}
