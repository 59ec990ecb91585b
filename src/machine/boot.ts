import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { type Accelerator, chooseAccelerator } from './accelerator.js'
import { checkForArchitecture } from './architecture.js'
import { Console } from './console.js'
import { identify, type ProcessIdentity } from './host-process.js'
import { buildImage, writeImage } from './image.js'
import type { ImageTree } from './image-tree.js'
import { failureLine, readyLine } from './init-script.js'
import { type PreparedKernel, prepareKernel } from './kernel-image.js'
import { resolveKernel } from './kernels.js'
import { lastWords } from './lifeline.js'
import { connectToMonitors } from './monitors.js'
import { type BootOptions, checkBootOptions, mebibyte } from './options.js'
import { type OwnedGuest, own } from './owned-guests.js'
import { findQemu, startQemu, withDefaults } from './qemu.js'
import type { QmpClient } from './qmp.js'
import { type GuestDirectory, type GuestFiles, guestFiles, Registry, writeRecord } from './registry.js'
import { abortable, delay } from './wait.js'

/** A guest that has come up, with the connection to it. */
export interface BootedGuest {
  readonly guest: GuestDirectory
  readonly qemu: ProcessIdentity
  readonly qmp: QmpClient
  /** Undefined for a guest that outlives us. */
  readonly child: ChildProcess | undefined
  readonly accelerator: Accelerator
  /** Lifts the duty to end it with us. */
  readonly disown: () => void
}

/** All that is known before a guest is started. */
export interface BootPlan {
  readonly options: BootOptions
  readonly registry: Registry
  readonly qemu: string
  readonly accelerator: Accelerator
  readonly kernel: PreparedKernel
  readonly image: ImageTree
}

const defaultTimeout = 120_000
// The kernel unpacks the initramfs while the archive still lies beside it.
const kernelNeeds = 96 * mebibyte
const attempts = 2
/** How soon a program that cannot start says so, after the guest is ready. */
const startMilliseconds = 300
const sameMomentMilliseconds = 100
/** The kernel's words when the archive does not fit (init/initramfs.c). */
const unpackFailure = /Initramfs unpacking failed: write error|rootfs image is not initramfs/

/** Starts a guest and waits until it is ready. A boot that dies or hangs is tried once more, and said. */
export async function bootGuest(options: BootOptions, registry = new Registry()): Promise<BootedGuest> {
  if (options.deterministic === true) {
    throw new CryoscopeError(
      'usage',
      'a deterministic guest is more than a machine: start it with boot() of the library',
    )
  }
  const plan = await planBoot(options, registry)
  const { signal, onProgress } = options
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryBoot(plan)
    } catch (error) {
      if (signal?.aborted || attempt === attempts || !(error instanceof BootFailure)) throw error
      onProgress?.(`${error.message}; trying once more`)
    }
  }
}

/** Finds the kernel, the engine and the files of a guest. */
export async function planBoot(options: BootOptions, registry: Registry): Promise<BootPlan> {
  checkBootOptions(options)
  const { signal, onProgress, deterministic = false } = options
  signal?.throwIfAborted()
  for (const sentence of await registry.sweep()) onProgress?.(sentence)
  // Before anything is fetched for it; a kernel given by its path shows itself what it is for.
  if (options.kernel?.includes('/') !== true) findQemu(options.arch)
  const file = await resolveKernel(options.kernel, { arch: options.arch, onProgress, signal })
  const kernel = await prepareKernel(file, options, onProgress)
  const { architecture } = kernel
  checkForArchitecture(options, architecture)
  const qemu = findQemu(architecture)
  const [accelerator, image] = await Promise.all([
    chooseAccelerator(options.accelerator ?? (deterministic ? 'tcg' : 'auto'), {
      qemu,
      cacheDirectory: registry.root,
      architecture,
    }),
    buildImage({
      // What a guest is called here depends on the others; a run that can be repeated does not.
      hostname: deterministic ? 'cryoscope' : (options.name ?? 'cryoscope'),
      architecture,
      signal,
      ...(options.run ? { run: options.run } : {}),
      ...(options.files ? { files: options.files } : {}),
      ...(options.script === undefined ? {} : { script: options.script }),
      ...(onProgress ? { onProgress } : {}),
    }),
  ])
  checkRoom(image.size, withDefaults(options).memoryBytes)
  if (!deterministic) onProgress?.(accelerator.reason)
  return { options, registry, qemu, accelerator, kernel, image }
}

/** A boot that failed in a way that a second try may cure. */
class BootFailure extends CryoscopeError {}

/**
 * Memory in which the guest's files fit while they are unpacked, in MiB: the root takes at most half of what the kernel and the
 * archive leave (mm/shmem.c).
 */
function neededMebibytes(imageBytes: number): number {
  return Math.ceil((kernelNeeds + imageBytes * 3) / mebibyte)
}

/** What cannot fit is refused; whether the rest does depends on what the kernel itself takes. */
function checkRoom(imageBytes: number, memoryBytes: number): void {
  if (kernelNeeds + imageBytes * 2 > memoryBytes)
    throw cramped(imageBytes, memoryBytes, neededMebibytes(imageBytes))
}

function cramped(imageBytes: number, memoryBytes: number, needed: number): CryoscopeError {
  const inMebibytes = (bytes: number) => `${Math.ceil(bytes / mebibyte)} MiB`
  return new CryoscopeError(
    'usage',
    `the guest's files take ${inMebibytes(imageBytes)} and do not fit into its memory of ${inMebibytes(memoryBytes)}; --memory ${needed}M would do`,
  )
}

async function tryBoot(plan: BootPlan): Promise<BootedGuest> {
  const { options, registry, accelerator, kernel } = plan
  const settings = withDefaults(options, kernel.architecture)
  const guest = registry.claim(options.name, {
    created: new Date().toISOString(),
    state: 'starting',
    qemu: null,
    owner: identify(process.pid) ?? null,
    kernel: kernel.release ?? kernel.path,
    accelerator: accelerator.kind,
    cpus: settings.cpus,
    memoryBytes: settings.memoryBytes,
  })
  const { path: directory } = guest
  const files = guestFiles(directory)
  const owned: OwnedGuest = { directory, child: undefined }
  const disown = own(owned)
  let qmp: QmpClient | undefined
  try {
    await writeImage(plan.image, files.initrd, { signal: options.signal })
    for (const file of [files.console, files.outbox]) writeFileSync(file, '', { mode: 0o600 })
    const { name } = guest.record
    const child = startQemu(
      plan.qemu,
      {
        ...settings,
        directory,
        name,
        kernel: kernel.path,
        initrd: files.initrd,
        accelerator: accelerator.kind,
      },
      options.detach === true,
    )
    owned.child = child
    const qemu = await started(child, files)
    const record = { ...guest.record, qemu }
    writeRecord(directory, record)
    qmp = await connectWhenUp(child, files, options.signal)
    await ready(child, files, options, plan.image.size)
    rmSync(files.initrd)
    const done = { ...record, state: 'ready', ...(options.detach ? { owner: null } : {}) } as const
    writeRecord(directory, done)
    if (options.detach) disown()
    return {
      guest: { path: directory, record: done },
      qemu,
      qmp,
      child: options.detach ? undefined : child,
      accelerator,
      disown,
    }
  } catch (error) {
    qmp?.close()
    if (owned.child !== undefined) await ended(owned.child)
    disown()
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

/** Resolves when the process runs. */
export async function started(child: ChildProcess, files: GuestFiles): Promise<ProcessIdentity> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => {
      reject(new CryoscopeError('environment', `cannot start QEMU: ${cause.message}`, { cause }))
    })
  })
  const identity = child.pid === undefined ? undefined : identify(child.pid)
  if (identity === undefined) throw startFailure(files)
  return identity
}

/** Connects to the monitor of a QEMU that is starting. */
export async function connectWhenUp(
  child: ChildProcess,
  files: GuestFiles,
  signal?: AbortSignal,
): Promise<QmpClient> {
  // QEMU opens its gdb socket after its monitors, and listens by then.
  while (!existsSync(files.gdb)) {
    if (child.exitCode !== null || child.signalCode !== null) throw startFailure(files)
    await delay(5, signal)
  }
  return await connectToMonitors(files.monitors, { signal })
}

/** QEMU ended before there was a guest: its words say which option it cannot do, and a second try changes nothing. */
function startFailure(files: GuestFiles): CryoscopeError {
  const words = escapeText(readFileSync(files.log, 'utf8').trim().slice(-1000))
  return new CryoscopeError(
    'guest',
    `QEMU did not start: ${words === '' ? 'it ended without a word' : words}`,
  )
}

async function ready(
  child: ChildProcess,
  files: GuestFiles,
  options: BootOptions,
  imageBytes: number,
): Promise<void> {
  const console = new Console(files.console, () => child.exitCode === null && child.signalCode === null)
  const timeout = options.bootTimeoutMs ?? defaultTimeout
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), timeout)
  const signal = options.signal === undefined ? limit.signal : AbortSignal.any([options.signal, limit.signal])
  const tell = (what: string): CryoscopeError => {
    const { memoryBytes } = withDefaults(options)
    if (unpackFailure.test(console.text())) {
      // What was reckoned before was too little: twice the memory is enough for any way in which it is shared out.
      return cramped(
        imageBytes,
        memoryBytes,
        Math.max(neededMebibytes(imageBytes), (2 * memoryBytes) / mebibyte),
      )
    }
    return new BootFailure('guest', `the guest ${what}; ${lastWords(console)}`)
  }
  const wanted = options.waitFor ?? readyLine
  try {
    const seen = await abortable(firstOf(console, wanted, signal), signal)
    if (seen === undefined) throw tell('died while it booted')
    // Programs start right before the guest says that it is ready: one that cannot run says so a moment later.
    const mayFail = seen === 'wanted' && options.waitFor === undefined && (options.run ?? []).length > 0
    if (mayFail)
      await abortable(console.waitFor(failureLine, { signal: briefly(signal) }), signal).catch(ignoreTime)
    const failure = failureLine.exec(console.text())
    if (seen === 'failure' || (mayFail && failure !== null)) throw runFailure(failure, console)
  } catch (error) {
    if (limit.signal.aborted && !options.signal?.aborted)
      throw tell(`was not ready after ${timeout / 1000} s`)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** What comes first on the console: what is waited for, or that a program of --run or the script has failed. */
async function firstOf(
  console: Console,
  wanted: string | RegExp,
  signal: AbortSignal,
): Promise<'wanted' | 'failure' | undefined> {
  const other = new AbortController()
  const both = { signal: AbortSignal.any([signal, other.signal]) }
  try {
    const seen = console.waitFor(wanted, both).then((found) => found && ('wanted' as const))
    const failed = console.waitFor(failureLine, both).then((found) => found && ('failure' as const))
    seen.catch(() => {})
    failed.catch(() => {})
    const first = await Promise.race([seen, failed])
    if (first !== 'failure') return first
    // Both may stand in what was read at once, and who waits for the words of a failure has them.
    return await Promise.race([seen, delay(sameMomentMilliseconds, signal).then(() => first)])
  } finally {
    other.abort()
  }
}

function briefly(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(startMilliseconds)])
}

function ignoreTime(error: unknown): void {
  if ((error as Error).name !== 'TimeoutError') throw error
}

function runFailure(line: RegExpExecArray | null, console: Console): CryoscopeError {
  const [, name = 'a program', how = 'failed'] = line ?? []
  return new CryoscopeError('guest', `${escapeText(name)} ${escapeText(how)}; ${lastWords(console)}`)
}

/** Kills a QEMU and waits for its end. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.ref()
  child.kill('SIGKILL')
  await exit
}
