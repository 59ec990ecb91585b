import { asFileOffset, asFrame, type FileOffset, type Frame, frameStart } from '../brands.js'
import type { DumpBytes } from './dump-bytes.js'
import { CachedMemory, type FrameSource } from './frame-cache.js'
import { disjoint, type Segment, SegmentedMemory } from './segmented.js'
import type { PhysicalMemory } from './types.js'

const frameSize = 4096

/** Memory that lies in a file as it is, by segments: zero-copy where the file is mapped. Closes the file with it. */
export function memoryOf(description: string, file: DumpBytes, segments: readonly Segment[]): PhysicalMemory {
  return file.mapping === undefined
    ? new CachedMemory(scattered(description, file, segments))
    : new SegmentedMemory(description, file.mapping, segments)
}

/** The same frame by frame, where the file is not mapped or lies in pieces. */
function scattered(description: string, file: DumpBytes, segments: readonly Segment[]): FrameSource {
  const sorted = disjoint(segments, file.size)
  const offsetOf = (frame: Frame): FileOffset => {
    const start = frameStart(frame)
    let low = 0
    let high = sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = sorted[middle] as Segment
      if (start < segment.physical) high = middle - 1
      else if (start >= segment.physical + segment.length) low = middle + 1
      else if (start + frameSize > segment.physical + segment.length) return asFileOffset(-1)
      else return asFileOffset(segment.offset + (start - segment.physical))
    }
    return asFileOffset(-1)
  }
  return {
    description,
    blockSize: frameSize,
    ranges: () => sorted.map(({ physical, length }) => ({ start: physical, length })),
    place: (block) => offsetOf(asFrame(block)),
    load(block, into) {
      const bytes = file.bytes(offsetOf(asFrame(block)), frameSize)
      if (bytes.length < frameSize) return false
      into.set(bytes)
      return true
    },
    lost: () => file.lost,
    close: () => file.close(),
  }
}
