import type { ChildProcess } from 'node:child_process'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { planBoot } from '../machine/boot.js'
import { identify } from '../machine/host-process.js'
import { writeImage } from '../machine/image.js'
import { readyLine } from '../machine/init-script.js'
import { cacheDirectory } from '../machine/kernels.js'
import type { BootOptions } from '../machine/options.js'
import { type OwnedGuest, own } from '../machine/owned-guests.js'
import { withDefaults } from '../machine/qemu.js'
import { guestFiles, Registry } from '../machine/registry.js'
import { layoutNumber } from './engine/layout.js'
import { MemoryFile } from './engine/memory-file.js'
import { findPlugin } from './engine/plugin.js'
import { Journey, type RunSetup } from './journey.js'
import { RunRecord } from './record.js'
import { identityOf, RunStore } from './run-store.js'

/** Instructions between two checkpoints: half a second of a busy guest's time. */
const usualSpacing = 2 ** 28
const bootTimeout = 600_000

/** Starts a deterministic guest, or takes up its run where it is known from before; it is held when it is ready. */
export async function bootRecord(
  options: BootOptions,
  /** Where runs are kept. */
  runs = join(cacheDirectory(), 'runs'),
): Promise<RunRecord> {
  const { onProgress, signal, seed = 0 } = options
  const registry = new Registry()
  const plan = await planBoot(options, registry)
  const plugin = findPlugin(plan.qemu)
  const settings = withDefaults(options, plan.kernel.architecture)
  const claimed = registry.claim(options.name, {
    created: new Date().toISOString(),
    state: 'starting',
    qemu: null,
    owner: identify(process.pid) ?? null,
    kernel: plan.kernel.release ?? plan.kernel.path,
    accelerator: 'tcg',
    cpus: settings.cpus,
    memoryBytes: settings.memoryBytes,
    deterministic: true,
  })
  const { path: directory, record: guest } = claimed
  const files = guestFiles(directory)
  const owned: OwnedGuest = { directory, child: undefined }
  const disown = own(owned)
  const ram = new MemoryFile(settings.memoryBytes)
  let store: RunStore | undefined
  let journey: Journey | undefined
  try {
    await writeImage(plan.image, files.initrd, { signal })
    const readyText = options.waitFor ?? readyLine
    const machine = {
      ...settings,
      name: guest.name,
      kernel: plan.kernel.path,
      initrd: files.initrd,
      accelerator: 'tcg' as const,
    }
    const setup: RunSetup = { qemu: plan.qemu, plugin, machine, seed, spacing: usualSpacing, readyText }
    const identity = identityOf({
      layout: layoutNumber,
      qemu: versionOf(plan.qemu),
      kernel: hashOf(plan.kernel.path),
      initrd: hashOf(files.initrd),
      settings,
      seed,
      spacing: setup.spacing,
      ready: String(readyText),
    })
    store = await RunStore.open(runs, identity, directory)
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
    const record = new RunRecord({ setup, store, directory, guest, ram, disown, journey })
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

const hashes = new Map<string, string>()

/** SHA-256 of a file's content. */
function hashOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  const key = `${path}\0${mtimeMs}\0${size}\0${ino}`
  let hash = hashes.get(key)
  if (hash === undefined) {
    hash = createHash('sha256').update(readFileSync(path)).digest('hex')
    hashes.set(key, hash)
  }
  return hash
}

function versionOf(qemu: string): string {
  return execFileSync(qemu, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? ''
}
