import { closeSync, openSync, writeSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import { FileMapping, fileOffset } from './mapping.js'
import { type Segment, SegmentedMemory } from './segmented.js'
import type { Physical, PhysicalMemory } from './types.js'

/**
 * The RAM of a guest whose backing file is shared with us. `segments` say where guest-physical memory lies in
 * the file (RAM is split around the PCI hole).
 */
export function openRamFile(
  path: string,
  segments: readonly Segment[],
  description: string,
  /** Called before each write. */
  onWrite?: () => void,
): PhysicalMemory {
  return new RamFile(path, segments, description, onWrite)
}

/** What is written to the file shows in its mappings, ours and the engine's: they share the pages. */
class RamFile extends SegmentedMemory {
  readonly #path: string
  readonly #onWrite: (() => void) | undefined
  #writable: number | undefined

  constructor(path: string, segments: readonly Segment[], description: string, onWrite?: () => void) {
    super(description, new FileMapping(path), segments)
    this.#path = path
    this.#onWrite = onWrite
  }

  write(address: Physical, bytes: Uint8Array): void {
    const within = address % 4096
    const position = this.locate((address - within) / 4096)
    if (position < 0 || within + bytes.length > 4096) {
      throw new CryoscopeError(
        'unreadable',
        `there is no RAM for ${bytes.length} bytes at physical 0x${address.toString(16)}`,
      )
    }
    this.#onWrite?.()
    this.#writable ??= openSync(this.#path, 'r+')
    writeSync(this.#writable, bytes, 0, bytes.length, fileOffset(position) + within)
  }

  override close(): void {
    super.close()
    if (this.#writable !== undefined) closeSync(this.#writable)
    this.#writable = undefined
  }
}
