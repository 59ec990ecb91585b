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
  if (text === '') return '%'
  const bytes = [...Buffer.from(text, 'utf8')]
  const start = reserved.has(text) || text.startsWith('.') || text.startsWith('-') ? 1 : 0
  return bytes
    .map((byte, i) => {
      const letter = String.fromCharCode(byte)
      return i >= start && plain.test(letter)
        ? letter
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** The text that a file name was made from; undefined when `fileName` makes no such name. */
export function textOfFileName(name: string): string | undefined {
  if (name === '%') return ''
  const bytes: number[] = []
  for (let at = 0; at < name.length; at++) {
    if (name[at] !== '%') {
      bytes.push(name.charCodeAt(at))
      continue
    }
    const digits = name.slice(at + 1, at + 3)
    if (!/^[0-9A-F]{2}$/.test(digits)) return undefined
    bytes.push(Number.parseInt(digits, 16))
    at += 2
  }
  const text = Buffer.from(bytes).toString('utf8')
  return fileName(text) === name ? text : undefined
}

/** Whether a file can have the name. */
export function fits(name: string): boolean {
  return name.length <= lengthLimit
}
