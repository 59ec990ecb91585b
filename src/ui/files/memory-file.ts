import { asFrame } from '../../brands.js'
import { CryoscopeError } from '../../errors.js'
import type { CoreLayout } from '../../memory/core-layout.js'
import { type FrameAt, FrameReader, hole } from '../../memory/frame-reader.js'
import type { PhysicalMemory } from '../../memory/types.js'
import type { Attributes, File } from './node.js'

const frameSize = 4096

interface MemoryFileOptions {
  readonly about: string
  readonly attributes?: Attributes
  /** The form of the file hangs on the stop, not only its bytes. */
  readonly isOfOneStop: boolean
  readonly size: () => number
  readonly allocated?: () => number
  /** Bytes before the memory. */
  readonly head?: () => Uint8Array
  readonly frameAt: () => FrameAt
  /** What to say when a page cannot be read; its number counts from the start of the file. */
  readonly reason: (page: number) => string
}

/** A file whose pages are pages of memory. */
export function memoryFile(memory: PhysicalMemory, options: MemoryFileOptions): File {
  const reader = new FrameReader(memory)
  const { about, attributes, allocated } = options
  return {
    kind: 'file',
    isMemory: true,
    about,
    ...(attributes === undefined ? {} : { attributes }),
    ...(allocated === undefined ? {} : { allocated }),
    size: options.size,
    open() {
      const size = options.size()
      const frameAt = options.frameAt()
      const head = options.head?.() ?? new Uint8Array()
      return {
        isOfOneStop: options.isOfOneStop,
        read(target, offset) {
          const wanted = target.subarray(0, Math.max(0, Math.min(target.length, size - offset)))
          const fromHead = head.subarray(offset, offset + wanted.length)
          wanted.set(fromHead)
          const rest = wanted.subarray(fromHead.length)
          const start = offset + fromHead.length
          const done = reader.read(rest, start, frameAt)
          // What came before a missing page is handed out; the next read begins at the page, and fails.
          if (done === 0 && rest.length > 0 && fromHead.length === 0) {
            throw new CryoscopeError('unreadable', options.reason(Math.floor(start / frameSize)))
          }
          return fromHead.length + done
        },
      }
    },
  }
}

/** Frames of an ELF core that is made on the fly. */
export function coreFrames({ segments }: CoreLayout): FrameAt {
  let recent = segments[0]
  return (page) => {
    const at = page * frameSize
    if (recent === undefined || at < recent.offset || at >= recent.offset + recent.length) {
      recent = segments.find(({ offset, length }) => at >= offset && at < offset + length)
    }
    return recent === undefined ? hole : asFrame((recent.physical + (at - recent.offset)) / frameSize)
  }
}
