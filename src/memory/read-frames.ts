import { asPhysical, frameAt, type Physical } from '../brands.js'
import type { MemoryWindow, PhysicalMemory, Problem, ReadResult } from './types.js'

const frameSize = 4096

/** Copies physical memory frame by frame, up to the first frame that the source does not hold. */
export function readFrames(
  memory: Pick<PhysicalMemory, 'locate' | 'windows'>,
  address: Physical,
  length: number,
): ReadResult {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const at = asPhysical(address + done)
    const within = at % frameSize
    const position = memory.locate(frameAt(at))
    if (position < 0) {
      const problem: Problem = { kind: 'absent', address: BigInt(at), physical: at }
      return { ok: false, bytes: bytes.subarray(0, done), problem }
    }
    const window = memory.windows[Math.floor(position / 2 ** 32)] as MemoryWindow
    const from = (position >>> 0) + within
    const count = Math.min(frameSize - within, length - done)
    bytes.set(window.bytes.subarray(from, from + count), done)
    done += count
  }
  return { ok: true, bytes }
}
