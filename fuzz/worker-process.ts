import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Request } from './protocol.js'

export interface Limits {
  /** Seconds of processor time for one input. */
  readonly seconds: number
  /** MiB of JavaScript's heap. */
  readonly heapMiB: number
  /** MiB of memory in all. */
  readonly memoryMiB: number
}

/** How a worker came to its end in the middle of an input. */
export interface Death {
  readonly reason: 'hang' | 'heap' | 'memory' | 'crash'
  /** The input; undefined while the kind was being prepared. */
  readonly index: number | undefined
  readonly text: string
}

/** What a worker has used up since it began with an input. */
interface Since {
  index: bigint
  ticks: number
  /** Milliseconds that it waited for something. */
  waited: number
}

const pollMilliseconds = 100
/** Processes that wait for something take no processor time; so much more time may pass for them. */
const patience = 10
/** Preparing is no input, and may take so much longer. */
const longer = 6
const ticksPerSecond = 100
const pageMiB = 4096 / 2 ** 20
const keptOutput = 4000

/** A process that tries inputs, under limits; one that exceeds them is killed, and a new one takes its place. */
export class WorkerProcess {
  readonly #bundle: string
  readonly #scratch: string
  readonly #limits: Limits
  #child: ChildProcess | undefined
  #progress = -1
  #output = ''

  constructor(bundle: string, scratch: string, limits: Limits) {
    this.#bundle = bundle
    this.#scratch = scratch
    this.#limits = limits
  }

  /** The answer, or how the process died of the request. */
  async ask(request: Request): Promise<Answer | Death> {
    const child = this.#child ?? this.#start()
    return await new Promise<Answer | Death>((resolve) => {
      const since: Since = { index: 0n, ticks: processorOf(child).ticks, waited: 0 }
      let reason: Death['reason'] | undefined
      ftruncateSync(this.#progress, 0)
      const poll = setInterval(() => {
        reason ??= this.#exceeded(child, since)
        if (reason !== undefined) child.kill('SIGKILL')
      }, pollMilliseconds)
      const finish = (answer: Answer | Death): void => {
        clearInterval(poll)
        child.removeAllListeners('message')
        child.removeAllListeners('exit')
        resolve(answer)
      }
      child.once('message', (answer: Answer) => finish(answer))
      child.once('exit', (code, signal) => {
        const index = this.#index()
        this.#child = undefined
        const died = reason ?? (/heap out of memory|heap limit/i.test(this.#output) ? 'heap' : 'crash')
        finish({
          reason: died,
          index: index === 0n ? undefined : Number(index - 1n),
          text: this.#describe(died, code, signal),
        })
      })
      child.send(request)
    })
  }

  end(): void {
    this.#child?.removeAllListeners('exit')
    this.#child?.kill('SIGKILL')
    this.#child = undefined
    if (this.#progress >= 0) closeSync(this.#progress)
    this.#progress = -1
  }

  #start(): ChildProcess {
    if (this.#progress < 0) this.#progress = openSync(join(this.#scratch, 'progress'), 'w+')
    this.#output = ''
    const flags = ['--enable-source-maps', `--max-old-space-size=${this.#limits.heapMiB}`]
    const child = spawn(process.execPath, [...flags, this.#bundle], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', this.#progress],
      serialization: 'advanced',
      env: { ...process.env, CRYOSCOPE_FUZZ_SCRATCH: this.#scratch, NODE_OPTIONS: '' },
    })
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#output = (this.#output + bytes.toString()).slice(0, keptOutput)
    })
    this.#child = child
    return child
  }

  #exceeded(child: ChildProcess, since: Since): Death['reason'] | undefined {
    if (memoryMiB(child) > this.#limits.memoryMiB) return 'memory'
    const index = this.#index()
    const { ticks, waits } = processorOf(child)
    if (index !== since.index) {
      Object.assign(since, { index, ticks, waited: 0 })
      return undefined
    }
    if (waits) since.waited += pollMilliseconds
    const seconds = this.#limits.seconds * (index === 0n ? longer : 1)
    const isSlow = (ticks - since.ticks) / ticksPerSecond > seconds
    return isSlow || since.waited > this.#limits.seconds * 1000 * patience ? 'hang' : undefined
  }

  #index(): bigint {
    const bytes = Buffer.alloc(8)
    return readSync(this.#progress, bytes, 0, 8, 0) === 8 ? bytes.readBigUInt64LE() : 0n
  }

  #describe(reason: Death['reason'], code: number | null, signal: string | null): string {
    const { seconds, heapMiB, memoryMiB } = this.#limits
    switch (reason) {
      case 'hang':
        return `is not done after ${seconds} seconds`
      case 'heap':
        return `fills ${heapMiB} MiB of heap`
      case 'memory':
        return `takes more than ${memoryMiB} MiB of memory`
      default:
        return `ends the process (${signal ?? `status ${code}`}): ${this.#output.trim().slice(0, 1500)}`
    }
  }
}

/** utime and stime of /proc/PID/stat, in ticks, and whether it waits: what has no processor on a busy machine does not. */
function processorOf({ pid }: ChildProcess): { ticks: number; waits: boolean } {
  const fields = stat(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
  return { ticks: Number(fields[11] ?? 0) + Number(fields[12] ?? 0), waits: fields[0] !== 'R' }
}

/** Anonymous pages: those of mapped files are not the process's own. */
function memoryMiB({ pid }: ChildProcess): number {
  const [, resident = '0', shared = '0'] = stat(`/proc/${pid}/statm`).split(' ')
  return (Number(resident) - Number(shared)) * pageMiB
}

function stat(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
