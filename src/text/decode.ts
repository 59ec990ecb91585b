const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text in bytes `start` to `end`, up to the first NUL. Bytes that are not UTF-8 read as `\xHH`: no two bytes read the
 * same, as they would with a replacement character.
 */
export function textAt(bytes: Uint8Array, start: number, end: number): string {
  let ascii = ''
  let at = start
  for (; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte === 0) return ascii
    if (byte >= 0x80) break
    ascii += String.fromCharCode(byte)
  }
  if (at >= end) return ascii
  const nul = bytes.subarray(0, end).indexOf(0, at)
  return ascii + decodeText(bytes.subarray(at, nul < 0 ? end : nul))
}

/** The same of all bytes, NULs included. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return decodeBroken(bytes)
  }
}

/** UTF-8 with errors: every byte that belongs to no character is escaped. */
function decodeBroken(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0
    const length = byte < 0x80 ? 1 : byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0
    let character: string | undefined
    if (length > 0 && at + length <= bytes.length) {
      try {
        character = strict.decode(bytes.subarray(at, at + length))
      } catch {}
    }
    text += character ?? `\\x${byte.toString(16).padStart(2, '0')}`
    at += character === undefined ? 1 : length
  }
  return text
}
