import { type Input, inputText, whole } from './input.js'
import type { Kind } from './kind.js'
import type { FuzzOptions } from './options.js'
import type { Answer, Fault, Slowest } from './protocol.js'
import { shrink } from './shrink.js'
import type { Death, WorkerProcess } from './worker-process.js'

/** Milliseconds that one request of inputs takes. */
const turnMilliseconds = 1000
/** Numbers of inputs of one request start at its own multiple of this. */
const turnInputs = 1_000_000
const shrinkMilliseconds = 30_000
/** An input that takes so many times the mean of its kind is worth a look, if it takes as long as a person sees. */
const slowTimes = 20
const slowMilliseconds = 50
/** Findings of one kind after which it is left alone. */
const mostOfKind = 12

interface Finding {
  readonly kind: string
  readonly signature: string
  readonly text: string
  readonly input: Input
  times: number
}

interface Progress {
  readonly kind: Kind
  inputs: number
  milliseconds: number
  turns: number
  active: number
  skipped: string | undefined
  findings: number
  slowest: Slowest | undefined
}

/** Tries inputs of kinds on workers, and keeps what was found. */
export class Campaign {
  readonly #options: FuzzOptions
  readonly #workers: readonly WorkerProcess[]
  readonly #findings = new Map<string, Finding>()
  #progress: Progress[] = []
  #end = Number.POSITIVE_INFINITY

  constructor(options: FuzzOptions, workers: readonly WorkerProcess[]) {
    this.#options = options
    this.#workers = workers
  }

  /** Goes on until the time is over or the count of inputs is reached. */
  async run(kinds: readonly Kind[]): Promise<void> {
    const { count, minutes } = this.#options
    if (count === undefined) this.#end = performance.now() + minutes * 60_000
    this.#progress = kinds.map((kind) => ({
      kind,
      inputs: 0,
      milliseconds: 0,
      turns: 0,
      active: 0,
      skipped: undefined,
      findings: 0,
      slowest: undefined,
    }))
    await Promise.all(this.#workers.map((worker) => this.#work(worker)))
  }

  async #work(worker: WorkerProcess): Promise<void> {
    for (;;) {
      const next = this.#next()
      if (next === undefined || performance.now() >= this.#end) return
      await this.#turn(worker, next)
    }
  }

  /** The kind that has had the least of its share. */
  #next(): Progress | undefined {
    const { count } = this.#options
    const open = this.#progress.filter(
      ({ skipped, findings, inputs, active }) =>
        skipped === undefined &&
        findings < mostOfKind &&
        (count === undefined || (active === 0 && inputs < count)),
    )
    const share = ({ kind, milliseconds, active }: Progress): number =>
      (milliseconds + active * turnMilliseconds) / (kind.weight ?? 1)
    return open.toSorted((a, b) => share(a) - share(b))[0]
  }

  async #turn(worker: WorkerProcess, progress: Progress): Promise<void> {
    const { kind } = progress
    const { seed, count } = this.#options
    const from = count === undefined ? progress.turns++ * turnInputs : progress.inputs
    progress.active++
    const ready = await worker.ask({ do: 'prepare', kind: kind.name })
    const start = performance.now()
    const left = Math.max(1, Math.min(turnMilliseconds, this.#end - start))
    const answer =
      'reason' in ready || ready.skipped !== undefined || ready.broken !== undefined
        ? ready
        : await worker.ask({
            do: 'run',
            kind: kind.name,
            seed,
            from,
            count: count === undefined ? turnInputs : count - progress.inputs,
            milliseconds: left,
          })
    progress.milliseconds += performance.now() - start
    progress.active--
    if ('reason' in answer) await this.#died(worker, progress, answer, from)
    else if (answer.skipped !== undefined) progress.skipped = answer.skipped
    else if (answer.broken !== undefined) this.#broken(progress, `the base itself: ${answer.broken}`)
    else {
      progress.inputs += answer.done ?? 0
      const { slowest } = answer
      if (slowest !== undefined && slowest.milliseconds > (progress.slowest?.milliseconds ?? 0))
        progress.slowest = slowest
      for (const fault of answer.faults ?? []) await this.#found(worker, progress, fault)
    }
  }

  async #died(worker: WorkerProcess, progress: Progress, death: Death, from: number): Promise<void> {
    if (death.index === undefined) return this.#broken(progress, `the base itself ${death.text}`)
    progress.inputs += death.index - from + 1
    await this.#found(worker, progress, {
      index: death.index,
      signature: death.reason === 'crash' ? `crash ${death.text.slice(0, 80)}` : death.reason,
      text: death.text,
    })
  }

  /** Nothing of the kind can be tried. */
  #broken(progress: Progress, text: string): void {
    const kind = progress.kind.name
    progress.findings = mostOfKind
    this.#findings.set(`${kind} broken`, { kind, signature: 'broken', text, input: whole, times: 1 })
    console.log(`\n${kind}: ${text}`)
  }

  async #found(worker: WorkerProcess, progress: Progress, fault: Fault): Promise<void> {
    const { kind } = progress
    const key = `${kind.name} ${fault.signature}`
    const known = this.#findings.get(key)
    if (known !== undefined) {
      known.times++
      // Hangs have no place by which to tell them apart: the first is enough.
      return
    }
    progress.findings++
    const { seed } = this.#options
    const made = await worker.ask({ do: 'make', kind: kind.name, seed, index: fault.index })
    const input = 'reason' in made ? undefined : made.input
    if (input === undefined) return
    const finding: Finding = {
      kind: kind.name,
      signature: fault.signature,
      text: fault.text,
      input,
      times: 1,
    }
    this.#findings.set(key, finding)
    const shows = async (candidate: Input): Promise<boolean> =>
      signatureOf(await worker.ask({ do: 'try', kind: kind.name, input: candidate })) === fault.signature
    const isAgain = await shows(input)
    const small =
      isAgain && this.#options.shrink
        ? await shrink(input, undefined, shows, { end: performance.now() + shrinkMilliseconds })
        : input
    const last = await worker.ask({ do: 'try', kind: kind.name, input: small })
    const text = 'reason' in last ? last.text : (last.faults?.[0]?.text ?? fault.text)
    this.#findings.set(key, { ...finding, input: small, text, times: finding.times })
    const note = isAgain ? '' : `\n    only among others: --index ${fault.index} --seed ${seed}`
    console.log(
      `\n${kind.name}: ${text}${note}\n    npm run fuzz -- --kind ${kind.name} --input ${inputText(small)}`,
    )
  }

  /** The input of a number. */
  async make(kind: Kind, index: number): Promise<Input | undefined> {
    const [worker] = this.#workers
    const answer = await worker?.ask({ do: 'make', kind: kind.name, seed: this.#options.seed, index })
    return answer === undefined || 'reason' in answer ? undefined : answer.input
  }

  /** Reads one input; what is wrong with it. */
  async attempt(kind: Kind, input: Input): Promise<{ readonly text: string } | undefined> {
    const [worker] = this.#workers
    await worker?.ask({ do: 'prepare', kind: kind.name })
    const answer = await worker?.ask({ do: 'try', kind: kind.name, input })
    if (answer === undefined) return undefined
    return 'reason' in answer ? answer : answer.faults?.[0]
  }

  /** What was tried and found, as a table; the exit status. */
  print(): number {
    const width = Math.max(...this.#progress.map(({ kind }) => kind.name.length))
    console.log()
    let inputs = 0
    for (const { kind, inputs: own, milliseconds, skipped, findings, slowest } of this.#progress) {
      inputs += own
      const perSecond = milliseconds > 0 ? Math.round((own / milliseconds) * 1000) : 0
      const said = skipped ?? `${String(own).padStart(9)} inputs ${String(perSecond).padStart(7)} per second`
      const slow = slowNote(slowest, milliseconds / Math.max(1, own))
      console.log(
        `${kind.name.padEnd(width)}  ${said}${findings > 0 ? `   ${findings} findings` : ''}${slow}`,
      )
    }
    const findings = this.#findings.size
    const words = findings === 0 ? 'no findings' : `${findings} findings`
    console.log(`${inputs} inputs, ${words}, seed ${this.#options.seed}`)
    return findings === 0 ? 0 : 1
  }
}

function signatureOf(answer: Answer | Death): string | undefined {
  if ('reason' in answer)
    return answer.reason === 'crash' ? `crash ${answer.text.slice(0, 80)}` : answer.reason
  return answer.faults?.[0]?.signature
}

/** No finding: where to look for what grows faster than its input. */
export function slowNote(slowest: Slowest | undefined, mean: number): string {
  if (slowest === undefined || slowest.milliseconds < Math.max(slowMilliseconds, slowTimes * mean)) return ''
  const times = Math.round(slowest.milliseconds / mean)
  return `   slowest took ${Math.round(slowest.milliseconds)} ms, ${times} times the mean: --index ${slowest.index}`
}
