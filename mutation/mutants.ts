import ts from 'typescript'

/** One fault: text in place of other text. */
export interface Mutant {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly start: number
  readonly end: number
  readonly text: string
  /** What was done: "+ -> -", "drop", "undefined". */
  readonly what: string
}

const operators: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.PlusToken]: '-',
  [ts.SyntaxKind.MinusToken]: '+',
  [ts.SyntaxKind.AsteriskToken]: '/',
  [ts.SyntaxKind.SlashToken]: '*',
  [ts.SyntaxKind.PercentToken]: '*',
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [ts.SyntaxKind.AmpersandAmpersandToken]: '||',
  [ts.SyntaxKind.BarBarToken]: '&&',
  [ts.SyntaxKind.AmpersandToken]: '|',
  [ts.SyntaxKind.BarToken]: '&',
  [ts.SyntaxKind.LessThanLessThanToken]: '>>',
  [ts.SyntaxKind.GreaterThanGreaterThanToken]: '<<',
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken]: '<<',
  [ts.SyntaxKind.PlusEqualsToken]: '-=',
  [ts.SyntaxKind.MinusEqualsToken]: '+=',
}

/** Every single fault that can be put into a file: operators, constants, conditions, statements, results, arguments. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true)
  const found: Mutant[] = []
  const add = (node: Range, text: string, what: string): void => {
    const start = node.getStart()
    const end = node.getEnd()
    const line = tree.getLineAndCharacterOfPosition(start).line + 1
    found.push({ file, line, start, end, text, what })
  }
  const visit = (node: ts.Node): void => {
    if (
      ts.isTypeNode(node) ||
      ts.isImportDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      isText(node)
    )
      return
    mutate(node, add)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** What an error or a sentence says is no fault of a program. */
function isText(node: ts.Node): boolean {
  return ts.isNewExpression(node) && /Error$/.test(node.expression.getText())
}

interface Range {
  getStart(): number
  getEnd(): number
}

function mutate(node: ts.Node, add: (node: Range, text: string, what: string) => void): void {
  if (ts.isBinaryExpression(node)) {
    const other = operators[node.operatorToken.kind]
    const isJoined = node.operatorToken.kind === ts.SyntaxKind.PlusToken && hasText(node)
    if (other !== undefined && !isJoined)
      add(node.operatorToken, other, `${node.operatorToken.getText()} -> ${other}`)
  } else if (ts.isNumericLiteral(node) || ts.isBigIntLiteral(node)) {
    const suffix = ts.isBigIntLiteral(node) ? 'n' : ''
    add(node, `(${node.getText()} + 1${suffix})`, `${node.getText()} -> + 1`)
  } else if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
    if (!ts.isLiteralTypeNode(node.parent)) {
      const other = node.kind === ts.SyntaxKind.TrueKeyword ? 'false' : 'true'
      add(node, other, `${node.getText()} -> ${other}`)
    }
  } else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) {
    add(node.expression, `!(${node.expression.getText()})`, 'negate')
  } else if (ts.isConditionalExpression(node)) {
    add(node.condition, `!(${node.condition.getText()})`, 'negate')
  } else if (ts.isExpressionStatement(node) && !isSuper(node)) {
    add(node, ';', 'drop')
  } else if (ts.isContinueStatement(node) || ts.isBreakStatement(node)) {
    if (!ts.isCaseOrDefaultClause(node.parent)) add(node, ';', 'drop')
  } else if (ts.isReturnStatement(node) && node.expression !== undefined) {
    // Where a result is only asked whether it is so, undefined is false.
    if (!/^(undefined|false|null)$/.test(node.expression.getText()))
      add(node.expression, 'undefined as never', 'undefined')
  } else if (ts.isCallExpression(node) && node.arguments.length >= 2) {
    const [first, second] = node.arguments
    if (first === undefined || second === undefined || first.getText() === second.getText()) return
    const range = { getStart: () => first.getStart(), getEnd: () => second.getEnd() }
    add(range, `${second.getText()}, ${first.getText()}`, 'swap')
  }
}

function hasText(node: ts.BinaryExpression): boolean {
  const isString = (part: ts.Node): boolean =>
    ts.isStringLiteral(part) || ts.isTemplateExpression(part) || ts.isNoSubstitutionTemplateLiteral(part)
  return isString(node.left) || isString(node.right)
}

function isSuper(node: ts.ExpressionStatement): boolean {
  return (
    ts.isCallExpression(node.expression) && node.expression.expression.kind === ts.SyntaxKind.SuperKeyword
  )
}

/** The source with the fault in it. */
export function mutated(source: string, { start, end, text }: Mutant): string {
  return source.slice(0, start) + text + source.slice(end)
}
