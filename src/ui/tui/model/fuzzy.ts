/** How a query occurs in a text: each of its words as it stands, or only their letters in order. */
export type FuzzyMatch = 'words' | 'letters'

/**
 * Whether the letters of `query` occur in `text` in order, near each other, without regard to case. Words of the query are
 * looked for each by itself.
 */
export function fuzzyMatch(query: string, text: string): FuzzyMatch | undefined {
  const lower = text.toLowerCase()
  let match: FuzzyMatch = 'words'
  for (const word of query.toLowerCase().split(/\s+/)) {
    if (lower.includes(word)) continue
    if (!lettersOccur(word, lower)) return undefined
    match = 'letters'
  }
  return match
}

function lettersOccur(word: string, text: string): boolean {
  let at = -1
  let first = 0
  let score = 0
  for (const letter of word) {
    const next = text.indexOf(letter, at + 1)
    if (next < 0) return false
    score += next === at + 1 ? 5 : isStart(text, next) ? 3 : 0
    score -= Math.min(next - at - 1, 3)
    if (at < 0) first = next
    at = next
  }
  // Letters far apart are in any text: they must be near each other to count.
  return score >= 0 && at - first <= 2 * word.length + 8
}

function isStart(text: string, at: number): boolean {
  return at === 0 || /[^a-z0-9]/.test(text[at - 1] as string)
}
