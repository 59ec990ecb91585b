/**
 * The least and the most of numbers; Infinity and -Infinity of none. Math.min(...numbers) takes them as arguments, of which
 * a stack holds about a hundred thousand.
 */
export function extent(numbers: Iterable<number>): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const each of numbers) {
    // As Math.min does.
    if (Number.isNaN(each)) return [each, each]
    if (each < least) least = each
    if (each > most) most = each
  }
  return [least, most]
}
