import { spawnSync } from 'node:child_process'
import { Console } from 'node:console'
import { PassThrough } from 'node:stream'
import { Script } from 'node:vm'
import type { Session } from '../../session/session.js'
import { guardName } from '../typescript/loop-guard.js'
import type { PromptTypes } from '../typescript/prompt-types.js'
import type { Prepared } from '../typescript/transpile.js'
import type { Completions, Description, TypeProblem } from '../typescript/types.js'
import { type CodeRunner, errorText, isInterrupt, startRunner } from './context.js'
import { lookAt, previewOf } from './preview.js'
import { problemText } from './problem-text.js'
import { TypedInterrupt } from './typed-interrupt.js'

/** What became of a piece of code. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  /** It goes on in the next line. */
  | { readonly kind: 'unfinished' }
  /** Nothing has run: what is wrong, as lines for a person. */
  | { readonly kind: 'refused'; readonly text: string }
  /** It ran and threw. `error` is what was thrown. */
  | { readonly kind: 'failed'; readonly text: string; readonly error: unknown }
  /** It was interrupted; the sentence says whether the guest was frozen again. */
  | { readonly kind: 'interrupted'; readonly text: string }

export interface EvaluateOptions {
  /** More names for this piece of code: `{ _: selected }`. */
  readonly bindings?: Readonly<Record<string, unknown>>
  /** Ends the waiting for what the code awaits. A loop that never ends is ended by Ctrl-C (SIGINT). */
  readonly signal?: AbortSignal
  /** False runs the code whatever its types say. */
  readonly check?: boolean
}

export interface EngineOptions {
  /** Types to check code with before it runs, and to complete from. Without, code runs unchecked. */
  readonly types?: PromptTypes | undefined
  /** Where `console` of the code writes; this process's streams unless told. */
  readonly console?: Console
  /** The code's terminal shows a screen: keys are not echoed on it, and Escape interrupts like Ctrl-C. */
  readonly screen?: boolean
  /** Awaited when code is about to run, which may let nothing else run from then on. */
  readonly beforeRun?: () => Promise<void>
  /** Errors that belong to no evaluation: of timers, and of promises that nobody awaits. */
  readonly onLateError?: (error: unknown) => void
}

interface Refused {
  readonly kind: 'refused'
  readonly problems: readonly TypeProblem[]
}

/** A name that could go on what was typed, with what it is and, of a member, its value now. */
export interface Suggestion {
  readonly name: string
  /** C type of a member, else the TypeScript one. */
  readonly type: string
  readonly preview: string
}

/**
 * TypeScript on a session, a piece after another: what the prompt and the `:` line of the terminal UI evaluate with.
 * Names stay from piece to piece, `await` works at the top level, `_` is the last value.
 *
 * ```ts
 * const engine = new Engine(session, { types: new PromptTypes(session) })
 * const outcome = await engine.evaluate('vm.task(1).comm')     // { kind: 'value', value: 'init' }
 * engine.close()
 * ```
 */
export class Engine {
  readonly #session: Session
  readonly #types: PromptTypes | undefined
  readonly #runner: CodeRunner
  readonly #interrupt: TypedInterrupt
  readonly #transcript: string[] = []
  #last: Promise<unknown> = Promise.resolve()
  #isAwaiting = false
  readonly #beforeRun: () => Promise<void>

  constructor(
    session: Session,
    {
      types,
      console,
      screen = false,
      beforeRun = async () => {},
      onLateError = () => {},
    }: EngineOptions = {},
  ) {
    this.#session = session
    this.#types = types
    this.#beforeRun = beforeRun
    this.#runner = startRunner(
      session,
      { input: headlessInput(screen), output: new PassThrough().resume(), terminal: false, prompt: '' },
      onLateError,
    )
    const { context } = this.#runner.server
    this.#interrupt = new TypedInterrupt({ stdin: process.stdin, escapes: screen })
    Object.defineProperty(context, guardName, { value: this.#interrupt.check })
    context.console = console ?? new Console(process.stdout, process.stderr)
    setValue(context, '_', undefined)
  }

  /** Code that has run without failing, oldest first. */
  get transcript(): readonly string[] {
    return this.#transcript
  }

  /** The value of a name of the code, undefined when it has none. */
  valueOf(name: string): unknown {
    if (name === 'vm') return this.#session
    const context = this.#runner.server.context as Record<string, unknown>
    return name in context ? context[name] : declared(name, context)
  }

  /** Evaluates when all that was given before has come to its end. */
  async evaluate(code: string, options: EvaluateOptions = {}): Promise<Outcome> {
    const turn = this.#last.then(() => this.#evaluate(code, options))
    this.#last = turn.catch(() => {})
    return await turn
  }

  /** What could stand at a position; names of what there is, members with their C types and values. */
  async complete(
    code: string,
    position = code.length,
    most = 60,
  ): Promise<{ readonly start: number; readonly items: readonly Suggestion[] }> {
    if (this.#types === undefined) return { start: position, items: [] }
    const found: Completions = await this.#types.complete(code, position)
    const base = found.target === undefined ? undefined : previewOf(found.target, this)
    const items = found.items.map(({ name, type, note, kind }, index): Suggestion => {
      const cType =
        kind === 'member' && /, (offset|bit) \d+, /.test(note)
          ? note.split(/, (?:offset|bit) /)[0]
          : undefined
      const shown = kind === 'method' ? note : (cType ?? type)
      return {
        name,
        type: shown,
        preview: index < most && kind === 'member' && base !== undefined ? base(name) : '',
      }
    })
    return { start: found.start, items }
  }

  /** What stands at a position: its type, and where it lies in C. */
  async describe(code: string, position = code.length): Promise<Description | undefined> {
    return await this.#types?.describe(code, position)
  }

  /** The value of an expression that only looks (names, members, calls that change nothing); undefined for any other. */
  look(expression: string): unknown {
    return lookAt(expression, this)
  }

  close(): void {
    this.#types?.close()
    this.#interrupt.close()
    this.#runner.end()
    this.#runner.server.close()
  }

  async #evaluate(code: string, { bindings = {}, signal, check = true }: EvaluateOptions): Promise<Outcome> {
    let prepared: Prepared | Refused
    try {
      prepared = await orAborted(this.#prepare(code, check), signal)
    } catch (error) {
      if (signal?.aborted) return { kind: 'interrupted', text: 'interrupted' }
      throw error
    }
    if (prepared.kind === 'unfinished') return prepared
    if (prepared.kind !== 'code') {
      const problems = prepared.kind === 'refused' ? prepared.problems : [prepared.problem]
      return { kind: 'refused', text: problemText(code, problems) }
    }
    await this.#beforeRun()
    if (signal?.aborted) return { kind: 'interrupted', text: 'interrupted' }
    const before = this.#session.state
    const { context } = this.#runner.server
    for (const [name, value] of Object.entries(bindings)) setValue(context, name, value)
    try {
      const value = await this.#run(prepared.javascript, signal)
      this.#transcript.push(code.trim())
      setValue(context, '_', value)
      this.#types?.accept(code).catch(() => {})
      return { kind: 'value', value }
    } catch (error) {
      if (isInterrupt(error)) return { kind: 'interrupted', text: await this.#afterInterrupt(before) }
      return { kind: 'failed', text: errorText(error), error }
    }
  }

  /** JavaScript of the code, when nothing is wrong with it. */
  async #prepare(code: string, check: boolean): Promise<Prepared | Refused> {
    const types = this.#types
    this.#interrupt.begin()
    if (types === undefined || types.failure !== undefined) return await prepareUnchecked(code)
    const prepared = await types.prepare(code)
    if (prepared.kind !== 'code' || !check) return prepared
    const problems = await types.check(code)
    return problems.length === 0 ? prepared : { kind: 'refused', problems }
  }

  #run(javascript: string, signal: AbortSignal | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // A promise that nobody settles keeps nothing alive: without this the process would end in silence.
      const alive = setInterval(() => {}, 1 << 30)
      const abort = () => {
        // The evaluator's own way to end the waiting for a promise.
        if (this.#isAwaiting) this.#runner.server.emit('SIGINT')
      }
      signal?.addEventListener('abort', abort, { once: true })
      const settle = (error: unknown, value?: unknown): void => {
        this.#isAwaiting = false
        clearInterval(alive)
        signal?.removeEventListener('abort', abort)
        if (error === null || error === undefined) resolve(value)
        else reject(error)
      }
      this.#isAwaiting = true
      this.#interrupt.begin()
      this.#runner.evaluate(`${javascript}\n`, settle)
    })
  }

  /** An interrupt ended the waiting, not what was waited for: a guest that stood still before shall do so again. */
  async #afterInterrupt(before: Session['state']): Promise<string> {
    if (before !== 'frozen' || this.#session.state !== 'running') return 'interrupted'
    try {
      await this.#session.freeze()
      return 'interrupted; the guest is frozen again'
    } catch (error) {
      return `interrupted; ${errorText(error)}`
    }
  }
}

/**
 * Code of which nothing is known: run as it is when it is JavaScript, for TypeScript takes longer to load than most code
 * to run.
 */
async function prepareUnchecked(code: string): Promise<Prepared> {
  if (isJavaScript(code)) return { kind: 'code', javascript: code }
  const { prepare } = await import('../typescript/transpile.js')
  return prepare(code)
}

function isJavaScript(code: string): boolean {
  for (const text of [code, `(async () => {${code}\n})`, `(async () => (${code}\n))`]) {
    try {
      new Script(text, { filename: 'code' })
      return true
    } catch {
      // With top-level await it is none by itself.
    }
  }
  return false
}

/** A `const`, `let` or `class` of code that ran as it was: a name of the context's scripts, not a member of the context. */
function declared(name: string, context: object): unknown {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return undefined
  try {
    return new Script(name).runInContext(context)
  } catch {
    return undefined
  }
}

function setValue(context: object, name: string, value: unknown): void {
  Object.defineProperty(context, name, { value, writable: true, configurable: true, enumerable: true })
}

/** While code runs, the evaluator takes the terminal out of raw mode, so that Ctrl-C is a signal that ends a loop. */
function headlessInput(screen: boolean): PassThrough {
  const { stdin } = process
  const input = new PassThrough()
  if (!stdin.isTTY) return input
  const setRawMode = (mode: boolean): void => {
    // What Node takes for the mode to go back to in the end must be the usual one.
    if (screen && mode) stty('echo', 'icanon')
    stdin.setRawMode(mode)
    if (screen && !mode) stty('-echo', '-icanon')
  }
  return Object.defineProperties(input, {
    isRaw: { get: () => stdin.isRaw },
    setRawMode: { value: setRawMode },
  })
}

function stty(...words: readonly string[]): void {
  spawnSync('stty', words, { stdio: ['inherit', 'ignore', 'ignore'] })
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
