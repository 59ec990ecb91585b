const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Invisible characters, those that change the direction of what follows, line and paragraph separators; DEL and C1. */
const treacherous =
  '\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufff9-\\ufffb'
const loneSurrogates = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]'
/** Tag characters (U+E0000 to U+E007F), which say what nobody sees. */
const tags = '\\udb40[\\udc00-\\udc7f]'

/** What a terminal or a page may act on or show wrongly, C0 included. */
const unsafe = new RegExp(`[\\u0000-\\u001f${treacherous}]|${tags}|${loneSurrogates}`, 'g')
/** The same where line ends and tabs are meant. */
const unsafeInLines = new RegExp(
  `[\\u0000-\\u0008\\u000b-\\u001f${treacherous}]|${tags}|${loneSurrogates}`,
  'g',
)
/** The same beside sequences that set colours, which are kept. */
const unsafeStyled = new RegExp(`\\u001b\\[[0-9;]*m|${unsafeInLines.source}`, 'g')
/** What is left in text that JSON.stringify made: it escapes C0 and lone surrogates itself. */
const unsafeInJson = new RegExp(`[${treacherous}]|${tags}`, 'g')

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0)
  return (
    named[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : escapeUnits(character))
  )
}

/** As JavaScript and JSON write them: four digits for each UTF-16 unit. */
function escapeUnits(characters: string): string {
  let text = ''
  for (let i = 0; i < characters.length; i++)
    text += `\\u${characters.charCodeAt(i).toString(16).padStart(4, '0')}`
  return text
}

/** Text from a guest or a dump made safe to print on a terminal, on one line. */
export function escapeText(text: string): string {
  return text.replace(unsafe, escapeCharacter)
}

/** Text of several lines made safe for a terminal: line ends and tabs stay. */
export function escapeLines(text: string): string {
  return text.replace(unsafeInLines, escapeCharacter)
}

/** Text in which we have put colours, made safe for a terminal: nothing but those sequences acts. */
export function escapeStyled(text: string): string {
  return text.replace(unsafeStyled, (found) =>
    found.length > 2 && found.startsWith('\u001b[') ? found : escapeCharacter(found),
  )
}

/** JSON text in which no character is invisible or changes how others are shown. It means the same. */
export function escapeJson(json: string): string {
  return json.replace(unsafeInJson, escapeUnits)
}

/** Text in double quotes, on one line, as a C string literal. */
export function quoteText(text: string): string {
  return `"${escapeText(text.replace(/["\\]/g, '\\$&'))}"`
}

/** "an int", "a struct rq": a word of C with its article, by its first letter ("a u64" is said as "you"). */
export function withArticle(word: string): string {
  return `${/^[aeio]|^un(?!i)/i.test(word) ? 'an' : 'a'} ${word}`
}
