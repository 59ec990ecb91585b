import { CryoscopeError } from '../../errors.js'
import type { Question } from '../../history/look.js'
import { escapeText } from '../../text.js'

/** Makes a function of an expression of TypeScript. */
export async function questionOf(code: string): Promise<Question> {
  const { default: typescript } = await import('typescript')
  const { outputText, diagnostics } = typescript.transpileModule(`(vm) => (${code}\n)`, {
    reportDiagnostics: true,
    compilerOptions: { target: typescript.ScriptTarget.ES2022 },
  })
  const [mistake] = diagnostics ?? []
  if (mistake !== undefined) {
    const why = typescript.flattenDiagnosticMessageText(mistake.messageText, ' ')
    throw new CryoscopeError('usage', `${escapeText(code)} is no expression: ${escapeText(why)}`)
  }
  return new Function(`return ${outputText}`)() as Question
}
