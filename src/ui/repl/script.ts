/** What ran at a prompt, as a script. */
export function scriptOf(target: string, pieces: readonly string[]): string {
  const head = `// cryoscope repl ${target.replace(/[^\x20-\x7e]/g, '?')} -f THIS_FILE\n\n`
  return `${head}${pieces.map((piece) => `${separated(piece)}\n`).join('')}`
}

/** A line that begins with ( or [ would go on with the line before it. */
function separated(piece: string): string {
  return /^[([`+\-/]/.test(piece) ? `;${piece}` : piece
}
