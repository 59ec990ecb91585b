import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { QmpClient } from './qmp.js'
import { isFlag, isNumber, isText, listOf, optional, recordOf } from './qmp-shape.js'
import { runtimeDirectory } from './runtime-directory.js'
import { delay } from './wait.js'

/** A state of the guest that can be gone back to: memory, registers and devices. */
export interface Checkpoint {
  readonly name: string
  /** ISO 8601, by the host's clock. */
  readonly created: string
  /** What it takes on the scratch disk. */
  readonly bytes: number
  /** How long the guest had run, by its virtual clock. */
  readonly guestMilliseconds: number
}

export interface CheckpointOptions {
  /** Takes the place of a checkpoint that has the name already. */
  readonly replace?: boolean
}

const fileNode = 'cryoscope-scratch-file'
const diskNode = 'cryoscope-scratch'
/** Jobs of ours that move the guest; other programs that look at it hear of them. */
const restoreJob = 'cryoscope-restore'
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
// The state is written behind the end of the disk, so the disk itself can be as small as qcow2 allows.
const diskBytes = 1 << 20
const pollMilliseconds = 10
// QEMU calls a dump finished before it has let go of it.
const dumpTailMilliseconds = 15_000
const dumpWords = 'dump-guest-memory in progress'

const snapshot = recordOf({
  name: isText,
  'date-sec': isNumber,
  'date-nsec': isNumber,
  'vm-state-size': isNumber,
  'vm-clock-sec': isNumber,
  'vm-clock-nsec': isNumber,
})
const blockNodes = listOf(
  recordOf({
    'node-name': optional(isText),
    image: optional(recordOf({ snapshots: optional(listOf(snapshot)) })),
  }),
)
const disk = recordOf({
  device: isText,
  qdev: optional(isText),
  inserted: optional(recordOf({ ro: isFlag })),
})
const jobs = listOf(recordOf({ id: isText, status: isText, error: optional(isText) }))
/** QEMU answers nothing while it saves or loads the memory of a large guest. */
const jobMilliseconds = 600_000

/** Checkpoints, oldest first; none when the guest has no scratch disk yet. */
export async function listCheckpoints(qmp: QmpClient): Promise<Checkpoint[]> {
  return ((await scratchDisk(qmp))?.image?.snapshots ?? []).map((saved) => ({
    name: saved.name,
    created: isoTime(saved['date-sec'] * 1000 + saved['date-nsec'] / 1e6),
    bytes: saved['vm-state-size'],
    guestMilliseconds: saved['vm-clock-sec'] * 1000 + saved['vm-clock-nsec'] / 1e6,
  }))
}

/**
 * Saves the state of a guest that stands still. Without a name it takes the first free of c1, c2, … The scratch disk is
 * made when it is first needed, and has no name in the file system, so it goes with QEMU however that ends.
 */
export async function saveCheckpoint(
  qmp: QmpClient,
  directory: string | undefined,
  name: string | undefined,
  { replace = false }: CheckpointOptions,
): Promise<Checkpoint> {
  if (name !== undefined) checkName(name)
  const known = await listCheckpoints(qmp)
  const chosen = name ?? freeName(known)
  if (known.some((checkpoint) => checkpoint.name === chosen)) {
    if (!replace) {
      throw new CryoscopeError(
        'usage',
        `there is a checkpoint "${chosen}" already; choose another name, delete it, or replace it`,
      )
    }
    await deleteCheckpoint(qmp, chosen)
  }
  await prepareDisk(qmp, directory)
  await saveOnceDumpsEnded(qmp, chosen)
  const saved = (await listCheckpoints(qmp)).find((checkpoint) => checkpoint.name === chosen)
  if (saved === undefined) throw new CryoscopeError('guest', `QEMU saved no checkpoint "${chosen}"`)
  return saved
}

/** Brings the state back. The guest must stand still, and does so afterwards. */
export async function loadCheckpoint(qmp: QmpClient, name: string): Promise<Checkpoint> {
  const checkpoint = await findCheckpoint(qmp, name)
  await job(qmp, restoreJob, 'snapshot-load', { tag: name, vmstate: diskNode, devices: [diskNode] })
  return checkpoint
}

export async function deleteCheckpoint(qmp: QmpClient, name: string): Promise<Checkpoint> {
  const checkpoint = await findCheckpoint(qmp, name)
  await job(qmp, 'cryoscope-delete', 'snapshot-delete', { tag: name, devices: [diskNode] })
  return checkpoint
}

/** Whether an event of QEMU says that a program has brought a checkpoint back. */
export function isRestore(event: string, data: Readonly<Record<string, unknown>>): boolean {
  return event === 'JOB_STATUS_CHANGE' && data.id === restoreJob && data.status === 'concluded'
}

function checkName(name: string): void {
  if (namePattern.test(name)) return
  throw new CryoscopeError(
    'usage',
    `"${escapeText(name)}" cannot name a checkpoint; use up to 64 letters, digits, dots, dashes and underscores`,
  )
}

function freeName(known: readonly Checkpoint[]): string {
  const taken = new Set(known.map(({ name }) => name))
  for (let number = 1; ; number++) if (!taken.has(`c${number}`)) return `c${number}`
}

async function findCheckpoint(qmp: QmpClient, name: string): Promise<Checkpoint> {
  const known = await listCheckpoints(qmp)
  const found = known.find((checkpoint) => checkpoint.name === name)
  if (found !== undefined) return found
  const names = known.map((checkpoint) => checkpoint.name).join(', ')
  throw new CryoscopeError(
    'not-found',
    `there is no checkpoint "${escapeText(name)}"; ${names === '' ? 'none was made yet' : `there are ${names}`}`,
  )
}

/** Text of a moment; empty for one that is none. */
function isoTime(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

async function scratchDisk(qmp: QmpClient) {
  const nodes = await qmp.ask('query-named-block-nodes', blockNodes, { flat: true })
  return nodes.find((node) => node['node-name'] === diskNode)
}

async function prepareDisk(qmp: QmpClient, directory: string | undefined): Promise<void> {
  await refuseOtherDisks(qmp)
  if ((await scratchDisk(qmp)) !== undefined) return
  const file = join(directory ?? runtimeDirectory(), `scratch-${process.pid}.qcow2`)
  try {
    // QEMU would make it readable by others.
    closeSync(openSync(file, 'w', 0o600))
    await qmp.execute('blockdev-add', { driver: 'file', filename: file, 'node-name': fileNode })
    const options = { driver: 'qcow2', file: fileNode, size: diskBytes }
    await job(qmp, 'cryoscope-create', 'blockdev-create', { options })
    await qmp.execute('blockdev-add', { driver: 'qcow2', file: fileNode, 'node-name': diskNode })
  } catch (cause) {
    await qmp.execute('blockdev-del', { 'node-name': fileNode }).catch(() => {})
    throw new CryoscopeError(
      'environment',
      `cannot make a scratch disk for checkpoints at ${escapeText(file)}: ${escapeText((cause as Error).message)}`,
      { cause },
    )
  } finally {
    rmSync(file, { force: true })
  }
}

/** What a guest has written to a disk of its own would stay when its memory goes back. */
async function refuseOtherDisks(qmp: QmpClient): Promise<void> {
  const disks = await qmp.ask('query-block', listOf(disk))
  const writable = disks.filter(({ inserted }) => inserted?.ro === false)
  if (writable.length === 0) return
  const names = writable.map(({ device, qdev }) => device || qdev || 'one without a name').join(', ')
  throw new CryoscopeError(
    'usage',
    `a checkpoint holds memory, registers and devices, and this guest has disks that it writes to (${escapeText(names)}); start it without them, or with snapshot=on`,
  )
}

async function saveOnceDumpsEnded(qmp: QmpClient, name: string): Promise<void> {
  const end = performance.now() + dumpTailMilliseconds
  for (;;) {
    try {
      await job(qmp, 'cryoscope-save', 'snapshot-save', {
        tag: name,
        vmstate: diskNode,
        devices: [diskNode],
      })
      return
    } catch (error) {
      if (!(error as Error).message.includes(dumpWords) || performance.now() > end) throw error
      await delay(50)
    }
  }
}

/** Runs a job of QEMU to its end; its failure becomes an error with QEMU's words. */
async function job(
  qmp: QmpClient,
  id: string,
  command: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  // Another program may be at it, or died at it.
  await ended(qmp, id)
  await qmp.execute(command, { ...args, 'job-id': id })
  const failure = await ended(qmp, id)
  if (failure === undefined) return
  const full = /No space left/.test(failure) ? '; free some room, or delete a checkpoint' : ''
  throw new CryoscopeError('guest', `QEMU's ${command} failed: ${escapeText(failure)}${full}`)
}

/** Waits for the end of a job and puts it away. Jobs of this kind cannot be broken off. */
async function ended(qmp: QmpClient, id: string): Promise<string | undefined> {
  for (;;) {
    const running = await qmp.ask('query-jobs', jobs, {}, { timeoutMs: jobMilliseconds })
    const found = running.find((one) => one.id === id)
    if (found === undefined) return undefined
    if (found.status === 'concluded') {
      await qmp.execute('job-dismiss', { id })
      return found.error
    }
    await delay(pollMilliseconds)
  }
}
