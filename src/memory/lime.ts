import { asFileOffset, asPhysical } from '../brands.js'
import { atMost } from './cut.js'
import type { Dump } from './dump.js'
import { openBytes, viewOf } from './dump-bytes.js'
import { memoryOf } from './file-memory.js'
import type { Segment } from './segmented.js'

/** "EMiL" in the file. */
const magic = 0x4c694d45
const headerLength = 32
const rangeLimit = 2 ** 16

export function isLime(head: Uint8Array): boolean {
  return head.length >= 4 && viewOf(head).getUint32(0, true) === magic
}

/** Memory as the LiME module writes it: ranges, each behind a header of 32 bytes (LiME doc/README.md, version 1). */
export function openLime(path: string): Dump {
  const file = openBytes(path)
  const segments: Segment[] = []
  const problems: string[] = []
  let cut: string | undefined
  for (let at = 0; at < file.size && segments.length < rangeLimit; ) {
    const header = file.bytes(at, headerLength)
    if (header.length < headerLength) {
      cut = `${path} is cut short inside the header of a range: it has ${atMost(file.size, at + headerLength)} of what it should`
      problems.push(`${cut}: what came behind byte ${at} is missing`)
      break
    }
    if (!isLime(header)) {
      problems.push(`there is no range at byte ${at} of the file: the rest of the memory is missing`)
      break
    }
    const view = viewOf(header)
    const physical = asPhysical(Number(view.getBigUint64(8, true)))
    const length = Number(view.getBigUint64(16, true)) - physical + 1
    if (!(length > 0 && physical + length <= 2 ** 52)) {
      problems.push(`the range at byte ${at} of the file cannot be: the rest of the memory is missing`)
      break
    }
    const offset = asFileOffset(at + headerLength)
    if (offset + length > file.size) {
      const missing = offset + length - file.size
      cut = `${path} is cut short: it has ${atMost(file.size, offset + length)} of what it should`
      problems.push(`${cut}: ${missing} bytes of the range at its end are missing, and what came behind it`)
    }
    segments.push({ physical, offset, length })
    at = offset + length
  }
  return {
    format: 'LiME image',
    architecture: undefined,
    memory: memoryOf(`LiME image ${path}`, file, segments),
    cpus: [],
    vmcoreinfo: undefined,
    cut,
    problems,
  }
}
