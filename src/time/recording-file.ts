import { closeSync, openSync, readSync } from 'node:fs'

/** The first line of a recording. A line of JSON follows, then the kernel, and the initramfs in gzip. */
export const magic = 'cryoscope recording 1\n'

/** Whether a file is a recording. */
export function isRecording(path: string): boolean {
  try {
    const file = openSync(path, 'r')
    try {
      const head = Buffer.alloc(magic.length)
      return readSync(file, head, 0, head.length, 0) === head.length && head.toString('latin1') === magic
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
}
