/** "60 %", of a file that should have `whole` bytes or pages, at least one; never 100 % of one that is not whole, never 0 % of some. */
export function percent(held: number, whole: number): string {
  const exact = (held / whole) * 100
  const rounded = Math.min(99, Math.max(held > 0 ? 1 : 0, Math.round(exact)))
  return `${rounded} %`
}

/** The same where only part of what the file should have is known: "less than 60 %". */
export function atMost(held: number, known: number): string {
  // Rounding down would claim too much.
  return `less than ${Math.max(1, Math.ceil((held / known) * 100))} %`
}

/** What is said of a file that ends before it should, by what tells where it should end. */
export function cutText(path: string, held: number, whole: number): string {
  return `${path} is cut short: it has ${percent(held, whole)} of its ${whole} bytes`
}
