import { asPage, type Page } from '../../brands.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Patience } from '../../kernel/walk/patience.js'
import { memorySize, rangeText } from '../../kernel/walk/word.js'
import { pageOf } from '../../memory/address-space.js'
import { missingPages } from '../../memory/missing-pages.js'
import type { Problems } from '../../problems.js'
import { decodeText } from '../../text/decode.js'
import type { MapInfo } from '../map-info.js'
import { BatchWriter } from './batch.js'
import type { EntryBatch, PackedReader } from './reader.js'

type ReadRange = (
  kernel: Kernel,
  map: MapInfo,
  from: number,
  to: number,
  problems: Problems,
) => Generator<EntryBatch>

/**
 * struct bpf_array (include/linux/bpf.h): element i at `value` + i * elem_size, elem_size is value_size rounded up to 8.
 * Mappable arrays (BPF_F_MMAPABLE) are only placed differently.
 */
export const arrayReader = arrayFamily('array', false, read)

/** Per-CPU arrays hold one per-CPU allocation for each element, in `pptrs`. */
export const perCpuArrayReader = arrayFamily('percpu_array', true, readPerCpu)

function arrayFamily(type: string, perCpu: boolean, readRange: ReadRange): PackedReader {
  return {
    types: [type],
    keys: 'places',
    perCpu,

    state(kernel, map) {
      return !perCpu && literalSection.test(map.name) ? { strings: literals(kernel, map) } : {}
    },

    *batches(kernel, map, problems) {
      yield* readRange(kernel, map, 0, map.maxEntries, problems)
    },

    get(kernel, map, key, problems) {
      const index = indexIn(map, key)
      if (index === undefined) return undefined
      return readRange(kernel, map, index, index + 1, problems).next().value ?? undefined
    },
  }
}

/** Sections of string literals, of single bytes, that the compiler merges: they have no BTF. */
const literalSection = /^\.rodata\.str\d*\.1$/

function literals(kernel: Kernel, map: MapInfo): string[] {
  const start = kernel.struct('bpf_array', map.address).at('value')
  const text = decodeText(kernel.space.bytes(start, map.valueSize))
  return text.replace(/\0+$/, '').split('\0')
}

function* read(
  kernel: Kernel,
  map: MapInfo,
  from: number,
  to: number,
  problems: Problems,
): Generator<EntryBatch> {
  const array = kernel.struct('bpf_array', map.address)
  const stride = array.number('elem_size')
  const start = array.at('value')
  if (stride < Math.max(1, map.valueSize)) {
    problems.add('map', `its elements lie ${stride} bytes apart and have ${map.valueSize}, which cannot be`)
    return
  }
  if (!fitsMemory(kernel, stride, map, problems)) return
  const page = pageOf(start)
  const offset = Number(start & 0xfffn)
  const batch = new BatchWriter(kernel.space, 4, map.valueSize, 1, to - from)
  for (let i = from; i < to; i++) {
    const at = offset + i * stride
    const atPage = asPage(page + Math.floor(at / 4096))
    if (kernel.space.locate(atPage) < 0) {
      const last = lastMissing(kernel, { page, offset, stride }, i, to)
      problems.add(rangeText('element', i, last), batch.why(atPage, at % 4096))
      i = last
      continue
    }
    batch.index(i)
    if (batch.value(atPage, at % 4096, 0) < 0) {
      problems.add(`element ${i}`, batch.failure)
      continue
    }
    batch.commit()
    if (batch.full) {
      yield batch
      batch.reset()
    }
  }
  if (batch.count > 0) yield batch
}

function* readPerCpu(
  kernel: Kernel,
  map: MapInfo,
  from: number,
  to: number,
  problems: Problems,
): Generator<EntryBatch> {
  const pointers = kernel.struct('bpf_array', map.address).at('pptrs')
  const page = pageOf(pointers)
  const offset = Number(pointers & 0xfffn)
  const cpus = kernel.cpus.possible
  if (!fitsMemory(kernel, 8 + map.valueSize * cpus.length, map, problems)) return
  const batch = new BatchWriter(kernel.space, 4, map.valueSize, cpus.length, to - from)
  const patience = new Patience(problems, 'element')
  for (let i = from; i < to; i++) {
    const atPage = asPage(page + Math.floor((offset + i * 8) / 4096))
    if (kernel.space.locate(atPage) < 0) {
      const last = lastMissing(kernel, { page, offset, stride: 8 }, i, to)
      const why = batch.why(atPage, (offset + i * 8) % 4096)
      problems.add(rangeText('element', i, last), `the pointer to its per-CPU values: ${why}`)
      i = last
      continue
    }
    batch.index(i)
    if (!copyPerCpu(kernel, batch, pointers + BigInt(i * 8), `element ${i}`, problems)) {
      if (patience.endsAt(i)) break
      continue
    }
    patience.begin()
    batch.commit()
    if (batch.full) {
      yield batch
      batch.reset()
    }
  }
  if (batch.count > 0) yield batch
}

/** Copies every CPU's value of the per-CPU allocation whose pointer is stored at `slot`. */
export function copyPerCpu(
  kernel: Kernel,
  batch: BatchWriter,
  slot: bigint,
  where: string,
  problems: Problems,
): boolean {
  const stored = kernel.space.read(slot, 8)
  if (!stored.ok) {
    problems.add(where, 'the pointer to its per-CPU values is unreadable')
    return false
  }
  const base = Buffer.from(stored.bytes).readBigUInt64LE()
  if (base === 0n) {
    problems.add(where, 'the pointer to its per-CPU values is null')
    return false
  }
  for (const [place, cpu] of kernel.cpus.possible.entries()) {
    const address = kernel.cpus.address(base, cpu)
    const page = pageOf(address)
    const offset = Number(address & 0xfffn)
    if (batch.value(page, offset, place) < 0) {
      problems.add(`${where}, CPU ${cpu}`, batch.failure)
      return false
    }
  }
  return true
}

/** A map cannot hold more than memory does; a larger claim is a broken struct, and walking it would not end. */
export function fitsMemory(kernel: Kernel, perEntry: number, map: MapInfo, problems: Problems): boolean {
  if (perEntry * map.maxEntries <= memorySize(kernel)) return true
  problems.add('map', `${map.maxEntries} entries of ${perEntry} bytes are more than memory holds`)
  return false
}

/** The last of the elements from `first` up to `to` that begin on missing pages, as the first does. */
function lastMissing(
  kernel: Kernel,
  { page, offset, stride }: { page: Page; offset: number; stride: number },
  first: number,
  to: number,
): number {
  const from = Math.floor((offset + first * stride) / 4096)
  const pages = Math.ceil((offset + to * stride) / 4096) - from
  const hole = missingPages(kernel.space, asPage(page + from), pages)
  return Math.min(to, Math.ceil(((from + hole) * 4096 - offset) / stride)) - 1
}

function indexIn(map: MapInfo, key: Uint8Array): number | undefined {
  if (key.length !== 4) return undefined
  const index = new DataView(key.buffer, key.byteOffset, 4).getUint32(0, true)
  return index < map.maxEntries ? index : undefined
}
