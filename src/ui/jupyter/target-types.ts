import { Session } from '../../session/session.js'
import type { Surroundings } from '../typescript/globals.js'
import type { PromptTypes } from '../typescript/prompt-types.js'
import type { Completions, Description } from '../typescript/types.js'
import { InterruptedError } from './cell-scope.js'
import { preloadedNames } from './preloaded.js'

/**
 * Complaints that are left to tslab: names and modules of Node.js, of packages and of other cells, which it resolves. All others
 * are those of the prompt, so that both refuse the same code.
 */
const tslabs = new Set([
  // Names that are not known, or declared again.
  2304, 2552, 2300, 2451, 2580, 2581, 2582, 2583, 2584, 2585, 2591, 2592, 2593, 2867, 2868,
  // Modules and what they export.
  2305, 2306, 2307, 2614, 2792, 2613, 7016,
])
/** Names in quotes are those of before, where a cell itself makes the guest run. */
const runsGuest = /\.\s*(?:thaw|advance|runUntil|step|restore|trace)\s*\(/
/** A cell that opens another target cannot know its types yet. */
const opensTarget = /(?<![\w$.])vm\s*=(?![=>])/
const anyTarget = "declare let vm: import('cryoscope').AnyGuest;\n"

/** What cells find without imports. */
export const cellSurroundings: Surroundings = {
  declarations: [
    "interface Target extends Omit<import('cryoscope-guest').Guest, 'maps' | 'allocators' | 'allocator'>,",
    "  Pick<import('cryoscope').AnyGuest, 'maps' | 'allocators' | 'allocator'> {}",
    'declare let vm: Target',
    // They take targets of any types; what is typed by this one is none of those by name.
    'type Taking<F> = F extends (...words: never[]) => infer R ? ((...words: any[]) => R) & Pick<F, keyof F> : F',
    ...preloadedNames.map((name) => `declare const ${name}: Taking<typeof import('cryoscope').${name}>`),
    '',
  ].join('\n'),
  fixed: ['vm'],
}

/** TypeScript's knowledge of one target. */
export type CodeTypes = Pick<PromptTypes, 'check' | 'complete' | 'describe' | 'accept' | 'close'>

/**
 * What TypeScript knows of the target in `vm`: structs of its kernel and of its programs, names of its maps. It is
 * thought out in a thread of its own, a new one for each target; cells that ran before are known to it.
 */
export class TargetTypes {
  readonly #typesOf: (session: Session) => CodeTypes
  readonly #warn: (text: string) => void
  readonly #ran: string[] = []
  #session: Session | undefined
  #types: CodeTypes | undefined

  /** `warn` hears why types are missing. */
  constructor(typesOf: (session: Session) => CodeTypes, warn: (text: string) => void) {
    this.#typesOf = typesOf
    this.#warn = warn
  }

  /** Tells what `vm` is now. */
  follow(value: unknown): void {
    const session = value instanceof Session ? value : undefined
    if (session === this.#session) return
    this.close()
    this.#session = session
    if (session === undefined) return
    try {
      this.#types = this.#typesOf(session)
      for (const code of this.#ran) this.#types.accept(code).catch(() => {})
    } catch (error) {
      this.#lost(error)
    }
  }

  /**
   * What is wrong in a cell, each as `LINE:COLUMN - SENTENCE` with the line and carets below it; empty when nothing is or no
   * target is open.
   */
  async check(code: string, signal: AbortSignal): Promise<readonly string[]> {
    const head = opensTarget.test(code) ? anyTarget : ''
    const problems = (await this.#ask((types) => types.check(head + code), signal)) ?? []
    // What cannot be parsed is not understood either.
    if (problems.some(({ code: number }) => number >= 1000 && number < 2000)) return []
    const changes = runsGuest.test(code)
    return (
      problems
        .filter(({ code: number }) => !tslabs.has(number) && !(changes && number === 0))
        // Of another target than the one in `vm` no types are known.
        .filter(({ message }) => !message.includes("'AnyGuest'"))
        .map(({ start, length, message }) => complaint(code, start - head.length, length, message))
    )
  }

  async complete(code: string, position: number): Promise<Completions | undefined> {
    return await this.#ask((types) => types.complete(code, position))
  }

  async describe(code: string, position: number): Promise<Description | undefined> {
    return await this.#ask((types) => types.describe(code, position))
  }

  /** Tells of a cell that has run: later ones find its names. */
  ran(code: string): void {
    this.#ran.push(code)
    void this.#ask((types) => types.accept(code))
  }

  close(): void {
    this.#types?.close()
    this.#types = undefined
    this.#session = undefined
  }

  async #ask<T>(question: (types: CodeTypes) => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    const types = this.#types
    if (types === undefined) return undefined
    try {
      const answer = question(types)
      return await (signal === undefined ? answer : Promise.race([answer, interruption(signal)]))
    } catch (error) {
      if (error instanceof InterruptedError) throw error
      if (types === this.#types) this.#lost(error)
      return undefined
    }
  }

  #lost(error: unknown): void {
    this.#types = undefined
    this.#warn(`cells are not checked against the types of the target: ${(error as Error).message}\n`)
  }
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(new InterruptedError())
    signal.addEventListener('abort', () => reject(new InterruptedError()), { once: true })
  })
}

function complaint(code: string, start: number, length: number, message: string): string {
  const before = code.slice(0, Math.max(0, start)).split('\n')
  const column = before.at(-1)?.length ?? 0
  const line = code.split('\n')[before.length - 1] ?? ''
  const carets = '~'.repeat(Math.max(1, Math.min(length, line.length - column)))
  return `${before.length}:${column + 1} - ${message}\n  ${line}\n  ${' '.repeat(column)}${carets}`
}
