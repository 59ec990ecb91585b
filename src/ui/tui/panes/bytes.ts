import { quietly } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import type { Row, RowSource } from '../model/row.js'
import type { View } from '../model/view.js'
import { arenaHolding, isKernelAddress } from './places.js'

const wordSize = 8n
/** Bytes from the address on that can be scrolled through. */
const after = 64n * 1024n

/** Memory, word by word: what lies there, what the word points at. Only words on the screen are read. */
export function bytesView(desk: Desk, address: bigint): View {
  return {
    title: quietly(() => desk.vm.kernel.symbolize(address)) ?? `0x${address.toString(16)}`,
    target: { kind: 'bytes', address },
    load: () => ({
      columns: [
        { title: 'ADDRESS', rigid: true, tone: 'dim' },
        { title: 'BYTES', rigid: true },
        { title: 'TEXT', rigid: true, tone: 'dim' },
        { title: 'WHAT IT IS', tone: 'name' },
        { title: 'POINTS AT', tone: 'pointer' },
      ],
      rows: new WordRows(desk, address & ~(wordSize - 1n)),
      empty: 'No memory.',
    }),
  }
}

class WordRows implements RowSource {
  readonly complete = true
  readonly length: number
  readonly #desk: Desk
  readonly #start: bigint

  constructor(desk: Desk, address: bigint) {
    this.#desk = desk
    this.#start = address
    this.length = Number(after / wordSize)
  }

  at(index: number): Row {
    const address = BigInt.asUintN(64, this.#start + BigInt(index) * wordSize)
    const id = `bytes/${address.toString(16)}`
    const label = address.toString(16).padStart(16, '0')
    const { vm } = this.#desk
    const arena = arenaHolding(this.#desk, address)
    const place = quietly(() => arena?.placeOf(address))
    const kernelAddress =
      arena === undefined || place === undefined ? address : arena.window.kernelAddress(place)
    const { ok, bytes } = vm.kernel.space.read(kernelAddress, Number(wordSize))
    if (!ok) return { id, cells: [label, '-- not there --', '', '', ''], tone: 'dim' }
    const hex = Buffer.from(bytes)
      .toString('hex')
      .replace(/..(?=.)/g, '$& ')
    const text = [...bytes]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('')
    const word = Buffer.from(bytes).readBigUInt64LE()
    const points = this.#pointsAt(word)
    return {
      id,
      cells: [label, hex, text, escapeText(this.#what(address, place) ?? ''), escapeText(points ?? '')],
      place: { address: kernelAddress, size: 8, name: `0x${address.toString(16)}` },
      value: () => word,
      copy: `0x${word.toString(16)}`,
      ...(points === undefined ? {} : { target: { kind: 'address', address: word } }),
    }
  }

  #what(address: bigint, place: number | undefined): string | undefined {
    const arena = place === undefined ? undefined : arenaHolding(this.#desk, address)
    if (arena !== undefined) return quietly(() => arena.describe(address).text)
    return quietly(() => this.#desk.vm.kernel.symbolize(address))
  }

  #pointsAt(word: bigint): string | undefined {
    if (word < 4096n) return undefined
    const arena = arenaHolding(this.#desk, word)
    if (arena !== undefined) return quietly(() => arena.describe(word).text)
    const symbol = quietly(() => this.#desk.vm.kernel.symbolize(word))
    if (symbol !== undefined) return symbol
    if (!isKernelAddress(this.#desk, word)) return undefined
    const { ok } = this.#desk.vm.kernel.space.read(word, 1)
    return ok ? `0x${word.toString(16)}` : undefined
  }
}
