import { typeName } from '../../../btf/type-name.js'
import { quietly } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import type { Desk } from './desk.js'
import { namedTypes } from './named-types.js'
import type { Target } from './target.js'

export interface Destination {
  /** To be typed. */
  readonly name: string
  readonly label: string
  readonly about: string
  readonly target: Target
}

/** What a name, number or address can mean, exact names before those that begin so. At most `most`. */
export function findTargets(desk: Desk, text: string, most = 20): Destination[] {
  const number = /^(?:\d{1,20}|0x[0-9a-f]{1,16})$/i.test(text) ? BigInt(text) : undefined
  const found = number === undefined ? namedTargets(desk, text, most) : numberedTargets(desk, text, number)
  // Who types all of a name means that; while it is typed, what begins so is offered.
  const exact = found.filter(({ isExact }) => isExact)
  const all =
    exact.length > 0 && most > completions ? exact : [...exact, ...found.filter(({ isExact }) => !isExact)]
  return all.slice(0, most)
}

/** So few are asked for while one types. */
const completions = 10

type Found = Destination & { readonly isExact: boolean }

/** Ids of maps and programs, pids, DSQ ids; and what lies at the address, where anything does. */
function numberedTargets({ vm }: Desk, text: string, number: bigint): Found[] {
  const found: Found[] = []
  const add = (about: string, target: Target) => {
    found.push({ name: text, label: text, about: escapeText(about), target, isExact: true })
  }
  for (const { id, name, address } of quietly(() => vm.sched.queues) ?? [])
    if (id === number) add(`DSQ ${name}`, { kind: 'queue', address, name })
  if (!/^0x/i.test(text)) {
    for (const { id, name, type } of quietly(() => vm.maps) ?? [])
      if (BigInt(id) === number) add(`map ${id}, ${name}, ${type}`, { kind: 'map', id })
    for (const { id, name, type } of quietly(() => vm.progs) ?? [])
      if (BigInt(id) === number) add(`program ${id}, ${name}, ${type}`, { kind: 'program', id })
    for (const { pid, name, address } of quietly(() => vm.tasks) ?? [])
      if (BigInt(pid) === number) add(`task ${pid}, ${name}`, { kind: 'task', pid, address })
  }
  const address = BigInt.asUintN(64, number)
  const isThere = quietly(() => vm.kernel.space.read(address, 1).ok) === true || isInArena(vm, address)
  if (isThere || (found.length === 0 && /^0x/i.test(text)))
    add('what lies there', { kind: 'address', address })
  return found
}

function isInArena(vm: Desk['vm'], address: bigint): boolean {
  const holds = quietly(() =>
    vm.arenas.some(({ window }) => address >= window.userStart && address < window.userEnd),
  )
  return holds === true
}

/** Maps, programs, allocators, tasks, types and symbols; "schedule+0x10" is a place in a function. */
function namedTargets({ vm }: Desk, text: string, most: number): Found[] {
  const found: Found[] = []
  const lower = text.toLowerCase()
  const add = (name: string, about: string, target: Target) => {
    found.push({ name, label: escapeText(name), about: escapeText(about), target, isExact: name === text })
  }
  const matches = (name: string) => name.toLowerCase().startsWith(lower)
  for (const { id, name, type } of quietly(() => vm.maps) ?? [])
    if (matches(name)) add(name, `map ${id}, ${type}`, { kind: 'map', id })
  for (const { id, name, type } of quietly(() => vm.progs) ?? [])
    if (matches(name)) add(name, `program ${id}, ${type}`, { kind: 'program', id })
  for (const { name, kind } of quietly(() => vm.allocators) ?? [])
    if (matches(name)) add(name, `${kind} allocator`, { kind: 'allocator', name })
  for (const { name, kind, arena } of quietly(() => vm.containers) ?? [])
    if (matches(name)) add(name, kind, { kind: 'container', arena: arena.id, name })
  for (const { pid, name, address } of quietly(() => vm.tasks) ?? [])
    if (matches(name)) add(name, `task ${pid}`, { kind: 'task', pid, address })
  const [, symbol = '', offset] = /^([\w.$]+)\+(0x[0-9a-f]+|\d+)$/i.exec(text) ?? []
  if (offset !== undefined) {
    const start = quietly(() => vm.kernel.findSymbol(symbol))
    if (start !== undefined) {
      const address = start + BigInt(offset)
      add(text, `at 0x${address.toString(16)}`, { kind: 'address', address })
    }
  }
  const [, keyword = '', bare = text] = /^(struct |union |enum )(.*)$/.exec(text) ?? []
  if (quietly(() => vm.kernel.types.find(bare)) !== undefined) add(text, 'type', { kind: 'type', name: text })
  const exact = quietly(() => vm.kernel.findSymbol(text))
  if (exact !== undefined) add(text, `symbol at 0x${exact.toString(16)}`, { kind: 'address', address: exact })
  for (const { name, address } of quietly(() => vm.kernel.symbols.startingWith(text)) ?? []) {
    if (found.length >= most * 2) break
    if (name !== text) add(name, `symbol at 0x${address.toString(16)}`, { kind: 'address', address })
  }
  const types = quietly(() => namedTypes(vm.kernel.types)) ?? []
  for (const type of types) {
    if (found.length >= most * 3) break
    const name = typeName(type)
    const shown = keyword === '' ? name.replace(/^(?:struct|union|enum) /, '') : name
    if (shown !== text && shown.startsWith(text)) add(name, 'type', { kind: 'type', name })
  }
  return found
}
