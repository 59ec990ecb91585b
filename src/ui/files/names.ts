import { textAt } from '../../text/decode.js'

const plain = /^[A-Za-z0-9_.+@=,:~-]$/
/** Names that mean something in every directory. */
const reserved = new Set(['README.md', 'problems'])
/** File names end at 255 bytes. */
const lengthLimit = 200

/**
 * A file name for any text from a guest, and only for it: bytes outside letters, digits and `_.+@=,:~-` are written as
 * `%` and two hex digits, as in URLs; so are a first `.` or `-`, and the first letter of a name that every directory
 * uses itself. No text is written as `%`.
 */
export function fileName(text: string): string {
  return fileNameOfBytes(bytesOfText(text))
}

/** The same for bytes that are no UTF-8, too: each byte that belongs to no character is `%` and two hex digits. */
export function fileNameOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return '%'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const start = reserved.has(text) || text.startsWith('.') || text.startsWith('-') ? 1 : 0
  let name = ''
  for (const [i, byte] of bytes.entries()) {
    const letter = String.fromCharCode(byte)
    name += i >= start && plain.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return name
}

/** The bytes that a file name was made from; undefined when no name is made so. */
export function bytesOfFileName(name: string): Uint8Array | undefined {
  if (name === '%') return new Uint8Array()
  const bytes: number[] = []
  for (let at = 0; at < name.length; at++) {
    if (name[at] !== '%') {
      if (name.charCodeAt(at) > 0x7f) return undefined
      bytes.push(name.charCodeAt(at))
      continue
    }
    const digits = name.slice(at + 1, at + 3)
    if (!/^[0-9A-F]{2}$/.test(digits)) return undefined
    bytes.push(Number.parseInt(digits, 16))
    at += 2
  }
  const made = Uint8Array.from(bytes)
  return fileNameOfBytes(made) === name ? made : undefined
}

/** The text that a file name was made from; undefined for the name of bytes that are no text, and for one that is never made. */
export function textOfFileName(name: string): string | undefined {
  const bytes = bytesOfFileName(name)
  if (bytes === undefined) return undefined
  const text = textOfBytes(bytes)
  return fileName(text) === name ? text : undefined
}

/** UTF-8; an unpaired surrogate, which UTF-8 cannot say, by the rule that would make three bytes of it. */
function bytesOfText(text: string): Uint8Array {
  const parts = text
    .split(loneSurrogate)
    .map((part, i) =>
      i % 2 === 0
        ? Buffer.from(part, 'utf8')
        : Buffer.from([0xed, 0x80 | ((part.charCodeAt(0) >> 6) & 0x3f), 0x80 | (part.charCodeAt(0) & 0x3f)]),
    )
  return Buffer.concat(parts)
}

const loneSurrogate = /([\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff])/

function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .split(/(\xed[\xa0-\xbf][\x80-\xbf])/)
    .map((part, i) => {
      if (i % 2 === 0) return Buffer.from(part, 'latin1').toString('utf8')
      return String.fromCharCode(0xd000 | ((part.charCodeAt(1) & 0x3f) << 6) | (part.charCodeAt(2) & 0x3f))
    })
    .join('')
}

/** The name of a text that lies in `bytes` as C keeps it; undefined where `text` is not what they say. */
export function nameOfCText(text: string, bytes: Uint8Array): string | undefined {
  if (textAt(bytes, 0, bytes.length) !== text) return undefined
  const end = bytes.indexOf(0)
  return fileNameOfBytes(end < 0 ? bytes : bytes.subarray(0, end))
}

/** Whether a file can have the name. */
export function fits(name: string): boolean {
  return name.length <= lengthLimit
}
