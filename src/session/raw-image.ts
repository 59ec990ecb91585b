import { existsSync, readFileSync, statSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import { atMost, cutText } from '../memory/cut.js'
import type { Dump } from '../memory/dump.js'
import { type Board, boards, ramLayout } from '../memory/pci-hole.js'
import { openRawImage, parseLayout, type StatedLayout } from '../memory/raw-image.js'
import type { PhysicalMemory } from '../memory/types.js'
import { layoutUpTo, type Proof, proof } from './layout.js'

const names: Readonly<Record<Board, string>> = {
  flat: 'from address 0 on',
  q35: 'as QEMU q35 lays it out, around the hole from 2 GiB to 4 GiB',
  pc: 'as QEMU pc lays it out, around the hole from 3 GiB to 4 GiB',
  virt: 'as QEMU virt of arm64 lays it out, from 1 GiB on',
}
const frameSize = 4096
const layoutLimit = 2 ** 20
/** What firmware keeps for itself at the end of RAM, at most. */
const kept = 2 ** 26

/** The file beside an image that states its layout. */
function sidecar(path: string): string {
  return `${path}.layout`
}

/**
 * RAM as it is, without a header: the layout is stated (as text, or in FILE.layout beside it), or the one of the usual
 * boards under which a kernel proves itself and has as much memory as it says. Undefined when there is none.
 */
export function openRaw(path: string, stated?: string): Dump | undefined {
  const { size } = statSync(path)
  const layout = stated ?? readSidecar(path)
  if (layout !== undefined) {
    const stated = parseLayout(layout, size)
    const image = rawImage(
      openRawImage(path, () => stated.segments),
      'raw image, stated layout',
    )
    const cut = cutOf(path, size, stated)
    return cut === undefined
      ? image
      : { ...image, cut, problems: [`${cut}, by the stated layout: what came behind it is missing`] }
  }
  if (size < 2 ** 20) return undefined
  const odd = size % frameSize
  const found = proven(path, size - odd)
  if (found === undefined || odd === 0) return found
  // Memory has whole frames.
  const cut = found.cut ?? insideFrame(path, size)
  return { ...found, cut, problems: found.cut === undefined ? [cut, ...found.problems] : found.problems }
}

function cutOf(path: string, held: number, { segments, size, isMore }: StatedLayout): string | undefined {
  if (isMore && held <= size)
    return `${path} is cut short: it has ${atMost(held, size + 1)} of what it should`
  if (held < size) return cutText(path, held, size)
  // Memory has whole frames.
  const isBroken = segments.some(({ length }) => length % frameSize !== 0)
  return isBroken && held % frameSize !== 0 ? insideFrame(path, held) : undefined
}

function insideFrame(path: string, size: number): string {
  return `${path} is cut short: it ends inside a frame, after ${size} bytes`
}

/** The first of the usual layouts under which a kernel proves itself in whole frames of the file. */
function proven(path: string, size: number): Dump | undefined {
  const seen = new Set<string>()
  let second: Dump | undefined
  for (const board of boards) {
    const segments = ramLayout(board, size)
    const key = JSON.stringify(segments)
    if (seen.has(key)) continue
    seen.add(key)
    const memory = openRawImage(path, () => segments)
    const found = proof(memory)
    const end = Math.max(...segments.map(({ physical, length }) => physical + length))
    if (found !== undefined) {
      const image = { ...rawImage(memory, `raw image, ${names[board]}`), noteAt: found.noteAt }
      if (found.memoryEnd !== undefined && found.memoryEnd <= end && found.memoryEnd > end - kept) {
        second?.memory.close()
        return image
      }
      if (second === undefined && (found.memoryEnd === undefined || found.memoryEnd <= end)) {
        const problem = `the layout of the image is a guess (${names[board]}): state it in ${sidecar(path)}, as 0:0:2G,4G:2G:`
        second = { ...image, problems: [problem] }
        continue
      }
    }
    memory.close()
    const other = board === 'virt' ? undefined : aroundOtherHole(path, size, found, seen)
    if (other !== undefined) {
      second?.memory.close()
      return other
    }
    if (second === undefined && found?.memoryEnd !== undefined && found.memoryEnd > end) {
      const image = rawImage(
        openRawImage(path, () => segments),
        `raw image, ${names[board]}`,
      )
      const cut = cutText(path, size, size + found.memoryEnd - end)
      second = {
        ...image,
        noteAt: found.noteAt,
        cut,
        problems: [`${cut}, by what its kernel says; or it lies otherwise: state it with --layout`],
      }
    }
  }
  return second
}

/** The layout that the kernel itself tells, where it proves itself and says the same under it. */
function aroundOtherHole(
  path: string,
  size: number,
  found: Proof | undefined,
  seen: Set<string>,
): Dump | undefined {
  const segments = found?.memoryEnd === undefined ? undefined : layoutUpTo(size, found.memoryEnd)
  const key = JSON.stringify(segments)
  if (found === undefined || segments === undefined || seen.has(key)) return undefined
  seen.add(key)
  const memory = openRawImage(path, () => segments)
  if (proof(memory)?.memoryEnd === found.memoryEnd) {
    const start = `0x${(segments[0]?.length ?? 0).toString(16)}`
    return { ...rawImage(memory, `raw image, around a hole that begins at ${start}`), noteAt: found.noteAt }
  }
  memory.close()
  return undefined
}

function rawImage(memory: PhysicalMemory, format: string): Dump {
  return { format, architecture: undefined, memory, cpus: [], vmcoreinfo: undefined, problems: [] }
}

function readSidecar(path: string): string | undefined {
  const file = sidecar(path)
  if (!existsSync(file)) return undefined
  if (statSync(file).size > layoutLimit) throw new CryoscopeError('usage', `${file} is too long for a layout`)
  return readFileSync(file, 'utf8')
}
