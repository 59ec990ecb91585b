import type TypeScript from 'typescript'

/** The global function that guarded loops call on each turn. */
export const guardName = '__cryoscope_check__'

/**
 * JavaScript in which every loop calls the guard first, so that an interrupt ends a loop which never lets the event loop
 * turn: `await 1; while (true) {}`. Only text is put in, and no lines: positions in errors stay true.
 */
export function guardLoops(ts: typeof TypeScript, code: string): string {
  if (!/\b(for|while|do)\b/.test(code)) return code
  const file = ts.createSourceFile('cell.js', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const insertions: { readonly at: number; readonly text: string }[] = []
  const visit = (node: TypeScript.Node): void => {
    if (ts.isIterationStatement(node, false)) {
      const { statement } = node
      if (ts.isBlock(statement))
        insertions.push({ at: statement.getStart(file) + 1, text: ` ${guardName}();` })
      else {
        insertions.push({ at: statement.getStart(file), text: `{ ${guardName}(); ` })
        insertions.push({ at: statement.getEnd(), text: ' }' })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  insertions.sort((a, b) => a.at - b.at)
  let result = ''
  let done = 0
  for (const { at, text } of insertions) {
    result += code.slice(done, at) + text
    done = at
  }
  return result + code.slice(done)
}
