/** Widths of columns that share a line. */
export interface FitColumn {
  /** Width that shows everything. */
  readonly natural: number
  /** Numbers and addresses, useless when cut: they give way last. */
  readonly rigid: boolean
}

/** What a flexible column keeps as long as another one can still give. */
const comfortable = 8

/**
 * Widths that add up to at most `available`: the widest flexible columns give way first, then all flexible ones, then
 * the rigid ones. No column gets narrower than one character, so very many columns can still need more.
 */
export function fitWidths(columns: readonly FitColumn[], available: number): number[] {
  const widths = columns.map(({ natural }) => Math.max(1, natural))
  const flexible = columns.flatMap(({ rigid }, index) => (rigid ? [] : [index]))
  const all = columns.map((_, index) => index)
  shrink(widths, flexible, comfortable, available)
  shrink(widths, flexible, 1, available)
  shrink(widths, all, 1, available)
  return widths
}

/** Takes from the widest of the candidates until the sum fits or all are at the floor. */
function shrink(widths: number[], candidates: readonly number[], floor: number, available: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - available
  while (excess > 0) {
    const open = candidates.filter((index) => (widths[index] ?? 0) > floor)
    if (open.length === 0) return
    const sizes = open.map((index) => widths[index] ?? 0)
    const widest = Math.max(...sizes)
    const top = open.filter((index) => widths[index] === widest)
    // Down to the next lower width, or by what is needed.
    const next = Math.max(floor, ...sizes.filter((size) => size < widest))
    const take = Math.min(widest - next, Math.ceil(excess / top.length))
    for (const index of top) {
      const given = Math.min(take, excess)
      widths[index] = widest - given
      excess -= given
      if (excess === 0) return
    }
  }
}

const zeroWidth = /\p{Mark}|\u200d/u
const doubleWidth =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const onlyAscii = /^[\x20-\x7e]*$/

/** Terminal cells that escaped text takes. */
export function textWidth(text: string): number {
  if (onlyAscii.test(text)) return text.length
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** The text, or as much of it as fits in front of a …. */
export function cutText(text: string, width: number): string {
  if (text.length <= width && onlyAscii.test(text)) return text
  if (textWidth(text) <= width) return text
  let taken = 0
  let cut = ''
  for (const character of text) {
    const next = characterWidth(character)
    if (taken + next > width - 1) break
    taken += next
    cut += character
  }
  return `${cut}…`
}

function characterWidth(character: string): number {
  if (character <= '~') return 1
  if (zeroWidth.test(character)) return 0
  return doubleWidth.test(character) ? 2 : 1
}
