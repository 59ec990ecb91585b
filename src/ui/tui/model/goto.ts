import { quietly } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import type { Desk } from './desk.js'
import type { Target } from './target.js'

export interface Destination {
  /** To be typed. */
  readonly name: string
  readonly label: string
  readonly about: string
  readonly target: Target
}

/** What a name, number or address can mean, exact names before those that begin so. At most `most`. */
export function findTargets({ vm }: Desk, text: string, most = 20): Destination[] {
  const found: Destination[] = []
  const exact: Destination[] = []
  const add = (name: string, about: string, target: Target) => {
    const destination = { name, label: escapeText(name), about, target }
    ;(name === text ? exact : found).push(destination)
  }
  const address = /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : undefined
  if (address !== undefined) {
    return [{ name: text, label: text, about: 'what lies there', target: { kind: 'address', address } }]
  }
  const number = /^\d{1,9}$/.test(text) ? Number(text) : undefined
  const matches = (name: string) => name.toLowerCase().startsWith(text.toLowerCase())
  for (const { id, name, type } of quietly(() => vm.maps) ?? []) {
    if (id === number || matches(name))
      add(id === number ? text : name, `map ${id}, ${type}`, { kind: 'map', id })
  }
  for (const { id, name, type } of quietly(() => vm.progs) ?? []) {
    if (id === number || matches(name))
      add(id === number ? text : name, `program ${id}, ${type}`, { kind: 'program', id })
  }
  for (const { name, kind } of quietly(() => vm.allocators) ?? []) {
    if (matches(name)) add(name, `${kind} allocator`, { kind: 'allocator', name })
  }
  for (const { pid, name, address: at } of quietly(() => vm.tasks) ?? []) {
    if (pid === number || (number === undefined && matches(name))) {
      add(pid === number ? text : name, `task ${pid}, ${escapeText(name)}`, {
        kind: 'task',
        pid,
        address: at,
      })
    }
  }
  if (number === undefined) {
    const [, bare = text] = /^(?:struct|union|enum) (.*)$/.exec(text) ?? []
    if (quietly(() => vm.kernel.types.find(bare)) !== undefined) {
      exact.push({ name: text, label: escapeText(text), about: 'type', target: { kind: 'type', name: text } })
    }
    const symbol = quietly(() => vm.kernel.findSymbol(text))
    if (symbol !== undefined) {
      const target: Target = { kind: 'address', address: symbol }
      exact.push({ name: text, label: escapeText(text), about: `symbol at 0x${symbol.toString(16)}`, target })
    }
  }
  return (exact.length > 0 && most > 10 ? exact : [...exact, ...found]).slice(0, most)
}
