import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { lastLines } from './console.js'
import {
  commandLine,
  identify,
  isAlive,
  killProcess,
  type ProcessIdentity,
  whyStopped,
} from './host-process.js'
import { Looks } from './looks.js'
import { isFlag, recordOf } from './qmp-shape.js'
import { runtimeDirectory } from './runtime-directory.js'

/** What guest.json says. */
export interface GuestRecord {
  readonly name: string
  /** ISO 8601. */
  readonly created: string
  readonly state: 'starting' | 'ready'
  readonly qemu: ProcessIdentity | null
  /** Whose end is the guest's end; null for a guest left running. */
  readonly owner: ProcessIdentity | null
  /** Release, or the path of the image. */
  readonly kernel: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly cpus: number
  readonly memoryBytes: number
  /** Its owner alone may stop it: a stop from outside would make it another run. */
  readonly deterministic?: boolean
}

/** A guest's private directory, and the files in it. */
export interface GuestDirectory {
  readonly path: string
  readonly record: GuestRecord
}

export interface GuestFiles {
  readonly monitors: readonly string[]
  readonly gdb: string
  readonly gdbLock: string
  readonly looks: string
  readonly looksLock: string
  readonly console: string
  readonly outbox: string
  readonly initrd: string
  readonly log: string
  readonly pid: string
  /** Where its kernel was found the last time. */
  readonly note: string
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/
/** A terminal UI, a prompt or a mount keeps one for as long as it is open; commands wait in line for one. */
const monitorCount = 32

export function guestFiles(directory: string): GuestFiles {
  return {
    monitors: Array.from({ length: monitorCount }, (_, index) => join(directory, `qmp.${index}`)),
    gdb: join(directory, 'gdb'),
    gdbLock: join(directory, 'gdb.lock'),
    looks: join(directory, 'looks'),
    looksLock: join(directory, 'looks.lock'),
    console: join(directory, 'console'),
    outbox: join(directory, 'outbox'),
    initrd: join(directory, 'initrd'),
    log: join(directory, 'qemu.log'),
    pid: join(directory, 'pid'),
    note: join(directory, 'note'),
  }
}

/** Names end in paths, sockets and command lines, so few characters are allowed. */
export function checkGuestName(name: string): void {
  if (!namePattern.test(name)) {
    throw new CryoscopeError(
      'usage',
      `"${escapeText(name)}" cannot name a guest; use up to 32 letters, digits, dots, dashes and underscores`,
    )
  }
}

/** The guests of this user on this machine, one private directory each. */
export class Registry {
  readonly root: string

  constructor(root: string = runtimeDirectory()) {
    this.root = root
  }

  /** Makes a guest's directory. Without a name it takes the first free of vm1, vm2, … */
  claim(name: string | undefined, record: Omit<GuestRecord, 'name'>): GuestDirectory {
    if (name !== undefined) checkGuestName(name)
    for (let number = 1; ; number++) {
      const claimed = this.#tryClaim({ name: name ?? `vm${number}`, ...record })
      if (claimed !== undefined) return claimed
      if (name !== undefined) {
        throw new CryoscopeError(
          'usage',
          `there is a guest @${name} already; stop it, or choose another name`,
        )
      }
    }
  }

  #tryClaim(record: GuestRecord): GuestDirectory | undefined {
    // Filled first and renamed then: a directory under its final name always says whose it is, and
    // rename(2) onto a directory that is not empty fails, so that two processes never share a name.
    const temporary = mkdtempSync(join(this.root, '.new-'))
    writeRecord(temporary, record)
    const path = join(this.root, record.name)
    try {
      renameSync(temporary, path)
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true })
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return undefined
      throw error
    }
    return { path, record }
  }

  /** Every guest that is running now, by name. */
  list(): GuestDirectory[] {
    return this.#all().filter(({ record }) => record.qemu !== null && isAlive(record.qemu))
  }

  /** The running guest of that name, written with or without its @. */
  find(name: string): GuestDirectory {
    const plain = name.replace(/^@/, '')
    checkGuestName(plain)
    const guests = this.list()
    const guest = guests.find(({ record }) => record.name === plain)
    if (guest !== undefined) return guest
    const names = guests.map(({ record }) => `@${record.name}`).join(', ')
    throw new CryoscopeError(
      'not-found',
      `there is no guest @${plain}; ${names === '' ? 'none is running' : `running: ${names}`}`,
    )
  }

  /** Removes what dead owners and dead guests left behind, and says so in a sentence for each. */
  async sweep(): Promise<string[]> {
    const sentences: string[] = []
    for (const { path, record } of this.#all()) {
      const sentence = await sweepGuest(path, record)
      if (sentence !== undefined) sentences.push(sentence)
    }
    for (const name of readdirSync(this.root))
      if (name.startsWith('.new-')) removeIfOld(join(this.root, name))
    return sentences
  }

  #all(): GuestDirectory[] {
    return readdirSync(this.root)
      .sort()
      .flatMap((name) => {
        const path = join(this.root, name)
        const record = namePattern.test(name) ? readRecord(path) : undefined
        return record === undefined ? [] : [{ path, record }]
      })
  }
}

/** Lets a guest run again that a look of a dead process left frozen. */
async function thawLeft(path: string, { name, qemu }: GuestRecord): Promise<string | undefined> {
  const looks = new Looks(guestFiles(path))
  if (!looks.hasDead) return undefined
  // Talking to QEMU is not loaded where there is nothing to say.
  const { connectToMonitors } = await import('./monitors.js')
  try {
    const unlock = await looks.lock()
    try {
      const { living, dead } = looks.find()
      if (living > 0 || dead.length === 0) return undefined
      const qmp = await connectToMonitors(guestFiles(path).monitors, {
        whySilent: () => (qemu === null ? undefined : whyStopped(qemu.pid)),
      })
      try {
        if ((await qmp.ask('query-status', recordOf({ running: isFlag }))).running) return undefined
        await qmp.execute('cont')
      } finally {
        qmp.close()
      }
      return `guest @${name} runs again: process ${dead[0]?.pid}, which held it for a look, was killed`
    } finally {
      unlock()
    }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return `guest @${name} was left frozen by a process that was killed, and cannot be thawed: ${error.message}`
  }
}

async function sweepGuest(path: string, record: GuestRecord): Promise<string | undefined> {
  if (record.owner !== null && isAlive(record.owner)) return await thawLeft(path, record)
  const qemu = record.qemu ?? unrecordedQemu(path)
  const running = qemu !== undefined && isAlive(qemu)
  if (running && record.owner === null) return await thawLeft(path, record)
  if (running && !(await killProcess(qemu))) {
    return `guest @${record.name} was left behind by process ${record.owner?.pid}, and its QEMU (process ${qemu.pid}) cannot be killed; end it by hand`
  }
  const last = lastLines(guestFiles(path).console, 1)[0]
  rmSync(path, { recursive: true, force: true })
  if (record.owner !== null) {
    return `cleaned up guest @${record.name}: process ${record.owner.pid}, which started it, ended without stopping it`
  }
  return `cleaned up guest @${record.name}: it had ended by itself${last === undefined ? '' : `; last console line: ${last}`}`
}

/** The starting process can die between QEMU's start and noting its pid; QEMU itself wrote its pid file. */
function unrecordedQemu(path: string): ProcessIdentity | undefined {
  try {
    const pid = Number(readFileSync(guestFiles(path).pid, 'utf8'))
    return commandLine(pid).some((word) => word.includes(`${path}/`)) ? identify(pid) : undefined
  } catch {
    return undefined
  }
}

function removeIfOld(path: string): void {
  try {
    if (Date.now() - statSync(path).mtimeMs > 60_000) rmSync(path, { recursive: true, force: true })
  } catch {
    // Its maker renamed it just now.
  }
}

export function writeRecord(directory: string, record: GuestRecord): void {
  const file = join(directory, 'guest.json')
  writeFileSync(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** The record of a guest's directory; undefined when it is not one. */
export function readRecord(directory: string): GuestRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, 'guest.json'), 'utf8'))
    return isRecord(value) && value.name === basename(directory) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is GuestRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Partial<Record<keyof GuestRecord, unknown>>
  const identity = (who: unknown): boolean =>
    who === null ||
    (typeof who === 'object' &&
      Number.isSafeInteger((who as ProcessIdentity).pid) &&
      // kill(2) takes 0 and negative numbers for whole groups.
      (who as ProcessIdentity).pid > 1 &&
      typeof (who as ProcessIdentity).startTime === 'string')
  return (
    typeof record.name === 'string' &&
    typeof record.created === 'string' &&
    (record.state === 'starting' || record.state === 'ready') &&
    (record.accelerator === 'kvm' || record.accelerator === 'tcg') &&
    typeof record.kernel === 'string' &&
    typeof record.cpus === 'number' &&
    typeof record.memoryBytes === 'number' &&
    identity(record.qemu) &&
    identity(record.owner)
  )
}
