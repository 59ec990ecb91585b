import { appendFileSync, readFileSync } from 'node:fs'
import {
  type File,
  getCurrentTest,
  getFn,
  type Suite,
  startTests,
  type Task,
  type Test,
  type VitestRunner,
} from '@vitest/runner'
import fc from 'fast-check'
import { VitestTestRunner } from 'vitest/runners'
import type { Plan, Planned, TestFile, Word } from './plan.js'

/** Which fault is in force; -1 for none. */
let active = -1
/** Where it is kept which faults are reached; undefined once that is known. */
let reached: Set<number> | undefined

Object.assign(globalThis, {
  __fault: (id: number): boolean => {
    reached?.add(id)
    return id === active
  },
})

// What a fault breaks needs no smaller example, and the same seed gives the same verdict.
fc.configureGlobal({ seed: 1, endOnFailure: true })

interface Modules {
  delete(path: string): void
  forEach(visit: (module: object, path: string) => void): void
  invalidateModule(module: object): void
}

const { moduleCache: modules } = (
  globalThis as unknown as { __vitest_worker__: { readonly moduleCache: Modules } }
).__vitest_worker__

/** All of src and test is loaded anew when it is next asked for. */
function forget(): void {
  modules.forEach((module, path) => {
    if (/\/(src|test|examples|fuzz|bench)\//.test(path) && !path.includes('node_modules'))
      modules.invalidateModule(module)
  })
}

function seconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function nameOf(task: Task): string {
  return task.suite === undefined || task.suite.type !== 'suite'
    ? task.name
    : `${nameOf(task.suite)} > ${task.name}`
}

/** Some tests of one file, until the first that fails. */
class Trial extends VitestTestRunner {
  failed: string | undefined
  readonly cases: { name: string; seconds: number; reached: Set<number>; isBroken?: boolean }[] = []
  readonly loading = new Set<number>()
  readonly around = new Set<number>()
  readonly #names: ReadonlySet<string> | undefined
  readonly #isWhole: boolean

  constructor(outer: VitestTestRunner, names: ReadonlySet<string> | undefined, isWhole: boolean) {
    super(outer.config)
    this.#names = names
    this.#isWhole = isWhole
    const { __vitest_executor: value } = outer as unknown as { __vitest_executor: unknown }
    Object.defineProperty(this, '__vitest_executor', { value })
  }

  override importFile(path: string, source: 'collect' | 'setup'): unknown {
    if (reached !== undefined) reached = this.loading
    modules.delete(path)
    return super.importFile(path, source)
  }

  override onCleanupWorkerContext(): void {
    // Nothing is kept from file to file.
  }

  onCollected(files: File[]): void {
    if (reached !== undefined) reached = this.around
    if (this.#names !== undefined) for (const file of files) this.#select(file)
  }

  #select(task: Suite | Test): boolean {
    const isIn =
      task.type === 'suite'
        ? task.tasks.map((each) => this.#select(each as Suite | Test)).includes(true)
        : this.#names?.has(nameOf(task)) === true
    if (!isIn) task.mode = 'skip'
    return isIn
  }

  /** What a test throws is left out: values of ours in it need not bear being printed, least of all with a fault. */
  async runTask(test: Test): Promise<void> {
    try {
      await getFn(test)()
    } catch {
      throw new Error('the test fails')
    }
  }

  override onBeforeTryTask(test: Task): void {
    const reachedByIt = new Set<number>()
    this.cases.push({ name: nameOf(test), seconds: -seconds(), reached: reachedByIt })
    if (reached !== undefined) reached = reachedByIt
    super.onBeforeTryTask(test)
  }

  override onAfterRunTask(test: Task): void {
    const last = this.cases.at(-1)
    if (last !== undefined) last.seconds += seconds()
    if (reached !== undefined) reached = this.around
    if (test.result?.state === 'fail') {
      this.failed ??= nameOf(test)
      if (last !== undefined) last.isBroken = true
      if (!this.#isWhole) this.cancel('test-failure')
    }
    super.onAfterRunTask(test)
  }
}

function hasFailed(task: Task): boolean {
  return task.result?.state === 'fail' || ('tasks' in task && task.tasks.some(hasFailed))
}

/** Puts one fault after the other in force, in a process that stays warm. Started by vitest as its runner. */
export default class Worker extends VitestTestRunner {
  readonly #plan = JSON.parse(readFileSync(process.env.CRYOSCOPE_MUTATION as string, 'utf8')) as Plan
  #files = new Map<string, TestFile>()

  async onBeforeCollect(): Promise<void> {
    this.#say({ kind: 'pid', pid: process.pid })
    for (const file of this.#plan.files ?? []) this.#files.set(file.path, file)
    if (this.#plan.files === undefined) await this.#dryRun()
    for (const mutant of this.#plan.mutants) {
      // A test that did not come to its end: no other would begin. A new worker goes on with the rest.
      if (getCurrentTest() !== undefined) break
      await this.#judge(mutant)
    }
    this.#say({ kind: 'end' })
    await new Promise(() => undefined)
  }

  #say(word: Word): void {
    appendFileSync(this.#plan.journal, `${JSON.stringify(word)}\n`)
  }

  async #dryRun(): Promise<void> {
    for (const path of this.#plan.tests) {
      const start = seconds()
      reached = new Set()
      const { trial, killer } = await this.#run(path, undefined, true)
      const tests = trial.cases
        .filter(({ isBroken }) => isBroken !== true)
        .map((each) => ({ ...each, reached: [...each.reached] }))
      const file: TestFile = {
        path,
        ...(killer !== undefined && { broken: killer }),
        loading: [...trial.loading],
        around: [...trial.around],
        seconds: seconds() - start - tests.reduce((sum, each) => sum + each.seconds, 0),
        tests,
      }
      this.#files.set(path, file)
      this.#say({ kind: 'dry', file })
    }
    reached = undefined
  }

  async #run(
    path: string,
    names: ReadonlySet<string> | undefined,
    isWhole = false,
  ): Promise<{ readonly trial: Trial; readonly killer?: string }> {
    const trial = new Trial(this, names, isWhole)
    const files = await startTests([path], trial as unknown as VitestRunner)
    const killer =
      trial.failed ?? (files.some(hasFailed) ? 'loading, or what is run around tests' : undefined)
    return killer === undefined
      ? { trial }
      : { trial, killer: `${path.replace(/^.*\/test\//, '')}: ${killer}` }
  }

  async #judge(mutant: Planned): Promise<void> {
    const isLoading = [...this.#files.values()].some(({ loading }) => loading.includes(mutant.id))
    const left = mutant.tests
      .map((path) => this.#files.get(path))
      .filter((file) => file !== undefined)
      .map((file) => this.#reaching(file as TestFile, mutant.id, isLoading))
      .filter((part) => part.names.size > 0)
      .toSorted((a, b) => a.seconds - b.seconds)
    const tests = left.reduce((sum, { names }) => sum + names.size, 0)
    let killer = isLoading ? undefined : await this.#kill(mutant.id, left)
    // Values that modules keep since before the fault hide it: once more with all of them new.
    if (killer === undefined && tests > 0) {
      active = mutant.id
      forget()
      killer = await this.#kill(mutant.id, left)
      active = -1
      forget()
    }
    this.#say({ kind: 'verdict', id: mutant.id, tests, ...(killer !== undefined && { killer }) })
  }

  /** The tests of a file that come to where the fault is, and how long they take. */
  #reaching(file: TestFile, id: number, isLoading: boolean) {
    const isAll = isLoading || file.around.includes(id)
    const tests = file.tests.filter(({ reached }) => isAll || reached.includes(id))
    return {
      path: file.path,
      names: new Set(tests.map(({ name }) => name)),
      seconds: tests.reduce((sum, each) => sum + each.seconds, file.seconds),
    }
  }

  async #kill(
    id: number,
    parts: readonly {
      readonly path: string
      readonly names: ReadonlySet<string>
      readonly seconds: number
    }[],
  ): Promise<string | undefined> {
    for (const { path, names, seconds: usual } of parts) {
      // Loading all modules anew takes some seconds on a slow machine.
      this.#say({ kind: 'limit', id, seconds: 20 + usual * 6 })
      active = id
      const { killer } = await this.#run(path, names)
      active = -1
      if (killer === undefined) continue
      // What fails without the fault too says nothing of it: a module has kept what the fault made.
      if ((await this.#run(path, names)).killer === undefined) return killer
      forget()
      active = id
      const again = await this.#run(path, names)
      active = -1
      forget()
      if (again.killer !== undefined && (await this.#run(path, names)).killer === undefined) return killer
    }
    return undefined
  }
}
