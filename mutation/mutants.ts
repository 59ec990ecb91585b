import ts from 'typescript'

/** One fault: what stands from `start` to `end` gets another form where the fault is asked for. */
export interface Mutant {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly start: number
  readonly end: number
  /** How deep in the tree: of two with the same range the one that is less deep is outside. */
  readonly depth: number
  /** What was done: "+ -> -", "drop", "undefined". */
  readonly what: string
  /** The text with both forms: `asked` is true where the fault is to be, `body` is the text without it. */
  put(asked: string, body: string): string
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
  const visit = (node: ts.Node, depth: number): void => {
    if (
      ts.isTypeNode(node) ||
      ts.isImportDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      isText(node)
    )
      return
    const add: Add = (what, put, { start, end } = { start: node.getStart(), end: node.getEnd() }) => {
      const line = tree.getLineAndCharacterOfPosition(start).line + 1
      found.push({ file, line, start, end, depth, what, put })
    }
    mutate(node, add)
    ts.forEachChild(node, (child) => visit(child, depth + 1))
  }
  visit(tree, 0)
  return found
}

/** The source with all faults in it, none of them seen until `globalThis.__fault(number)` is true: each has the number of its place. */
export function instrumented(file: string, source: string, mutants: ReadonlyMap<number, Mutant>): string {
  const hosts = [...mutants].map(([id, { start, end, depth, put }]) => ({
    start,
    end,
    depth,
    put: (body: string) => put(`globalThis.__fault?.(${id})`, body),
  }))
  const wraps = [...hosts, ...statementsAround(file, source, hosts)].toSorted(
    (a, b) => a.start - b.start || b.end - a.end || a.depth - b.depth,
  )
  const emit = (from: number, to: number): string => {
    let text = ''
    let at = from
    for (let next = wraps[0]; next !== undefined && next.start < to; next = wraps[0]) {
      wraps.shift()
      text += source.slice(at, next.start) + next.put(emit(next.start, next.end))
      at = next.end
    }
    return text + source.slice(at, to)
  }
  return emit(0, source.length)
}

/** A statement that now begins with a bracket would go on with the line before it: braces around it. */
function statementsAround(file: string, source: string, hosts: readonly { readonly start: number }[]) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2023, true)
  const starts = new Set(hosts.map(({ start }) => start))
  const found: { start: number; end: number; depth: number; put(body: string): string }[] = []
  const visit = (node: ts.Node): void => {
    const start = node.getStart()
    if (ts.isExpressionStatement(node) && starts.has(start))
      found.push({ start, end: node.getEnd(), depth: -1, put: (body) => `{ ${body} }` })
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

type Add = (
  what: string,
  put: (asked: string, body: string) => string,
  range?: { readonly start: number; readonly end: number },
) => void

function mutate(node: ts.Node, add: Add): void {
  const text = node.getText()
  /** Another expression in place of this one. */
  const instead = (what: string, other: string, of: ts.Node = node): void =>
    add(what, (asked, body) => `(${asked} ? (${other}) : (${body}))`, {
      start: of.getStart(),
      end: of.getEnd(),
    })
  if (ts.isBinaryExpression(node)) {
    const other = operators[node.operatorToken.kind]
    const isJoined = node.operatorToken.kind === ts.SyntaxKind.PlusToken && hasText(node)
    if (other !== undefined && !isJoined)
      instead(
        `${node.operatorToken.getText()} -> ${other}`,
        `(${node.left.getText()}) ${other} (${node.right.getText()})`,
      )
  } else if (ts.isNumericLiteral(node) || ts.isBigIntLiteral(node)) {
    const isName = ts.isPropertyAssignment(node.parent) && node.parent.name === node
    if (!isName) instead(`${text} -> + 1`, `${text} + 1${ts.isBigIntLiteral(node) ? 'n' : ''}`)
  } else if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
    const other = node.kind === ts.SyntaxKind.TrueKeyword ? 'false' : 'true'
    if (!ts.isLiteralTypeNode(node.parent)) instead(`${text} -> ${other}`, other)
  } else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) {
    instead('negate', `!(${node.expression.getText()})`, node.expression)
  } else if (ts.isConditionalExpression(node)) {
    instead('negate', `!(${node.condition.getText()})`, node.condition)
  } else if (ts.isExpressionStatement(node) && !isSuper(node)) {
    add('drop', (asked, body) => `{ if (!${asked}) { ${body} } }`)
  } else if (ts.isContinueStatement(node) || ts.isBreakStatement(node)) {
    if (!ts.isCaseOrDefaultClause(node.parent)) add('drop', (asked, body) => `{ if (!${asked}) { ${body} } }`)
  } else if (ts.isReturnStatement(node) && node.expression !== undefined) {
    // Where a result is only asked whether it is so, undefined is false.
    if (!/^(undefined|false|null)$/.test(node.expression.getText()))
      instead('undefined', 'undefined', node.expression)
  } else if (ts.isCallExpression(node) && node.arguments.length >= 2 && !isSymmetric(node)) {
    const [first, second] = node.arguments
    if (first === undefined || second === undefined || first.getText() === second.getText()) return
    const range = { start: first.getStart(), end: second.getEnd() }
    const swapped = `${second.getText()}, ${first.getText()}`
    add('swap', (asked, body) => `...(${asked} ? [${swapped}] : [${body}])`, range)
  }
}

/** What an error or a sentence says is no fault of a program. */
function isText(node: ts.Node): boolean {
  return ts.isNewExpression(node) && /Error$/.test(node.expression.getText())
}

/** Whether the order of arguments means nothing. */
function isSymmetric(node: ts.CallExpression): boolean {
  return /^(Math\.(min|max|imul)|gcd)$/.test(node.expression.getText())
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
