import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asFrame, asPhysical } from '../../src/brands.js'
import type { PhysicalMemory } from '../../src/memory/types.js'
import { openDump } from '../../src/session/open.js'
import { allowed, checkSentences } from '../check.js'
import { damageFile, type FileBase } from '../damage.js'
import { applied, type Input, whole } from '../input.js'
import { type Kind, type Prepared, Wrong } from '../kind.js'
import { scratchDirectory } from '../scratch.js'
import { elfFiles, flattenedFiles, kdumpFiles, kdumpFilesOf } from './format-files.js'
import { libvirtFiles, limeFiles, qcow2Files, streamFiles } from './saved-files.js'

const frameSize = 4096
/** Ranges and pages that are read of one dump. */
const mostRanges = 64
const mostPages = 400

/** Dump files of every format, damaged in their headers, tables, lengths and data, or cut. */
export const formatKinds: readonly Kind[] = [
  formatKind('elf', elfFiles),
  formatKind('kdump', kdumpFiles),
  formatKind('kdump-lzo', () => kdumpFilesOf('lzo')),
  formatKind('kdump-snappy', () => kdumpFilesOf('snappy')),
  formatKind('kdump-zstd', () => kdumpFilesOf('zstd')),
  formatKind('flattened', flattenedFiles),
  formatKind('lime', limeFiles),
  formatKind('qemu-stream', streamFiles),
  formatKind('qcow2', qcow2Files),
  formatKind('libvirt-save', libvirtFiles),
]

function formatKind(name: string, files: () => readonly FileBase[]): Kind {
  return { name, room: 'memory', prepare: () => prepareFormat(name, files()) }
}

function prepareFormat(name: string, bases: readonly FileBase[]): Prepared {
  const path = join(scratchDirectory(), `${name}.dump`)
  /** How many problems each base has when it is whole: streams say that they hold no registers. */
  const known: number[] = []
  const truths = bases.map((_, base) => {
    const pages = new Map<number, Uint8Array>()
    const problems = read({ ...whole, base }, (frame, bytes) => pages.set(frame, Uint8Array.from(bytes)))
    known.push(problems?.length ?? 0)
    if (pages.size === 0) throw new Error(`the base ${base} of ${name} holds no page`)
    return pages
  })

  function read(
    input: Input,
    page: (frame: number, bytes: Uint8Array) => void,
  ): readonly string[] | undefined {
    writeFileSync(path, applied((bases[input.base] as FileBase).bytes, input))
    return allowed(() => {
      const session = openDump(path)
      try {
        checkSentences(session.problems)
        void session.vcpus.map(({ registers }) => Object.keys(registers).length)
        readPages(session.target.memory, page)
        return session.problems
      } finally {
        session.target.memory.close()
      }
    })
  }

  return {
    bases: bases.map((base) => base.name),
    damage: (random) => damageFile(random, bases),
    read(input) {
      const { wholeAt = [] } = bases[input.base] as FileBase
      const isCut =
        input.patches.length === 0 && input.length !== undefined && !wholeAt.includes(input.length)
      const truth = truths[input.base] as ReadonlyMap<number, Uint8Array>
      let same = 0
      let other: number | undefined
      const problems = read(input, (frame, bytes) => {
        if (Buffer.compare(truth.get(frame) ?? Buffer.alloc(0), bytes) === 0) same++
        else other ??= frame
      })
      if (!isCut || problems === undefined) return
      // A stream holds several versions of a page: one that is cut has earlier ones.
      const isStream = ['qemu-stream', 'qcow2', 'libvirt-save'].includes(name)
      if (other !== undefined && !isStream)
        throw new Wrong(`a file that is cut has another page 0x${other.toString(16)} than the whole one`)
      if (problems.length <= (known[input.base] ?? 0) && same < truth.size)
        throw new Wrong(`a cut file lacks ${truth.size - same} of ${truth.size} pages, and does not say so`)
    },
  }
}

/** Reads pages of every range, and some that are in none. */
function readPages(memory: PhysicalMemory, page: (frame: number, bytes: Uint8Array) => void): void {
  let left = mostPages
  for (const { start, length } of memory.ranges.slice(0, mostRanges)) {
    const first = Math.ceil(start / frameSize)
    const end = Math.floor((start + length) / frameSize)
    for (
      let frame = first;
      frame < end && left > 0;
      frame += frame - first < 40 ? 1 : Math.ceil((end - frame) / 3)
    ) {
      left--
      const result = memory.read(asPhysical(frame * frameSize), frameSize)
      if (result.ok && result.bytes.length !== frameSize)
        throw new Wrong(`a page of ${result.bytes.length} bytes was read`)
      if (result.ok) page(frame, result.bytes)
    }
  }
  for (const frame of [0, 1, 2 ** 20, 2 ** 40 - 1]) memory.locate(asFrame(frame))
  void memory.dataRanges().length
}
