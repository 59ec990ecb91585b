import { foreignSyntax } from './foreign-syntax.js'
import type { TargetTypes } from './target-types.js'
import { type CellError, diagnosticsName, errorOfDiagnostics } from './tslab/cell-error.js'
import type { CellEngine, CellOutcome, Completion } from './tslab/engine.js'

/** Runs cells and answers questions about code: tslab knows the library and what cells declare, `types` the target. */
export class Cells {
  readonly #engine: CellEngine
  readonly #types: TargetTypes

  constructor(engine: CellEngine, types: TargetTypes) {
    this.#engine = engine
    this.#types = types
  }

  /** Checks and runs a cell; `number` is its number in the notebook. */
  async run(code: string, number: number, signal: AbortSignal): Promise<CellOutcome> {
    this.#follow()
    const problems = await this.#types.check(code, signal)
    if (problems.length > 0) return refused(code, errorOfDiagnostics(problems))
    const outcome = await this.#engine.run(code, number)
    this.#follow()
    if (outcome.ok) this.#types.ran(code)
    else if (outcome.error.ename === diagnosticsName) return refused(code, outcome.error)
    return outcome
  }

  /** Members and names in quotes come from the target's types where those know any; other names from tslab. */
  async complete(code: string, position: number): Promise<Completion> {
    this.#follow()
    const known = await this.#types.complete(code, position)
    if (known?.target === undefined || known.items.length === 0) return this.#engine.complete(code, position)
    const rest = /^[\w$]*/.exec(code.slice(position))?.[0].length ?? 0
    return {
      start: known.start,
      end: position + rest,
      matches: known.items.map(({ name, kind }) => ({ name, kind: kinds[kind] ?? '' })),
    }
  }

  /** The type and the documentation of what is at a position. */
  async inspect(code: string, position: number): Promise<string | undefined> {
    this.#follow()
    for (const at of meantBy(code, position)) {
      const known = this.#engine.inspect(code, at)
      if (known !== undefined && !isUntyped(known)) return known
      const found = await this.#types.describe(code, at)
      if (found !== undefined && !isUntyped(found.text)) {
        return found.note === '' ? found.text : `${found.text}\n\n${found.note}`
      }
      if (known !== undefined) return known
    }
    return undefined
  }

  completeness(code: string): ReturnType<CellEngine['completeness']> {
    const found = this.#engine.completeness(code)
    // No more lines make it one: running it says what to do instead.
    const isForeign = found.status === 'invalid' && foreignSyntax(code) !== undefined
    return isForeign ? { status: 'complete' } : found
  }

  describe(thrown: unknown): CellError {
    return this.#engine.describe(thrown)
  }

  interrupt(): void {
    this.#engine.interrupt()
  }

  /** Replaces what a name of the first declarations is. */
  assign(name: string, value: unknown): void {
    this.#engine.assign(name, value)
    this.#follow()
  }

  close(): void {
    this.#types.close()
    this.#engine.close()
  }

  #follow(): void {
    this.#types.follow(this.#engine.value('vm'))
  }
}

/** A cell that did not run: where it is none of TypeScript but of IPython, what to write instead. */
function refused(code: string, error: CellError): CellOutcome {
  const foreign = foreignSyntax(code)
  return { ok: false, error: foreign === undefined ? error : errorOfDiagnostics([foreign]) }
}

/** As front ends name kinds. */
const kinds: Readonly<Record<string, string>> = { member: 'property', method: 'method', text: 'string' }

/** Whether tslab knows no more than that it is a value of some target. */
function isUntyped(text: string): boolean {
  return /\bany\b|\bAny[A-Z]/.test(text.split('\n', 1)[0] ?? '')
}

/** A cursor at the end of a name, or inside the brackets after it, means that name. */
function* meantBy(code: string, position: number): Generator<number> {
  const isAt = (at: number) => /[\w$]/.test(code[at] ?? '')
  if (isAt(position)) yield position
  if (isAt(position - 1)) yield position - 1
  const name = nameBeforeBracket(code, position)
  if (name >= 0) yield name
}

/** Where the name ends whose argument list holds the position: Shift-Tab inside brackets asks for the function. */
function nameBeforeBracket(code: string, position: number): number {
  let depth = 0
  for (let at = position - 1; at >= 0; at--) {
    const character = code[at]
    if (character === ')' || character === ']') depth++
    else if (character === '(' || character === '[') {
      if (depth === 0) return at - 1
      depth--
    }
  }
  return -1
}
