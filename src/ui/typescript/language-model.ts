import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { nearNames } from '../../btf/near-names.js'
import { globalDeclarations, promptSurroundings, type Surroundings } from './globals.js'
import { asExpression, declaredNames, type Prepared, parse, prepare } from './transpile.js'
import type { Completion, Completions, Description, TypeProblem } from './types.js'

/** Where files that exist only here seem to lie. */
const place = '/.cryoscope'
const promptFile = `${place}/prompt.ts`
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: [],
  strict: false,
  noEmit: true,
  skipLibCheck: true,
  skipDefaultLibCheck: true,
  allowSyntheticDefaultImports: true,
}

/**
 * What is no mistake at a prompt: modules whose types are not at hand, values of earlier lines that get new ones, and
 * expressions whose value is not used.
 */
const allowed = new Set([2307, 7016, 2632, 2539, 2695, 1375, 1378, 7028])
/** No overload, and an argument of the wrong type: what a name that there is none of gives. */
const wrongArgument = new Set([2345, 2769])

/** A member that there is none of, and nothing near that TypeScript found. */
const noSuchMember = 2339

/** An earlier piece of code, as a module from which its names come. */
interface Input {
  readonly file: string
  readonly names: readonly string[]
}

/**
 * TypeScript's understanding of a prompt: pieces of code that follow one another, on top of declarations of a target.
 * Everything is synchronous and may take a second when it is asked first; `RemoteTypes` has it in another thread.
 */
export class LanguageModel {
  readonly #library: string
  readonly #fixed: ReadonlySet<string>
  readonly #files = new Map<string, { text: string; version: number }>()
  readonly #real = new Map<string, string | undefined>()
  readonly #service: ts.LanguageService
  /** By declared name, the latest. */
  readonly #inputs = new Map<string, Input>()
  #count = 0
  #version = 0

  /** `library` is the path of this package's library: dist/index.d.ts, or its source. */
  constructor(library: string, { declarations, fixed }: Surroundings = promptSurroundings) {
    this.#library = library
    this.#fixed = new Set(fixed)
    this.#write(`${place}/globals.d.ts`, globalDeclarations + declarations)
    this.#write(promptFile, 'export {}\n')
    this.#service = ts.createLanguageService(
      this.#host(),
      ts.createDocumentRegistry(true, place, ts.JSDocParsingMode.ParseNone),
      ts.LanguageServiceMode.Semantic,
    )
  }

  /** Modules of declarations by name; those that are there already with the same text cost nothing. */
  declare(modules: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(modules)) this.#write(`${place}/${name}.d.ts`, text)
  }

  prepare(code: string): Prepared {
    return prepare(code)
  }

  /** What is wrong with the types of a piece of code, in the order of the text. */
  check(code: string): TypeProblem[] {
    const { offset } = this.#show(code)
    const program = this.#service.getProgram()
    const file = program?.getSourceFile(promptFile)
    if (program === undefined || file === undefined) return []
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      .filter(
        ({ category, code: number }) => category === ts.DiagnosticCategory.Error && !allowed.has(number),
      )
      .map((diagnostic) => this.#problem(diagnostic, file, offset))
      .sort((a, b) => a.start - b.start)
  }

  /** What could stand at a position of a piece of code. */
  complete(code: string, position: number, most = 200): Completions {
    const { offset } = this.#show(code, position)
    const at = position + offset
    const file = this.#service.getProgram()?.getSourceFile(promptFile)
    if (file === undefined) return { start: position, items: [] }
    const text = stringAt(file, at)
    if (text !== undefined) return this.#completeString(text, at, offset, most)
    const prefix = /[\w$]*$/.exec(code.slice(0, position))?.[0] ?? ''
    const dot = memberAccess(file, at - prefix.length)
    const items = dot === undefined ? this.#names(at, prefix) : this.#members(dot, prefix)
    return {
      start: position - prefix.length,
      items: items.slice(0, most),
      ...(dot === undefined ? {} : { target: dot.getText(file) }),
    }
  }

  /** What stands at a position: its type, and where it lies in C. */
  describe(code: string, position: number): Description | undefined {
    const { offset } = this.#show(code)
    const info = this.#service.getQuickInfoAtPosition(promptFile, position + offset)
    if (info === undefined) return undefined
    const program = this.#service.getProgram()
    const file = program?.getSourceFile(promptFile)
    const node = file && nodeAt(file, position + offset)
    const symbol = node && program?.getTypeChecker().getSymbolAtLocation(node)
    return {
      text: ts.displayPartsToString(info.displayParts),
      note: symbol === undefined ? '' : noteOf(symbol),
    }
  }

  /** Remembers a piece of code that has run: its names are there for the next ones, and its value as `_`. */
  accept(code: string): void {
    const text = asExpression(code)
    const file = parse(text)
    const names = declaredNames(file)
    const last = file.statements.at(-1)
    const isValue = last !== undefined && ts.isExpressionStatement(last)
    const exported = isValue ? [...names, '_'] : names
    if (exported.length === 0) return
    const body = isValue
      ? `${text.slice(0, last.getStart(file))}const _ = (${last.expression.getText(file)})`
      : text
    const path = `${place}/input-${this.#count++}`
    this.#write(`${path}.ts`, `${this.#header(names)}${body}\nexport { ${exported.join(', ')} }\n`)
    for (const name of exported) this.#inputs.set(name, { file: path, names: exported })
    // Inputs whose names have all been given again are not needed any more.
    const used = new Set([...this.#inputs.values()].map(({ file: kept }) => `${kept}.ts`))
    for (const name of [...this.#files.keys()]) {
      if (name.startsWith(`${place}/input-`) && !used.has(name) && !this.#isImported(name))
        this.#files.delete(name)
    }
  }

  dispose(): void {
    this.#service.dispose()
  }

  #isImported(name: string): boolean {
    const specifier = `'./${name.slice(place.length + 1, -3)}'`
    for (const [other, { text }] of this.#files) {
      if (other.startsWith(`${place}/input-`) && text.includes(specifier)) return true
    }
    return false
  }

  /** Puts a piece of code where the service looks at it; `offset` is where it starts. */
  #show(code: string, position?: number): { offset: number } {
    // A prompt that is being typed in may not be a whole object yet.
    const text = position === undefined ? asExpression(code) : code
    const shift = text === code ? 0 : 1
    const header = this.#header(declaredNames(parse(text)))
    this.#write(promptFile, `${header}${text}\nexport {}\n`)
    return { offset: header.length + shift }
  }

  /** Imports of names of earlier pieces that this one does not declare itself. */
  #header(declared: readonly string[]): string {
    const own = new Set(declared)
    let text = ''
    for (const [name, { file }] of this.#inputs) {
      if (!own.has(name) && !this.#fixed.has(name))
        text += `import { ${name} } from './${file.slice(place.length + 1)}';`
    }
    return text === '' ? '' : `${text}\n`
  }

  #problem(diagnostic: ts.Diagnostic, file: ts.SourceFile, offset: number): TypeProblem {
    const { start = offset, length = 0, messageText, code } = diagnostic
    const unknown = wrongArgument.has(code) ? this.#unknownName(file, start) : undefined
    const said = ts.flattenDiagnosticMessageText(messageText, '\n').split('\n', 1)[0] ?? ''
    const message = unknown ?? (code === noSuchMember ? `${said}${this.#memberHint(file, start)}` : said)
    return { start: Math.max(0, start - offset), length, message, code: unknown === undefined ? code : 0 }
  }

  /** A sentence about a name in quotes that is none of those a method takes. */
  #unknownName(file: ts.SourceFile, start: number): string | undefined {
    const text = stringAt(file, start + 1)
    const call = text?.parent
    if (text === undefined || call === undefined || !ts.isCallExpression(call)) return undefined
    const names = this.#stringNames(start + 1)
    if (names.length === 0 || names.includes(text.text)) return undefined
    const method = ts.isPropertyAccessExpression(call.expression)
      ? call.expression.name.text
      : call.expression.getText(file)
    const near = nearNames(text.text, names)
    const hint = near.length > 0 ? `; did you mean ${near.map((name) => `'${name}'`).join(', ')}?` : ''
    return `There is no ${method} '${text.text}' in this target${hint}`
  }

  /** TypeScript finds what is near a longer name; names in C are short. */
  #memberHint(file: ts.SourceFile, start: number): string {
    const { parent } = nodeAt(file, start)
    const checker = this.#service.getProgram()?.getTypeChecker()
    if (checker === undefined || parent === undefined || !ts.isPropertyAccessExpression(parent)) return ''
    const type = checker.getApparentType(checker.getTypeAtLocation(parent.expression))
    const names = checker.getPropertiesOfType(type).map(({ name }) => name)
    const [near] = nearNames(parent.name.text, names)
    return near === undefined ? '' : ` Did you mean '${near}'?`
  }

  #stringNames(at: number): string[] {
    const found = this.#service.getCompletionsAtPosition(promptFile, at, {})
    return (found?.entries ?? [])
      .filter(({ kind }) => kind === ts.ScriptElementKind.string)
      .map(({ name }) => name)
  }

  #completeString(text: ts.StringLiteralLike, at: number, offset: number, most: number): Completions {
    const start = text.getStart() + 1
    const prefix = text.getSourceFile().text.slice(start, at)
    const items = this.#stringNames(at)
      .filter((name) => name.startsWith(prefix))
      .map((name): Completion => ({ name, kind: 'text', type: '', note: '' }))
    const call = text.parent
    const target = ts.isCallExpression(call) ? call.expression.getText() : undefined
    return { start: start - offset, items: items.slice(0, most), ...(target === undefined ? {} : { target }) }
  }

  #members(expression: ts.Expression, prefix: string): Completion[] {
    const checker = this.#service.getProgram()?.getTypeChecker()
    if (checker === undefined) return []
    const type = checker.getApparentType(checker.getTypeAtLocation(expression))
    return checker
      .getPropertiesOfType(type)
      .filter(({ name }) => name.startsWith(prefix) && /^[\w$]/.test(name) && !name.startsWith('__@'))
      .map((symbol) => {
        const own = checker.getTypeOfSymbolAtLocation(symbol, expression)
        const isMethod = own.getCallSignatures().length > 0
        return {
          name: symbol.name,
          kind: isMethod ? 'method' : 'member',
          // Signatures of overloaded methods are longer than a line.
          type: isMethod ? '' : checker.typeToString(own),
          note: noteOf(symbol),
        }
      })
  }

  #names(at: number, prefix: string): Completion[] {
    const found = this.#service.getCompletionsAtPosition(promptFile, at, {})
    return (found?.entries ?? [])
      .filter(({ name, kind }) => name.startsWith(prefix) && kind !== ts.ScriptElementKind.warning)
      .sort((a, b) => rank(a) - rank(b))
      .map(({ name, kind }) => ({ name, kind: kind === 'keyword' ? 'keyword' : 'name', type: '', note: '' }))
  }

  #write(path: string, text: string): void {
    if (this.#files.get(path)?.text === text) return
    this.#version++
    this.#files.set(path, { text, version: this.#version })
  }

  #read(path: string): string | undefined {
    const own = this.#files.get(path)
    if (own !== undefined) return own.text
    if (path.startsWith(place)) return undefined
    if (!this.#real.has(path)) {
      this.#real.set(path, existsSync(path) ? safeRead(path) : undefined)
    }
    return this.#real.get(path)
  }

  #host(): ts.LanguageServiceHost {
    const libraries = dirname(ts.getDefaultLibFilePath(options))
    return {
      getCompilationSettings: () => options,
      getScriptFileNames: () => [promptFile, `${place}/globals.d.ts`],
      getScriptVersion: (name) => String(this.#files.get(name)?.version ?? 0),
      getProjectVersion: () => String(this.#version),
      getScriptSnapshot: (name) => {
        const text = this.#read(name)
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
      },
      getCurrentDirectory: () => process.cwd(),
      getDefaultLibFileName: () => join(libraries, 'lib.es2023.d.ts'),
      fileExists: (name) => this.#read(name) !== undefined,
      readFile: (name) => this.#read(name),
      resolveModuleNameLiterals: (literals, containing) =>
        literals.map(({ text }) => ({ resolvedModule: this.#resolve(text, containing) })),
      // Notes are read from the text; parsing them all would take as long as everything else.
      jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
    }
  }

  #resolve(name: string, containing: string): ts.ResolvedModuleFull | undefined {
    const own = (resolvedFileName: string, extension: ts.Extension) => ({ resolvedFileName, extension })
    if (name === 'cryoscope') {
      return own(this.#library, this.#library.endsWith('.d.ts') ? ts.Extension.Dts : ts.Extension.Ts)
    }
    if (name === 'cryoscope-guest') return own(`${place}/guest.d.ts`, ts.Extension.Dts)
    if (containing.startsWith(place)) {
      const path = join(place, name)
      if (this.#files.has(`${path}.d.ts`)) return own(`${path}.d.ts`, ts.Extension.Dts)
      if (this.#files.has(`${path}.ts`)) return own(`${path}.ts`, ts.Extension.Ts)
    }
    const from = containing.startsWith(place) ? join(process.cwd(), 'prompt.ts') : containing
    return ts.resolveModuleName(name, from, options, {
      fileExists: (path) => this.#read(path) !== undefined,
      readFile: (path) => this.#read(path),
    }).resolvedModule
  }
}

function safeRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Names of the prompt before those of the language, keywords last. */
function rank({ name, kind }: ts.CompletionEntry): number {
  if (name === 'vm') return 0
  if (kind === 'keyword') return 3
  return kind === 'alias' || kind === 'const' || kind === 'let' || kind === 'local var' ? 1 : 2
}

/** The comment before a symbol's declaration, on one line. */
function noteOf(symbol: ts.Symbol): string {
  const declaration = symbol.declarations?.[0]
  if (declaration === undefined) return ''
  const { text } = declaration.getSourceFile()
  const comment = ts.getLeadingCommentRanges(text, declaration.pos)?.at(-1)
  if (comment === undefined || !text.startsWith('/**', comment.pos)) return ''
  return text
    .slice(comment.pos + 3, comment.end - 2)
    .replace(/\n\s*\* ?/g, ' ')
    .trim()
}

function nodeAt(file: ts.SourceFile, position: number): ts.Node {
  let found: ts.Node = file
  for (;;) {
    const inner = ts.forEachChild(found, (child) =>
      child.getStart(file) <= position && position < child.getEnd() ? child : undefined,
    )
    if (inner === undefined) return found
    found = inner
  }
}

/** The string around a position, which may lack its end. */
function stringAt(file: ts.SourceFile, position: number): ts.StringLiteralLike | undefined {
  let result: ts.StringLiteralLike | undefined
  const visit = (node: ts.Node): void => {
    if (node.pos > position || node.end < position) return
    if (ts.isStringLiteralLike(node)) {
      const start = node.getStart(file)
      const isClosed = node.end - start > 1 && file.text[node.end - 1] === file.text[start]
      if (position > start && (position < node.end || !isClosed)) result = node
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return result
}

/** What stands before the dot that ends at a position. */
function memberAccess(file: ts.SourceFile, position: number): ts.Expression | undefined {
  let result: ts.Expression | undefined
  const visit = (node: ts.Node): void => {
    if (node.pos > position || node.end < position) return
    if (
      ts.isPropertyAccessExpression(node) &&
      node.expression.end < position &&
      node.name.getStart(file) >= position
    ) {
      result = node.expression
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return result
}
