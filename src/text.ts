const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * What a terminal may act on or show wrongly: control characters (C0, DEL, C1), line and paragraph separators,
 * invisible and direction-changing characters, unpaired surrogates.
 */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0)
  return (
    named[character] ??
    (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
  )
}

/** Text from a guest or a dump made safe to print on a terminal, on one line. */
export function escapeText(text: string): string {
  return text.replace(unsafe, escapeCharacter)
}

/** The same in double quotes, as a C string literal. */
export function quoteText(text: string): string {
  return `"${escapeText(text.replace(/["\\]/g, '\\$&'))}"`
}

/** "an int", "a struct rq": a word of C with its article, by its first letter ("a u64" is said as "you"). */
export function withArticle(word: string): string {
  return `${/^[aeio]|^un(?!i)/i.test(word) ? 'an' : 'a'} ${word}`
}
