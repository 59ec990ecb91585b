import type { ChildProcess } from 'node:child_process'
import { readlinkSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CryoscopeError, quietly } from '../errors.js'
import { escapeText } from '../text.js'
import { identify, type ProcessIdentity, whyStopped } from './host-process.js'
import { connectToMonitors } from './monitors.js'
import type { BootOptions } from './options.js'
import { QmpClient } from './qmp.js'
import { isAnything, isFlag, isNumber, isText, listOf, recordOf } from './qmp-shape.js'
import { type GuestRecord, guestFiles, Registry, readRecord } from './registry.js'
import { runtimeDirectory } from './runtime-directory.js'
import { findListener } from './socket-owner.js'

/** A guest and the ways to it. */
export interface Connection {
  /** Names the guest in sentences: "guest @vm1". */
  readonly label: string
  readonly record: GuestRecord
  readonly qemu: ProcessIdentity
  readonly qmp: QmpClient
  /** Undefined for a QEMU that cryoscope did not start: its console and outbox are not ours to know. */
  readonly directory: string | undefined
  /** Set when the guest ends with us. */
  readonly child: ChildProcess | undefined
  /** Lifts the duty to end it with us. */
  readonly disown: () => void
  /** Where gdb's protocol is spoken, and a lock file beside it. */
  readonly gdb: () => Promise<{ readonly socket: string; readonly lock: string }>
  /** Takes back what was set up in a QEMU that others started. */
  readonly release?: () => Promise<void>
}

interface ConnectOptions {
  readonly signal?: AbortSignal | undefined
}

/** Starts a guest. */
export async function startConnection(options: BootOptions): Promise<Connection> {
  // Making images and choosing engines is not loaded where a guest is only looked at.
  const { bootGuest } = await import('./boot.js')
  const { guest, qemu, qmp, child, disown } = await bootGuest(options)
  return ours(guest.path, guest.record, qemu, qmp, child, disown)
}

/** Connects to "@name", or to the path of a QMP socket. */
export async function openConnection(target: string, options: ConnectOptions): Promise<Connection> {
  if (target.includes('/')) return await connectToSocket(resolve(target), options)
  const { path, record } = new Registry().find(target)
  return await connectToGuest(path, record, options)
}

async function connectToGuest(
  path: string,
  record: GuestRecord,
  { signal }: ConnectOptions,
): Promise<Connection> {
  const { qemu, owner } = record
  if (record.deterministic === true) {
    throw new CryoscopeError(
      'usage',
      `guest @${record.name} is deterministic and belongs to process ${owner?.pid}: looking from outside would make it another run; record it (cryoscope record) and open the recording`,
    )
  }
  if (qemu === null) throw new CryoscopeError('guest', `guest @${record.name} is still starting; try again`)
  const qmp = await connectToMonitors(guestFiles(path).monitors, {
    signal,
    whySilent: () => whyStopped(qemu.pid),
  })
  return ours(path, record, qemu, qmp, undefined, () => {})
}

function ours(
  directory: string,
  record: GuestRecord,
  qemu: ProcessIdentity,
  qmp: QmpClient,
  child: ChildProcess | undefined,
  disown: () => void,
): Connection {
  const { gdb: socket, gdbLock: lock } = guestFiles(directory)
  return {
    label: `guest @${record.name}`,
    record,
    qemu,
    qmp,
    directory,
    child,
    disown,
    gdb: async () => ({ socket, lock }),
  }
}

async function connectToSocket(path: string, { signal }: ConnectOptions): Promise<Connection> {
  const directory = dirname(path)
  const record = readRecord(directory)
  if (record !== undefined) return await connectToGuest(directory, record, { signal })
  // Asked only when QEMU does not answer: looking through the files of all processes takes a while.
  const whySilent = (): string | undefined => whyStopped(findListener(path))
  const qmp = await QmpClient.connectPatiently(path, { signal, whySilent: () => quietly(whySilent) })
  try {
    const qemu = identify(findListener(path))
    if (qemu === undefined) throw new CryoscopeError('guest', `the QEMU behind ${escapeText(path)} has ended`)
    qmp.whySilent = () => whyStopped(qemu.pid)
    let opened = false
    return {
      label: `the guest at ${escapeText(path)}`,
      record: await describe(qmp, path, qemu),
      qemu,
      qmp,
      directory: undefined,
      child: undefined,
      disown: () => {},
      async gdb() {
        const { added, ...place } = await openGdbServer(qmp, qemu.pid)
        opened ||= added
        return place
      },
      async release() {
        if (opened) await qmp.monitor('gdbserver none')
      },
    }
  } catch (error) {
    qmp.close()
    throw error
  }
}

/** What QEMU tells of a guest that it was started with by someone else. */
async function describe(qmp: QmpClient, path: string, qemu: ProcessIdentity): Promise<GuestRecord> {
  const kvm = await qmp.ask('query-kvm', recordOf({ enabled: isFlag }))
  const cpus = await qmp.ask('query-cpus-fast', listOf(isAnything))
  const memory = await qmp.ask('query-memory-size-summary', recordOf({ 'base-memory': isNumber }))
  return {
    name: basename(path),
    created: statSync(`/proc/${qemu.pid}`).mtime.toISOString(),
    state: 'ready',
    qemu,
    owner: null,
    kernel: 'unknown',
    accelerator: kvm.enabled ? 'kvm' : 'tcg',
    cpus: cpus.length,
    memoryBytes: memory['base-memory'],
  }
}

/** Lets QEMU listen for gdb, in our private directory, unless it does already. */
async function openGdbServer(
  qmp: QmpClient,
  pid: number,
): Promise<{ socket: string; lock: string; added: boolean }> {
  const socket = join(runtimeDirectory(), `.gdb-${pid}`)
  const lock = `${socket}.lock`
  const devices = await qmp.ask('query-chardev', listOf(recordOf({ label: isText, filename: isText })))
  // The name that -gdb and the gdbserver command give to theirs.
  const present = devices.find(({ label }) => label === 'gdb')
  if (present !== undefined) {
    const [, place] = /unix:([^,]+)/.exec(present.filename) ?? []
    if (place !== undefined)
      return { socket: resolve(readlinkSync(`/proc/${pid}/cwd`), place), lock, added: false }
    throw new CryoscopeError(
      'environment',
      `this QEMU listens for gdb at ${escapeText(present.filename)}; start it with -gdb unix:PATH,server=on,wait=off, or without`,
    )
  }
  rmSync(socket, { force: true })
  const words = await qmp.monitor(`gdbserver unix:${socket},server=on,wait=off`)
  if (!/Waiting for gdb/.test(words)) {
    throw new CryoscopeError('guest', `QEMU does not open a gdb server: ${escapeText(words.trim())}`)
  }
  return { socket, lock, added: true }
}
