import type { CType } from '../../btf/types.js'
import { detailsJson } from '../../contract/details.js'
import { jsonLine } from '../../contract/json.js'
import { specialJson } from '../../contract/map-entries.js'
import { objectJson } from '../../contract/objects.js'
import type { Kernel } from '../../kernel/kernel.js'
import { hexOf } from '../../value/bytes.js'
import type { ValueContext } from '../../value/context.js'
import { compileJson, type RenderJson } from '../../value/render/compile-json.js'
import type { MapInfo } from '../map-info.js'
import type { SpecialValue } from '../special-values.js'
import { type EntryMaker, isVoid } from './entry.js'
import type { EntryBatch, RawEntry, RawValue } from './reader.js'

/** Writes entries of one map as JSON text, in the shape that the contract fixes and docs/maps.md describes. */
export class EntryJson {
  readonly #map: MapInfo
  readonly #maker: EntryMaker
  readonly #renderKey: RenderJson | undefined
  readonly #renderValue: RenderJson | undefined
  /** CPU numbers of per-CPU maps. */
  readonly #cpus: readonly number[] | undefined

  constructor(kernel: Kernel, context: ValueContext, map: MapInfo, maker: EntryMaker, perCpu: boolean) {
    const renderer = (type: CType | undefined): RenderJson | undefined =>
      isVoid(type) ? undefined : compileJson(context, type as CType)
    this.#map = map
    this.#maker = maker
    this.#renderKey = renderer(map.keyType)
    this.#renderValue = renderer(map.valueType)
    this.#cpus = perCpu ? kernel.cpus.possible : undefined
  }

  /** Entries of a batch as they lie there: nothing is copied for each. */
  *batch(batch: EntryBatch): Generator<string> {
    const { keySize, valueSize, valueStride } = batch
    const keys = new DataView(batch.keys.buffer)
    const values = new DataView(batch.values.buffer)
    const copies = this.#cpus?.length ?? 1
    const value = (at: number, slot: number): string =>
      `${document(batch.values, values, at, valueSize, this.#renderValue)}${this.#special(batch, slot)}`
    for (let i = 0; i < batch.count; i++) {
      const key = document(
        batch.keys,
        keys,
        i * keySize,
        keySize,
        keySize === 0 ? undefined : this.#renderKey,
      )
      if (this.#cpus === undefined) {
        yield `{"key":{${key}},"value":{${value(i * valueStride, i)}}}`
        continue
      }
      const parts = this.#cpus.map(
        (cpu, place) => `{"cpu":${cpu},${value(i * valueStride + place * valueSize, i * copies + place)}}`,
      )
      yield `{"key":{${key}},"cpus":[${parts.join(',')}]}`
    }
  }

  raw(entry: RawEntry): string {
    const { key, owner, values, notes } = entry
    const render = owner === undefined && key.length > 0 ? this.#renderKey : undefined
    const ownerText = owner === undefined ? '' : `,"owner":${jsonLine(objectJson(owner))}`
    const keyText = `"key":{${document(key, viewOf(key), 0, key.length, render)}${ownerText}}`
    const notesText = notes === undefined ? '' : `,"notes":${jsonLine(detailsJson(notes))}`
    const [first] = values
    if (this.#cpus === undefined) {
      return `{${keyText},"value":{${first === undefined ? '' : this.#value(first)}}${notesText}}`
    }
    const parts = this.#cpus.map((cpu, place) => {
      const value = values[place]
      return `{"cpu":${cpu}${value === undefined ? '' : `,${this.#value(value)}`}}`
    })
    return `{${keyText},"cpus":[${parts.join(',')}]${notesText}}`
  }

  #value({ bytes, address, decoded = bytes, target }: RawValue): string {
    const hex = `"hex":"${hexOf(bytes, 0, bytes.length)}"`
    // A slot's pointer is not what the value type describes.
    const render = decoded.length === this.#map.valueSize ? this.#renderValue : undefined
    const value = render === undefined ? '' : `,"value":${render(viewOf(decoded), decoded, 0)}`
    const targetText = target === undefined ? '' : `,"target":${jsonLine(objectJson(target))}`
    return `${hex}${value}${targetText}${specialText(this.#maker.special(address))}`
  }

  #special(batch: EntryBatch, slot: number): string {
    if (this.#maker.fields.length === 0) return ''
    const address = BigInt(batch.pages[slot] as number) * 4096n + BigInt(batch.offsets[slot] as number)
    return specialText(this.#maker.special(address))
  }
}

/** Fields that the kernel manages, as JSON; empty when there are none. */
function specialText(fields: readonly SpecialValue[]): string {
  if (fields.length === 0) return ''
  return `,"special":${jsonLine(fields.map(specialJson))}`
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function document(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  size: number,
  render: RenderJson | undefined,
): string {
  const hex = `"hex":"${hexOf(bytes, at, at + size)}"`
  return render === undefined ? hex : `${hex},"value":${render(view, bytes, at)}`
}
