/** A heading, under an empty line. */
export function* titled(title: string): Generator<string> {
  yield ''
  yield title
  yield '='.repeat(title.length)
}

/** Lines of JSON as what they say. */
export function* parsed<T>(lines: Iterable<string>): Generator<T> {
  for (const line of lines) yield JSON.parse(line) as T
}
