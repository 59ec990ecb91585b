import { closeSync, openSync, writeSync } from 'node:fs'
import { frameAt, type Physical } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import { JoinedMapping } from './joined-mapping.js'
import { FileMapping } from './mapping.js'
import { type Segment, SegmentedMemory } from './segmented.js'
import type { PhysicalMemory } from './types.js'

/** A file that holds RAM of a guest, and where in the guest's memory its parts lie. */
export interface RamPart {
  readonly path: string
  readonly ranges: readonly Segment[]
}

/**
 * The RAM of a guest whose backing file is shared with us. `segments` say where guest-physical memory lies in
 * the file (RAM is split around the PCI hole).
 */
export function openRamFile(
  path: string,
  segments: readonly Segment[],
  description: string,
  onWrite?: () => void,
): PhysicalMemory {
  return openRamFiles([{ path, ranges: segments }], description, onWrite)
}

/** The same for RAM that lies in several files: one for each NUMA node, one for each DIMM. */
export function openRamFiles(
  parts: readonly RamPart[],
  description: string,
  /** Called before each write. */
  onWrite?: () => void,
): PhysicalMemory {
  const mappings: FileMapping[] = []
  try {
    for (const { path } of parts) mappings.push(new FileMapping(path))
    return new RamFiles(parts, new JoinedMapping(mappings), description, onWrite)
  } catch (error) {
    for (const mapping of mappings) mapping.close()
    throw error
  }
}

/** What is written to a file shows in its mappings, ours and the engine's: they share the pages. */
class RamFiles extends SegmentedMemory {
  readonly #mapping: JoinedMapping
  readonly #paths: readonly string[]
  readonly #onWrite: (() => void) | undefined
  readonly #writable = new Map<number, number>()

  constructor(
    parts: readonly RamPart[],
    mapping: JoinedMapping,
    description: string,
    onWrite: (() => void) | undefined,
  ) {
    const segments = parts.flatMap(({ ranges }, i) =>
      ranges.map(({ physical, offset, length }) => ({ physical, ...mapping.within(i, offset, length) })),
    )
    super(description, mapping, segments)
    this.#mapping = mapping
    this.#onWrite = onWrite
    this.#paths = parts.map(({ path }) => path)
  }

  write(address: Physical, bytes: Uint8Array): void {
    const within = address % 4096
    const position = this.locate(frameAt(address))
    if (position < 0 || within + bytes.length > 4096) {
      throw new CryoscopeError(
        'unreadable',
        `there is no RAM for ${bytes.length} bytes at physical 0x${address.toString(16)}`,
      )
    }
    this.#onWrite?.()
    const { file, offset } = this.#mapping.place(position)
    const fd = this.#writable.get(file) ?? openSync(this.#paths[file] as string, 'r+')
    this.#writable.set(file, fd)
    writeSync(fd, bytes, 0, bytes.length, offset + within)
  }

  override close(): void {
    super.close()
    for (const fd of this.#writable.values()) closeSync(fd)
    this.#writable.clear()
  }
}
