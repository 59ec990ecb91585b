/** What stands for the characters of ours where there is only ASCII; each takes one cell as well. */
const plain: Readonly<Record<string, string>> = {
  '›': '>',
  '‹': '<',
  '▾': 'v',
  '▸': '+',
  '▲': '^',
  '▼': 'v',
  '─': '-',
  '│': '|',
  '├': '|',
  '┤': '|',
  '●': 'o',
  '·': '-',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': '-',
  '▅': '=',
  '▆': '=',
  '▇': '#',
  '█': '#',
  '…': '~',
  '↑': '^',
  '↓': 'v',
  '←': '<',
  '→': '>',
}

/** The text in ASCII; a character that has no like in it is a "?". */
export function plainCharacters(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (character) => plain[character] ?? '?')
}

/** Whether the environment asks for a character set that is not UTF-8 (POSIX: the first of these that is set counts). */
export function wantsAscii({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || ''
  return locale !== '' && !/utf-?8/i.test(locale)
}
