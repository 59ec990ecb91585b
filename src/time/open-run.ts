import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { identify } from '../machine/host-process.js'
import { cacheDirectory } from '../machine/kernels.js'
import { type OwnedGuest, own } from '../machine/owned-guests.js'
import type { withDefaults } from '../machine/qemu.js'
import { guestFiles, Registry } from '../machine/registry.js'
import { countingNumber } from './engine/layout.js'
import { MemoryFile } from './engine/memory-file.js'
import { findPlugin } from './engine/plugin.js'
import type { Moment } from './engine/run.js'
import { Journey, type RunSetup } from './journey.js'
import { RunRecord } from './record.js'
import { identityOf, RunStore } from './run-store.js'

/** Instructions between two checkpoints: half a second of a busy guest's time. */
export const usualSpacing = 2 ** 28
const bootTimeout = 600_000

/** Everything that a run depends on. Two runs of one description are equal to the bit. */
export interface RunDescription {
  readonly settings: ReturnType<typeof withDefaults>
  readonly seed: number
  readonly spacing: number
  /** Whether one vCPU goes on alone now and then (`--preempt`). */
  readonly preempts?: true | undefined
  /** Console text after which the record begins. */
  readonly readyText: string | RegExp
  /** Of the kernel's release, for people. */
  readonly release: string
  /** First line of what QEMU says of its version. */
  readonly engine: string
  readonly kernelHash: string
  readonly initrdHash: string
}

/** Where a record begins, and a hash of RAM there: what another machine's run must equal. */
export interface Proof extends Moment {
  /** SHA-256 of RAM. */
  readonly ram: string
}

export interface OpenRunOptions {
  readonly qemu: string
  readonly kernel: string
  /** Puts the initramfs at that path. */
  readonly writeInitrd: (path: string) => Promise<void>
  readonly describe: (initrd: string) => Promise<RunDescription>
  readonly name?: string | undefined
  /** Where runs are kept. */
  readonly runs?: string | undefined
  readonly bootTimeoutMs?: number | undefined
  readonly proof?: Proof | undefined
  /** How far the run went where it was recorded. */
  readonly end?: Moment | undefined
  readonly onProgress?: ((sentence: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Starts a run, or takes it up where it is known from before; the guest is held where it is ready. */
export async function openRun(
  options: OpenRunOptions,
  memoryBytes: number,
  cpus: number,
): Promise<RunRecord> {
  const { qemu, kernel, onProgress, signal } = options
  const plugin = findPlugin(qemu)
  const registry = new Registry()
  const { path: directory, record: guest } = registry.claim(options.name, {
    created: new Date().toISOString(),
    state: 'starting',
    qemu: null,
    owner: identify(process.pid) ?? null,
    kernel,
    accelerator: 'tcg',
    cpus,
    memoryBytes,
    deterministic: true,
  })
  const files = guestFiles(directory)
  const owned: OwnedGuest = { directory, child: undefined }
  const disown = own(owned)
  const ram = new MemoryFile(memoryBytes)
  let store: RunStore | undefined
  let journey: Journey | undefined
  try {
    await options.writeInitrd(files.initrd)
    const description = await options.describe(files.initrd)
    const { settings, seed, spacing, readyText, preempts = false } = description
    const machine = {
      ...settings,
      name: guest.name,
      kernel,
      initrd: files.initrd,
      accelerator: 'tcg' as const,
    }
    const setup: RunSetup = { qemu, plugin, machine, seed, spacing, readyText, preempts }
    const { release, ...identity } = description
    const id = identityOf({ layout: countingNumber, ...identity, readyText: String(readyText) })
    store = await RunStore.open(options.runs ?? join(cacheDirectory(), 'runs'), id, directory)
    const onChild = (child: ChildProcess): void => {
      owned.child = child
    }
    journey = new Journey(setup, store, { directory, ram, stores: false, onChild })
    const first = store.checkpoints.get(1)
    if (first === undefined) {
      onProgress?.(`booting a deterministic guest with seed ${seed}, emulated instruction by instruction`)
      await journey.boot({ signal, timeoutMs: options.bootTimeoutMs ?? bootTimeout })
    } else {
      onProgress?.(`this run with seed ${seed} is known: going to where the guest is ready`)
      await journey.goTo(first.instructions, { signal })
    }
    const record = new RunRecord({ setup, store, directory, guest, ram, disown, journey, description })
    if (options.proof !== undefined) await prove(record, options.proof)
    if (options.end !== undefined && options.end.instructions > store.end.instructions)
      store.end = options.end
    await record.look()
    return record
  } catch (error) {
    await journey?.end().catch(() => {})
    store?.close()
    ram.close()
    disown()
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

/** Throws where the run is another than the one that was recorded. */
async function prove(record: RunRecord, proof: Proof): Promise<void> {
  const here = await proofOf(record)
  if (here.instructions === proof.instructions && here.ram === proof.ram) return
  throw new CryoscopeError(
    'environment',
    `this machine's QEMU (${record.description.engine}) runs the recording another way: the guest is ready after ${here.instructions} instructions, not ${proof.instructions}, or with other memory; use the QEMU that it was recorded with`,
  )
}

/** What a record that is held where it begins has in memory. */
export async function proofOf(record: RunRecord): Promise<Proof> {
  const { instructions, ns } = record.time
  return { instructions, ns, ram: await hashOfFile(record.memory.path) }
}

/** SHA-256 of a file's content. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 22 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** What a QEMU says of its version. */
export function engineVersion(qemu: string): string {
  return execFileSync(qemu, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? ''
}
