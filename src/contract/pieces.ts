const pieceLength = 64 * 1024

/** Joins short texts to pieces of about 64 Ki characters, so that a writer is called seldom and memory stays small. */
export function* pieces(texts: Iterable<string>): Generator<string> {
  let piece = ''
  for (const text of texts) {
    piece += text
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
