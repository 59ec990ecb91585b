import { closeSync, openSync, readSync } from 'node:fs'
import { asFileOffset, asFrame, asPhysical, type FileOffset, type Frame, frameStart } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import type { Dump } from './dump.js'
import { viewOf } from './dump-bytes.js'
import { isElf } from './elf-core.js'
import { CachedMemory } from './frame-cache.js'
import { readNotes } from './notes.js'
import { disjoint, type Segment } from './segmented.js'

const frameSize = 4096
const headerSize = 64
const entrySize = 56
const PT_LOAD = 1
const PT_NOTE = 4
/** Bytes of all notes. */
const noteLimit = 2 ** 24
/** Frames that are looked at again at the end; they stay in memory until then. */
const seenLimit = 2 ** 16

/** The memory of the running machine, and what of it has changed since it was read. */
export interface LiveDump extends Dump {
  /** Reads again what was read so far: frames of which the bytes differ now, of how many. */
  drift(): { readonly changed: number; readonly read: number }
}

/**
 * The memory of the machine this runs on, by /proc/kcore (fs/proc/kcore.c): an ELF core whose load segments have their
 * physical addresses where they are memory. Nothing stands still: a frame is read once and kept. Throws 'environment'
 * where the kernel has none or forbids it.
 */
export function openKcore(path = '/proc/kcore'): LiveDump {
  const fd = open(path)
  try {
    return parse(path, fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why =
      code === 'ENOENT'
        ? `this system has no ${path}: its kernel is built without CONFIG_PROC_KCORE, or a container hides it; run on the host itself, or boot a guest`
        : code === 'EPERM' || code === 'EACCES'
          ? `may not read ${path}: run as root; where root may not either, the kernel is locked down (cat /sys/kernel/security/lockdown)`
          : `cannot open ${path}: ${(cause as Error).message}`
    throw new CryoscopeError('environment', why, { cause })
  }
}

function parse(path: string, fd: number): LiveDump {
  const read = (offset: number, length: number): Uint8Array => {
    // A place that no file has: the header is damaged.
    if (!Number.isSafeInteger(offset + length)) return new Uint8Array()
    const bytes = new Uint8Array(length)
    let done = 0
    while (done < length) {
      const count = readSync(fd, bytes, done, length - done, offset + done)
      if (count === 0) break
      done += count
    }
    return bytes.subarray(0, done)
  }
  const header = read(0, headerSize)
  if (header.length < headerSize || !isElf(header) || header[4] !== 2) {
    throw new CryoscopeError(
      'environment',
      `${path} is not a 64-bit ELF core; a container may hide the real one`,
    )
  }
  const view = viewOf(header)
  const architecture = view.getUint16(18, true) === 183 ? 'aarch64' : 'x86_64'
  const count = view.getUint16(56, true)
  const table = read(Number(view.getBigUint64(32, true)), count * entrySize)
  const tableView = viewOf(table)
  const segments: Segment[] = []
  const notes: Uint8Array[] = []
  let room = noteLimit
  for (let at = 0; at + entrySize <= table.length; at += entrySize) {
    const kind = tableView.getUint32(at, true)
    const offset = asFileOffset(Number(tableView.getBigUint64(at + 8, true)))
    const physical = tableView.getBigUint64(at + 24, true)
    const length = Number(tableView.getBigUint64(at + 32, true))
    if (kind === PT_NOTE && room > 0) {
      const note = read(offset, Math.min(length, room))
      room -= note.length
      notes.push(note)
    }
    // Mapped memory of the kernel (vmalloc, modules) has no physical address: all ones.
    if (
      kind === PT_LOAD &&
      physical < 2n ** 52n &&
      length <= 2 ** 52 &&
      Number.isSafeInteger(offset + length)
    )
      segments.push({ physical: asPhysical(Number(physical)), offset, length })
  }
  const memory = disjoint(segments, Number.MAX_SAFE_INTEGER)
  const offsetOf = (frame: Frame): FileOffset => {
    const start = frameStart(frame)
    const found = memory.find(
      ({ physical, length }) => start >= physical && start + frameSize <= physical + length,
    )
    return asFileOffset(found === undefined ? -1 : found.offset + (start - found.physical))
  }
  const seen = new Map<Frame, Uint8Array>()
  const load = (frame: Frame, into: Uint8Array): boolean => {
    try {
      return readSync(fd, into, 0, frameSize, offsetOf(frame)) === frameSize
    } catch {
      // Memory that the kernel does not show: reserved, offline, or of an encrypted guest.
      return false
    }
  }
  const notesRead = readNotes(notes, architecture)
  return {
    format: 'running kernel',
    architecture,
    memory: new CachedMemory({
      description: `memory of this machine (${path})`,
      blockSize: frameSize,
      changes: true,
      ranges: () => memory.map(({ physical, length }) => ({ start: physical, length })),
      place: (block) => (offsetOf(asFrame(block)) < 0 ? -1 : block),
      load(block, into) {
        const frame = asFrame(block)
        const whole = load(frame, into)
        // The copy is never written again, so it is what was seen.
        if (whole && seen.size < seenLimit) seen.set(frame, into)
        return whole
      },
      close() {
        seen.clear()
        closeSync(fd)
      },
    }),
    // Its register notes are of the process that reads it.
    cpus: [],
    vmcoreinfo: notesRead.vmcoreinfo,
    problems: [],
    drift() {
      const now = new Uint8Array(frameSize)
      let changed = 0
      for (const [frame, before] of seen) {
        if (!load(frame, now) || Buffer.compare(now, before) !== 0) changed++
      }
      return { changed, read: seen.size }
    },
  }
}
