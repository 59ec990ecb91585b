import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plan, Planned, TestFile, Word } from './plan.js'

export interface Verdict {
  readonly outcome: 'killed' | 'timed out' | 'crashed' | 'survived' | 'not reached'
  readonly killer?: string
  /** Tests that come to where the fault is. */
  readonly tests: number
}

const running = new Set<ChildProcess>()
const longestSilence = 600

/** Ends what still runs. */
export function endTrials(): void {
  for (const child of running) kill(child)
}

function kill(child: ChildProcess): void {
  running.delete(child)
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Judges all faults of an instrumented tree; a worker that one of them holds up or ends is started again for the rest. */
export async function judge(
  tree: string,
  tests: readonly string[],
  mutants: readonly Planned[],
  onDry: (file: TestFile) => void,
  onVerdict: (id: number, verdict: Verdict) => void,
): Promise<void> {
  const files: TestFile[] = []
  const waiting = new Map(mutants.map((each) => [each.id, each]))
  const settle = (id: number, verdict: Verdict): void => {
    if (waiting.delete(id)) onVerdict(id, verdict)
  }
  for (let round = 0; waiting.size > 0; round++) {
    const journal = join(tree, `journal-${round}`)
    writeFileSync(journal, '')
    const isDry = files.length < tests.length
    if (isDry && round > 0) throw new Error('the tests do not end without a fault')
    const plan: Plan = { journal, tests, mutants: [...waiting.values()], ...(!isDry && { files }) }
    const worker = new Worker(tree, plan)
    for await (const word of worker.words()) {
      if (word.kind === 'dry') {
        files.push(word.file)
        onDry(word.file)
      } else if (word.kind === 'verdict') {
        const outcome = word.killer !== undefined ? 'killed' : word.tests > 0 ? 'survived' : 'not reached'
        settle(word.id, {
          outcome,
          tests: word.tests,
          ...(word.killer !== undefined && { killer: word.killer }),
        })
      }
    }
    if (worker.at !== undefined)
      settle(worker.at, { outcome: worker.isLate ? 'timed out' : 'crashed', tests: 1 })
    else if (waiting.size > 0 && round > mutants.length) throw new Error('the worker does not begin')
  }
}

class Worker {
  /** The fault that it was at when it ended. */
  at: number | undefined
  isLate = false
  readonly #child: ChildProcess
  readonly #journal: string

  constructor(tree: string, plan: Plan) {
    const path = `${plan.journal}.plan`
    writeFileSync(path, JSON.stringify(plan))
    this.#journal = plan.journal
    const [first] = plan.tests
    const args = ['run', '--config', 'mutation/vitest.config.ts', '--root', tree, first ?? '']
    this.#child = spawn(process.execPath, [join(tree, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: tree,
      stdio: 'ignore',
      detached: true,
      env: { ...process.env, CI: '', CRYOSCOPE_MUTATION: path },
    })
    running.add(this.#child)
  }

  /** What it says, until it is done, late or dead. */
  async *words(): AsyncGenerator<Word> {
    let read = 0
    let pid = 0
    let limit = Number.POSITIVE_INFINITY
    let heard = performance.now()
    for (;;) {
      const hasEnded = this.#child.exitCode !== null || this.#child.signalCode !== null
      const lines = readFileSync(this.#journal, 'utf8').split('\n').slice(0, -1)
      for (const line of lines.slice(read)) {
        const word = JSON.parse(line) as Word
        heard = performance.now()
        if (word.kind === 'pid') pid = word.pid
        else if (word.kind === 'limit') {
          this.at = word.id
          limit = processorSeconds(pid) + word.seconds
        } else if (word.kind === 'verdict') {
          this.at = undefined
          limit = Number.POSITIVE_INFINITY
        }
        yield word
        if (word.kind === 'end') return kill(this.#child)
      }
      read = lines.length
      // The time of the processor: another program that wants it does not make a fault late.
      this.isLate = processorSeconds(pid) > limit || performance.now() - heard > longestSilence * 1000
      if (this.isLate || hasEnded || isZombie(pid)) return kill(this.#child)
      await sleep(100)
    }
  }
}

/** Of one process; 0 where it is not there. */
function processorSeconds(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}

function isZombie(pid: number): boolean {
  return pid !== 0 && (statOf(pid)[0] ?? 'Z') === 'Z'
}

/** From the state on: the name before it can hold anything. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
