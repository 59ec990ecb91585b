import { quietly } from '../../../errors.js'
import { entryArguments, wordOf } from '../../../session/arguments.js'
import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import type { Reference } from '../../../value/types.js'
import { valueOfBytes } from '../../../value/value.js'
import type { Desk } from '../model/desk.js'
import type { Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import type { TreeNode } from '../model/tree.js'
import { isCode } from './code.js'
import { flagsText } from './flags.js'
import { isKernelAddress, targetAt } from './places.js'
import { factNode, referenceNode } from './value-tree.js'

/** How often what a register holds is followed. */
const depth = 3

export function* registerRecords(desk: Desk): Generator<Row> {
  for (const vcpu of desk.vm.vcpus) for (const { row } of registerNodes(desk, vcpu)) yield row
}

/** Every register: what it points at, and what that points at; flags by their names. */
export function registerNodes(desk: Desk, vcpu: Vcpu): TreeNode[] {
  return Object.entries(vcpu.registers).map(([name, value]) => {
    const id = `vcpu:${vcpu.index}/${name} vCPU ${vcpu.index} ${name}`
    const owner: Target = { kind: 'vcpu', index: vcpu.index }
    if (value === undefined)
      return { row: { id, owner, cells: [name, 'not known', ''], tones: [undefined, 'dim'] } }
    const hex = `0x${value.toString(16).padStart(16, '0')}`
    const common = {
      id,
      owner,
      compared: [name, hex, ''],
      value: () => value,
      copy: `0x${value.toString(16)}`,
    }
    if (!isKernelAddress(desk, value)) {
      const flags = flagsText(name, value)
      return { row: { ...common, cells: [name, flags === undefined ? hex : `${hex} ${flags}`, ''] } }
    }
    const places = telescope(desk, value)
    return {
      row: {
        ...common,
        cells: [name, [hex, ...places.map(({ text }) => text)].join(' → '), ''],
        tones: [undefined, 'pointer'],
        target: { kind: 'address', address: value },
      },
      ...(places.length < 2 ? {} : { parts: () => places.slice(1).map(placeNode(id)) }),
    }
  })
}

interface Place {
  /** What lies there, or the word itself where that is no address. */
  readonly text: string
  readonly word: bigint
  readonly isAddress: boolean
}

/** What an address is, what is kept there, and what that is: as far as words are addresses. */
function telescope(desk: Desk, address: bigint): Place[] {
  const places: Place[] = []
  for (let word = address, n = 0; n < depth; n++) {
    const isAddress = isKernelAddress(desk, word)
    const text = isAddress ? targetAt(desk, word).text : `0x${word.toString(16)}`
    const hex = `0x${word.toString(16)}`
    // Of the first the address stands before already.
    const shown = n === 0 || text === hex ? text : `${hex} ${text}`
    if (n > 0 || text !== hex) places.push({ text: escapeText(shown), word, isAddress })
    // What code consists of points nowhere.
    if (!isAddress || isCode(desk, word)) break
    const { ok, bytes } = desk.vm.kernel.space.read(word, 8)
    if (!ok) {
      places.push({ text: 'not readable', word, isAddress: false })
      break
    }
    word = wordOf(Uint8Array.from(bytes))
  }
  return places
}

const placeNode =
  (id: string) =>
  ({ text, word, isAddress }: Place, n: number): TreeNode => ({
    row: {
      id: `${id}/at-${n}`,
      cells: ['→', text, ''],
      inert: true,
      tones: ['dim', isAddress ? 'pointer' : undefined],
      value: () => word,
      copy: `0x${word.toString(16)}`,
      ...(isAddress ? { target: { kind: 'address', address: word } } : {}),
    },
  })

/** At the entry of a function: its arguments by its types. */
export function argumentNodes(desk: Desk, vcpu: Vcpu, id: string): TreeNode[] {
  const { vm } = desk
  const found = quietly(() => entryArguments(vm.kernel, vcpu))
  if (found === undefined || found.length === 0) return []
  const parts = (): TreeNode[] =>
    found.map(({ name, type, bytes }): TreeNode => {
      const own = `${id}/${name}`
      if (type === undefined) return factNode(own, name, `0x${wordOf(bytes).toString(16)}`, { inert: true })
      const value = valueOfBytes(vm.valueContext, type, bytes)
      if (typeof value !== 'object') return factNode(own, name, escapeText(String(value)), { inert: true })
      // They lie in registers: there is no memory to watch.
      const { row, ...rest } = referenceNode(desk, own, name, value as Reference)
      return { ...rest, row: { ...row, place: undefined, write: undefined, inert: true } }
    })
  return [{ row: { id, cells: ['arguments', '', ''], tone: 'heading', inert: true }, parts, open: true }]
}
