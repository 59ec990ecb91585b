import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BootOptions } from '../../../src/machine/options.js'
import { figureText } from '../../../src/problems.js'
import { boot } from '../../../src/session/guest.js'
import type { Session } from '../../../src/session/session.js'

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope')
export const bpftool = join(cache, 'tools/usr/sbin/bpftool')
export const demoBuild = new URL('../../../examples/scx_demo/build/', import.meta.url).pathname

/** What the guest itself said of its state, written before it was frozen. */
export class GroundTruth {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  has(name: string): boolean {
    return existsSync(join(this.#directory, name))
  }

  bytes(name: string): Buffer {
    return readFileSync(join(this.#directory, name))
  }

  text(name: string): string {
    return readFileSync(join(this.#directory, name), 'latin1')
  }

  /** bpftool's JSON; it writes C types that it cannot show (floats) as bare text. */
  json<T>(name: string): T {
    const text = readFileSync(join(this.#directory, name), 'utf8')
    return JSON.parse(text.replace(/:\(unsupported-kind/g, ':null')) as T
  }

  list(name: string): string[] {
    return readdirSync(join(this.#directory, name))
  }
}

/** What is read, and what it must equal. */
export interface Truth {
  readonly session: Session
  readonly truth: GroundTruth
}

export interface DemoGuest extends AsyncDisposable, Truth {}

/** What a guest must agree with, as the title of a test, and the check. */
export type Comparison = readonly [title: string, compare: (guest: Truth) => void]

/** Lines that run in the guest: the load, and what writes the ground truth then. */
interface GuestLines {
  readonly load?: string
  readonly write?: string
}

const usualLines = { load: 'sh /demo/start.sh 4\nsleep 1', write: 'sh /demo/ground-truth.sh' }

/**
 * Boots the demo with its load, has it write its ground truth while it is paused, and freezes it. Between the two, no
 * map changes.
 */
export async function frozenDemo(options: BootOptions, lines: GuestLines = {}): Promise<DemoGuest> {
  const { load, write } = { ...usualLines, ...lines }
  const suffix = options.arch === undefined ? '' : `-${options.arch}`
  const tool = join(cache, `tools${suffix}/usr/sbin/bpftool`)
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-truth-'))
  const clean = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const script = join(directory, 'script.sh')
    writeFileSync(
      script,
      `for module in /modules/*.ko; do [ ! -f "$module" ] || insmod "$module"; done\n${load}\n${write}\n`,
    )
    const modules = join(cache, 'kernels', `${options.kernel}${suffix}`, 'modules')
    const session = await boot({
      ...options,
      run: [[tool, 'version']],
      files: [`${tool}:/usr/sbin/bpftool`, `${demoBuild}:/demo`, `${modules}:/modules`],
      script,
      waitFor: /cryoscope: ground truth written/,
      bootTimeoutMs: 240_000,
    })
    try {
      await session.freeze()
      await settle(session)
      const archive = session.machine?.outbox ?? ''
      const out = join(directory, 'truth')
      execFileSync('mkdir', [out])
      execFileSync('tar', ['-xf', archive, '-C', out])
      return {
        session,
        truth: new GroundTruth(out),
        async [Symbol.asyncDispose]() {
          await session.close()
          clean()
        },
      }
    } catch (error) {
      await session.close()
      throw error
    }
  } catch (error) {
    clean()
    throw error
  }
}

/**
 * A freeze can come between two stores of one change to a queue or an allocator. Such a stop is told as it is;
 * comparisons need one of the many that have none.
 */
async function settle(session: Session): Promise<void> {
  const isChanging = (): boolean => {
    const { queues, runqueues } = session.sched
    if ([...queues, ...runqueues].some(({ changing }) => changing)) return true
    const states = ['in-flight', 'torn'] as const
    return session.allocators.some(({ reading }) =>
      states.some((state) => figureText(reading.slots.count(state)) !== '0'),
    )
  }
  for (let tries = 0; tries < 50 && isChanging(); tries++) await session.advance({ us: 100 })
}

/** What `npm test` covers: a kernel that KASLR moved, and one that it did not, on two NUMA nodes. */
export const testedKernels = [
  { kernel: '6.18', kaslr: true, nodes: 1 },
  { kernel: '7.0', kaslr: false, nodes: 2 },
] as const

const shared = new Map<string, Promise<DemoGuest>>()

/**
 * The frozen demo on a tested kernel, booted once in a run. It stays frozen: a test that lets its guest run boots its own.
 * The guest ends with the process.
 */
export function sharedDemo(kernel: (typeof testedKernels)[number]['kernel']): Promise<DemoGuest> {
  let guest = shared.get(kernel)
  if (guest === undefined) {
    const tested = testedKernels.find((each) => each.kernel === kernel)
    guest = frozenDemo({ ...tested, cpus: 2, memoryBytes: 2 ** 29 })
    shared.set(kernel, guest)
  }
  return guest
}
