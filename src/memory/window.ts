import type { MemoryWindow } from './types.js'

/** A window over all of a buffer. */
export function windowOver(buffer: ArrayBuffer): MemoryWindow {
  return {
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    words: new Int32Array(buffer, 0, buffer.byteLength >>> 2),
  }
}
