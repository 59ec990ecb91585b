/** Everything that is tslab's: its converter, which types and transpiles cells, and its executor, which runs them. */
import type * as TypeScript from '@tslab/typescript-for-tslab'
import type { Converter, ConvertResult } from 'tslab/dist/converter.js'
import type { Executor } from 'tslab/dist/executor.js'
import { guardLoops, guardName } from '../../typescript/loop-guard.js'
import { requireForNotebooks } from '../notebook-packages.js'
import { type CellError, errorOfDiagnostics, errorOfThrown } from './cell-error.js'
import { CellLines } from './cell-lines.js'
import { type OwnModules, provideModules } from './own-modules.js'

export type CellOutcome =
  | { readonly ok: true; readonly result?: { readonly value: unknown } }
  | { readonly ok: false; readonly error: CellError }

export interface Completion {
  /** Offsets into the code that the matches replace. */
  readonly start: number
  readonly end: number
  readonly matches: readonly { readonly name: string; readonly kind: string }[]
}

export interface EngineOptions {
  /** Imports of cells are looked up from here. */
  readonly directory: string
  /** Declarations that the first cell finds, as a .d.ts. */
  readonly declarations: string
  /** What those names are. */
  readonly values: Readonly<Record<string, unknown>>
  /** Called by each turn of each loop of a cell. */
  readonly check: () => void
  /** Modules that cells may import though they are not installed there. */
  readonly modules: OwnModules
  /** What `import { display } from 'tslab'` writes. */
  readonly display: (data: TslabDisplay, update: boolean) => void
}

export interface TslabDisplay {
  readonly data: Record<string, unknown>
  readonly metadata: Record<string, unknown>
  readonly transient: Record<string, unknown>
}

/** Complaints of a template literal and of a comment whose end is still to be typed. */
const leftOpen = new Set([1160, 1010])

/** Runs cells one after the other, each knowing the names and types of those before. */
export class CellEngine {
  readonly #ts: typeof TypeScript
  readonly #converter: Converter
  readonly #executor: Executor
  readonly #isCompleteCode: (code: string) => { completed: boolean; indent?: string }
  readonly #printInfo: (info: TypeScript.QuickInfo) => string
  readonly #lines = new CellLines()
  /** What stacks call the cell that runs. */
  #cell = 'cell-0'
  #value: { readonly value: unknown } | undefined
  #diagnostics: string[] = []
  #thrown: { readonly error: unknown } | undefined

  constructor(options: EngineOptions) {
    const require = requireForNotebooks()
    this.#ts = require('@tslab/typescript-for-tslab')
    const { createConverter, isCompleteCode } = require('./dist/converter')
    const { createExecutor } = require('./dist/executor')
    this.#isCompleteCode = isCompleteCode
    this.#printInfo = require('./dist/inspect').printQuickInfo
    require('./dist/jupyter').lastWriteDisplayData = options.display
    provideModules(this.#ts, options.modules)
    Object.assign(globalThis, { [guardName]: options.check })
    this.#converter = this.#improved(createConverter({ isJS: false, isBrowser: false }), options.declarations)
    const converters = {
      node: this.#converter,
      browser: this.#converter,
      close: () => this.#converter.close(),
    }
    this.#executor = createExecutor(options.directory, converters, {
      log: (value: unknown) => {
        this.#value = { value }
      },
      error: (...words: unknown[]) => this.#note(words),
    })
    Object.assign(this.#executor.locals, options.values)
  }

  /** Runs a cell; `number` is its number in the notebook. */
  async run(code: string, number: number): Promise<CellOutcome> {
    this.#cell = `cell-${number}`
    this.#value = undefined
    this.#thrown = undefined
    this.#diagnostics = []
    const ok = await this.#executor.execute(code)
    if (ok) return this.#value === undefined ? { ok } : { ok, result: this.#value }
    const thrown = this.#thrown as { readonly error: unknown } | undefined
    return {
      ok,
      error: thrown === undefined ? errorOfDiagnostics(this.#diagnostics) : this.describe(thrown.error),
    }
  }

  /** What was thrown, with places in cells. */
  describe(thrown: unknown): CellError {
    return errorOfThrown(thrown, (frame) => this.#lines.translate(frame))
  }

  /** Gives up waiting for what the running cell awaits. */
  interrupt(): void {
    this.#executor.interrupt()
  }

  /** Replaces what a name of the first declarations is. */
  assign(name: string, value: unknown): void {
    this.#executor.locals[name] = value
  }

  value(name: string): unknown {
    return this.#executor.locals[name]
  }

  complete(code: string, position: number): Completion {
    const { start, end, candidates, original } = this.#executor.complete(code, position)
    const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind as string]))
    return { start, end, matches: candidates.map((name) => ({ name, kind: kinds.get(name) ?? '' })) }
  }

  /** The type and the documentation of what is at a position. */
  inspect(code: string, position: number): string | undefined {
    const info = this.#executor.inspect(code, position)
    return info === undefined ? undefined : this.#printInfo(info)
  }

  /** Whether Enter shall run the code, and how far the next line is indented when not. */
  completeness(code: string): { status: 'complete' | 'invalid' | 'incomplete'; indent?: string } {
    const file = this.#ts.createSourceFile('cell.ts', code, this.#ts.ScriptTarget.Latest)
    const { parseDiagnostics = [] } = file as unknown as { parseDiagnostics?: readonly { code: number }[] }
    // tslab takes what is open at the end for a mistake in it.
    if (parseDiagnostics.some((found) => leftOpen.has(found.code)))
      return { status: 'incomplete', indent: '' }
    const { completed, indent } = this.#isCompleteCode(code)
    if (!completed) return { status: 'incomplete', indent: indent ?? '' }
    return { status: parseDiagnostics.length === 0 ? 'complete' : 'invalid' }
  }

  close(): void {
    this.#executor.close()
  }

  #improved(converter: Converter, declarations: string): Converter {
    const known = (previous: string) => (previous === '' ? declarations : previous)
    return {
      ...converter,
      convert: (previous, code) => this.#finish(code, converter.convert(known(previous), code)),
      inspect: (previous, code, position) => converter.inspect(known(previous), code, position),
      complete: (previous, code, position) => converter.complete(known(previous), code, position),
    }
  }

  #finish(code: string, converted: ConvertResult): ConvertResult {
    const { output } = converted
    if (!output) return converted
    return {
      ...converted,
      output: this.#lines.name(this.#cell, code, guardLoops(this.#ts as never, output)),
      // tslab finds `await` by what the compiler complains about, and misses `for await` and `await` of an any.
      hasToplevelAwait: converted.hasToplevelAwait === true || /\bawait\b/.test(output),
    }
  }

  /** tslab's executor says what is wrong by printing it: "%s%d:%d - %s" of a diagnostic, or what was thrown. */
  #note(words: readonly unknown[]): void {
    if (words.length === 1) this.#thrown = { error: words[0] }
    else {
      const [, file, line, character, message] = words
      this.#diagnostics.push(`${String(file)}${String(line)}:${String(character)} - ${String(message)}`)
    }
  }
}
