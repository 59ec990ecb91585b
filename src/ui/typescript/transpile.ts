import ts from 'typescript'
import { guardLoops } from './loop-guard.js'

/** What becomes of a piece of code that a person typed. */
export type Prepared =
  /** JavaScript for an evaluator that knows top-level await. */
  | { readonly kind: 'code'; readonly javascript: string }
  /** It goes on in the next line. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'problem'; readonly problem: SyntaxProblem }

export interface SyntaxProblem {
  /** Characters from the start of the code. */
  readonly start: number
  readonly length: number
  readonly message: string
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  isolatedModules: true,
  removeComments: false,
}

/** An object literal at the start of a statement would be a block: what people type there is meant as an object. */
export function asExpression(code: string): string {
  if (!/^\s*\{/.test(code) || /;\s*$/.test(code)) return code
  const wrapped = `(${code.trimEnd()})`
  return syntaxProblems(wrapped).length === 0 ? wrapped : code
}

export function parse(code: string, name = 'code.ts'): ts.SourceFile {
  return ts.createSourceFile(name, code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS)
}

/** TypeScript as a prompt takes it, made into JavaScript whose loops can be ended; without types being checked. */
export function prepare(code: string): Prepared {
  const text = asExpression(code)
  const problems = syntaxProblems(text)
  const [first] = problems
  if (first === undefined) return { kind: 'code', javascript: guardLoops(ts, toJavaScript(text)) }
  const end = code.trimEnd().length
  if (first.start >= end || unfinished.has(first.code)) return { kind: 'unfinished' }
  return { kind: 'problem', problem: first }
}

/** Unterminated template literals, comments and regular expressions. */
const unfinished = new Set([1160, 1010])

function syntaxProblems(code: string): (SyntaxProblem & { readonly code: number })[] {
  const { diagnostics = [] } = ts.transpileModule(code, {
    compilerOptions: { ...options, noEmit: true },
    reportDiagnostics: true,
  })
  return diagnostics
    .filter(({ category, start }) => category === ts.DiagnosticCategory.Error && start !== undefined)
    .map(({ start = 0, length = 0, messageText, code: number }) => ({
      start,
      length,
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      code: number,
    }))
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * Declarations of the prompt's top level become `var`s: they can then be made again, and a failing initialiser does not
 * leave a name that nothing can be done with. Imports become dynamic ones, for scripts know no others.
 */
function toJavaScript(code: string): string {
  const file = parse(code)
  const edits = file.statements.flatMap((statement) => editsOf(statement, file))
  let text = code
  for (const { start, end, text: replacement } of edits.reverse()) {
    text = text.slice(0, start) + replacement + text.slice(end)
  }
  return ts.transpileModule(text, { compilerOptions: options }).outputText
}

function editsOf(statement: ts.Statement, file: ts.SourceFile): Edit[] {
  if (ts.isImportDeclaration(statement)) {
    const start = statement.getStart(file)
    return [{ start, end: statement.getEnd(), text: dynamicImport(statement) }]
  }
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []
  if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) return []
  const edits: Edit[] = modifiers
    .filter(({ kind }) => dropped.has(kind))
    .map((modifier) => ({ start: modifier.getStart(file), end: modifier.getEnd(), text: '' }))
  if (ts.isVariableStatement(statement)) {
    const { flags } = statement.declarationList
    const word = (flags & ts.NodeFlags.Const) !== 0 ? 'const' : 'let'
    const isUsing = (flags & ts.NodeFlags.Using) === ts.NodeFlags.Using
    if ((flags & ts.NodeFlags.BlockScoped) !== 0 && !isUsing) {
      const start = statement.declarationList.getStart(file)
      edits.push({ start, end: start + word.length, text: 'var' })
    }
  } else if (ts.isClassDeclaration(statement) && statement.name !== undefined) {
    const start = modifiers.at(-1)?.getEnd() ?? statement.getStart(file)
    edits.push({ start, end: start, text: ` var ${statement.name.text} = ` })
  }
  return edits
}

/** Scripts export nothing, and a class that is a value cannot be abstract. */
const dropped = new Set([
  ts.SyntaxKind.ExportKeyword,
  ts.SyntaxKind.DefaultKeyword,
  ts.SyntaxKind.AbstractKeyword,
])

function dynamicImport({ importClause, moduleSpecifier }: ts.ImportDeclaration): string {
  const load = `await import(${moduleSpecifier.getText()})`
  if (importClause === undefined) return load
  if (importClause.isTypeOnly) return ''
  const { name, namedBindings } = importClause
  const parts: string[] = []
  if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) {
    return `var ${namedBindings.name.text} = ${load}${name === undefined ? '' : `, ${name.text} = ${namedBindings.name.text}.default`}`
  }
  if (name !== undefined) parts.push(`default: ${name.text}`)
  for (const element of namedBindings?.elements ?? []) {
    if (element.isTypeOnly) continue
    parts.push(
      element.propertyName === undefined
        ? element.name.text
        : `${element.propertyName.text}: ${element.name.text}`,
    )
  }
  return parts.length === 0 ? '' : `var { ${parts.join(', ')} } = ${load}`
}

/** Names that a piece of code declares at its top level, types included. */
export function declaredNames(file: ts.SourceFile): string[] {
  const names: string[] = []
  const bind = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.push(name.text)
    else for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name)
  }
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) bind(name)
    } else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {}
      if (name !== undefined) names.push(name.text)
      if (namedBindings === undefined) continue
      if (ts.isNamespaceImport(namedBindings)) names.push(namedBindings.name.text)
      else for (const element of namedBindings.elements) names.push(element.name.text)
    } else if (
      (ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isEnumDeclaration(statement)) &&
      statement.name !== undefined
    ) {
      names.push(statement.name.text)
    }
  }
  return names
}
