import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CryoscopeError } from '../../errors.js'
import { packageRoot } from '../../package-root.js'
import type { Session } from '../../session/session.js'
import { type Declarations, declarationsOf, kernelAlias, kernelHash, moduleText } from './declarations.js'
import { promptSurroundings } from './globals.js'
import type { LanguageModel } from './language-model.js'
import type { Prepared } from './transpile.js'
import type { Completions, Description, TypeProblem } from './types.js'
import type { Answer, Method, WorkerStart } from './worker-protocol.js'

/** While the guest runs, maps and programs are looked at again after so long. */
const freshMilliseconds = 1000
/** For a target whose kernel cannot be read: everything is allowed. */
const untyped = { guest: 'export type Guest = any\n' }

/**
 * Types for code on a session: what `vm.map('` may go on with, what is wrong in `vm.task(1).com`, and the JavaScript that
 * a piece of TypeScript is. TypeScript runs in a thread of its own, which starts at once and takes a second or two to
 * be ready; questions wait for it. Every question looks first whether the guest has run, so that names of maps and
 * programs are those of now.
 *
 * ```ts
 * const types = new PromptTypes(session)
 * await types.check("vm.task(1).com")          // [{ start: 11, length: 3, message: "… Did you mean 'comm'?" }]
 * await types.complete("vm.map('p", 9)         // { start: 8, items: [{ name: 'pid_stats', … }] }
 * types.close()
 * ```
 */
export class PromptTypes {
  readonly #session: Session
  readonly #worker: Worker
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #declared: { readonly epoch: number; readonly at: number } | undefined
  #declarations: Declarations | undefined
  #nextId = 1
  #failure: Error | undefined
  #isReady = false

  /** `library` is where what code imports from this package is declared; `surroundings` what it finds without. */
  constructor(session: Session, library = libraryDeclarations(), surroundings = promptSurroundings) {
    this.#session = session
    const workerData = { library, surroundings, ...kernelOf(session) } satisfies WorkerStart
    this.#worker = new Worker(workerFile(), { workerData })
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('the thread has ended')))
    // The first question makes TypeScript read everything.
    this.check('vm')
      .then(() => {
        this.#isReady = true
      })
      .catch(() => {})
  }

  /** Whether TypeScript has read everything, so that questions are answered in milliseconds. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Why types are not to be had, when the thread has died. */
  get failure(): string | undefined {
    return this.#failure?.message
  }

  /** JavaScript for TypeScript; no types are needed for that. */
  async prepare(code: string): Promise<Prepared> {
    return await this.#ask('prepare', code)
  }

  /** What is wrong with the types of a piece of code; empty when nothing is. */
  async check(code: string): Promise<readonly TypeProblem[]> {
    this.#refresh()
    return await this.#ask('check', code)
  }

  /** What could stand at a position. */
  async complete(code: string, position = code.length): Promise<Completions> {
    this.#refresh()
    return await this.#ask('complete', code, position)
  }

  /** What stands at a position. */
  async describe(code: string, position: number): Promise<Description | undefined> {
    this.#refresh()
    return await this.#ask('describe', code, position)
  }

  /** Tells that a piece of code has run, so that later ones know its names. */
  async accept(code: string): Promise<void> {
    await this.#ask('accept', code)
  }

  close(): void {
    this.#fail(new Error('it was closed'))
    void this.#worker.terminate()
  }

  /** Declares again what the guest may have changed. */
  #refresh(): void {
    const { control } = this.#session.target
    const epoch = control?.epoch ?? 0
    const known = this.#declared
    const isSame = known !== undefined && known.epoch === epoch
    if (isSame && (control?.state !== 'running' || performance.now() - known.at < freshMilliseconds)) return
    this.#declared = { epoch, at: performance.now() }
    this.#ask('declare', this.#modules()).catch(() => {})
  }

  #modules(): Readonly<Record<string, string>> {
    try {
      const declarations = declarationsOf(this.#session)
      this.#declarations = declarations
      const { objects, guest } = declarations
      return Object.fromEntries(
        [...objects, guest].map((module) => [module.name, moduleText(declarations, module)]),
      )
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      return this.#declarations === undefined ? untyped : {}
    }
  }

  #ask<M extends Method>(
    method: M,
    ...args: Parameters<LanguageModel[M]>
  ): Promise<ReturnType<LanguageModel[M]>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    // An answer that is waited for keeps the process alive.
    this.#worker.ref()
    this.#worker.postMessage({ id, method, args })
    // The worker calls the method of that name.
    return answer as Promise<ReturnType<LanguageModel[M]>>
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('failure' in answer) waiting?.reject(new Error(answer.failure))
    else waiting?.resolve(answer.result)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}

/** The thread's program, and the library's declarations, are files that the build makes. */
function workerFile(): string {
  const file = join(packageRoot(), 'dist/bundle/types-worker.js')
  if (existsSync(file)) return file
  throw new CryoscopeError('environment', `${file} is missing; npm run build makes it`)
}

/** Where the types of the library are. */
export function libraryDeclarations(): string {
  return join(packageRoot(), 'dist/index.d.ts')
}

function kernelOf(session: Session): Pick<WorkerStart, 'hash' | 'btf' | 'kernelModule'> {
  try {
    const { types } = session.kernel
    const hash = kernelHash(types)
    // Also where the cache has them: it may turn out to be damaged.
    return { hash, btf: types.bytes, kernelModule: `${kernelAlias}-${hash}` }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { hash: undefined, btf: undefined, kernelModule: undefined }
  }
}
