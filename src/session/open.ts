import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { CryoscopeError } from '../errors.js'
import type { KernelChoice } from '../kernel/kernels.js'
import { headLength, openByContent } from '../memory/formats.js'
import { isRecording } from '../time/recording-file.js'
import { laidOut } from './layout.js'
import { openRaw } from './raw-image.js'
import { fromNote } from './register-sources.js'
import { Session } from './session.js'

/** How a target is opened, whatever it is. */
export interface OpeningOptions {
  /** Which kernel, where there are two in memory: the one that crashed, its capture kernel, or the physical address of its VMCOREINFO note. */
  readonly kernelAt?: KernelChoice | undefined
}

export interface OpenOptions extends DumpFileOptions {
  /** Files that programs in the target were loaded from: `vm.addObject` says what for. */
  readonly objects?: readonly string[]
  /** Show integers as pointers only where that is proven (`vm.onlyProven`). */
  readonly onlyProven?: boolean
}

/**
 * Opens a target: a dump file, `@name` of a guest that was left running, the QMP socket of a QEMU that others run, or `live`, this machine. Throws CryoscopeError with a sentence that
 * says what the file is when it is none of those.
 */
export async function open(
  target: string,
  { objects = [], onlyProven = false, ...options }: OpenOptions = {},
): Promise<Session> {
  const session = await openTarget(target, options)
  try {
    session.onlyProven = onlyProven
    for (const path of objects) session.addObject(path)
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

async function openTarget(target: string, options: DumpFileOptions): Promise<Session> {
  if (target.startsWith('@')) {
    // Control of guests is loaded only where a guest is meant: dumps open in milliseconds.
    const { connect } = await import('./guest.js')
    return await connect(target, options)
  }
  if (statSync(target, { throwIfNoEntry: false })?.isSocket() === true) {
    const { attach } = await import('./guest.js')
    return await attach(target, options)
  }
  if (target === 'live') return await live()
  if (isRecording(target)) {
    const { openRecorded } = await import('./guest.js')
    return await openRecorded(target)
  }
  return openDump(target, options)
}

/**
 * Opens the running kernel of this machine, which goes on meanwhile: what is read may not fit together, and
 * `session.target.drift` says how much changed. Throws 'environment' where /proc/kcore is missing or forbidden.
 */
export async function live(): Promise<Session> {
  const { openKcore } = await import('../memory/kcore.js')
  const host = openKcore()
  return new Session({
    name: 'live',
    memory: host.memory,
    control: undefined,
    vcpus: () => [],
    vmcoreinfo: host.vmcoreinfo,
    problems: host.problems,
    facts: { format: host.format },
    drift: host.drift,
  })
}

export interface DumpFileOptions extends OpeningOptions {
  /** Of a raw image: PHYSICAL:OFFSET:LENGTH, …; FILE.layout beside it says the same. */
  readonly layout?: string | undefined
}

/** Opens a dump file, whatever its format. */
export function openDump(path: string, { layout, kernelAt }: DumpFileOptions = {}): Session {
  const head = readHead(path)
  const known = openByContent(path, head)
  const dump = known === undefined ? openRaw(path, layout) : laidOut(known, layout)
  if (dump === undefined) {
    throw new CryoscopeError(
      'unreadable',
      `${path} is ${describe(head)}: neither a dump (ELF core, kdump, QEMU stream, LiME) nor RAM in which a kernel proves itself`,
    )
  }
  if (dump.memory.ranges.length === 0) {
    dump.memory.close()
    throw new CryoscopeError(
      'unreadable',
      `${path} holds no memory: ${dump.problems.join('; ') || 'it has no load segments or pages'}`,
    )
  }
  return new Session({
    name: basename(path),
    memory: dump.memory,
    control: undefined,
    vcpus: () => dump.cpus.map(fromNote),
    vmcoreinfo: dump.vmcoreinfo,
    noteAt: dump.noteAt,
    kernelAt,
    cut: dump.cut,
    mayLack: dump.cut === undefined && dump.saysMissing !== true,
    problems: dump.problems,
    facts: { format: dump.format },
  })
}

function readHead(path: string): Buffer {
  try {
    const status = statSync(path)
    if (status.isSocket()) {
      throw new CryoscopeError('usage', `${path} is a socket, not a dump; open it with attach`)
    }
    if (!status.isFile()) throw new CryoscopeError('usage', `${path} is no file`)
    const fd = openSync(path, 'r')
    try {
      const head = Buffer.alloc(headLength)
      return head.subarray(0, readSync(fd, head, 0, head.length, 0))
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (cause instanceof CryoscopeError) throw cause
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT') {
      throw new CryoscopeError(
        'not-found',
        `there is no file ${path}; a target is a dump file, or @name of a guest (cryoscope ps)`,
        { cause },
      )
    }
    if (code === 'EACCES')
      throw new CryoscopeError('environment', `may not read ${path}; run as a user who may`, { cause })
    throw new CryoscopeError('unreadable', `cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** What a file that is no ELF core looks like. */
function describe(head: Buffer): string {
  const magic = head.toString('latin1', 0, 16)
  if (head.length === 0) return 'empty'
  if (magic.startsWith('\x1f\x8b')) return 'gzip data; unpack it first'
  if (magic.startsWith('\x28\xb5\x2f\xfd')) return 'zstd data; unpack it first (zstd -d)'
  return 'no dump format known here'
}
