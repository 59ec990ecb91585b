import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identify, isAlive, type ProcessIdentity } from '../../machine/host-process.js'
import { runtimeDirectory } from '../../machine/runtime-directory.js'
import { mountedOn, mountType } from './mount-table.js'
import { detachMount } from './unmounting.js'

/** What a mount notes of itself, so that the next command can clean up behind it. */
export interface MountRecord {
  readonly directory: string
  readonly target: string
  /** Who serves it. */
  readonly process: ProcessIdentity
}

/** Hidden, so that guests and mounts do not meet. */
const folder = '.mounts'

export function recordsDirectory(root = runtimeDirectory()): string {
  return join(root, folder)
}

/** Notes a mount of this process; the result forgets it. */
export function recordMount(directory: string, target: string): () => void {
  const place = recordsDirectory()
  mkdirSync(place, { recursive: true, mode: 0o700 })
  const self = identify(process.pid)
  if (self === undefined) return () => {}
  const file = join(place, `${createHash('sha256').update(directory).digest('hex').slice(0, 16)}.json`)
  const record: MountRecord = { directory, target, process: self }
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  renameSync(`${file}.${process.pid}`, file)
  return () => rmSync(file, { force: true })
}

interface Found {
  readonly file: string
  readonly record: MountRecord
}

function allRecords(root?: string): Found[] {
  const place = recordsDirectory(root)
  let names: string[]
  try {
    names = readdirSync(place)
  } catch {
    // Nobody ever mounted anything.
    return []
  }
  return names.flatMap((name) => {
    const file = join(place, name)
    const record = name.endsWith('.json') ? readRecord(file) : undefined
    return record === undefined ? [] : [{ file, record }]
  })
}

function readRecord(file: string): MountRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as MountRecord
    const isWhole =
      typeof value.directory === 'string' && typeof value.target === 'string' && value.process.pid > 1
    return isWhole ? value : undefined
  } catch {
    return undefined
  }
}

/** The record of a mount on this directory. */
export function recordOf(directory: string): MountRecord | undefined {
  return allRecords().find(({ record }) => record.directory === directory)?.record
}

const swept = new Set<string>()

/** Whether this process has cleaned up a dead mount on this directory. */
export function wasSwept(directory: string): boolean {
  return swept.has(directory)
}

/** Takes away mounts whose process is dead, and says so in a sentence for each. */
export async function sweepMounts(root?: string): Promise<string[]> {
  const sentences: string[] = []
  for (const { file, record } of allRecords(root)) {
    if (isAlive(record.process)) continue
    const { directory, target, process: dead } = record
    if (mountedOn(directory)?.type === mountType) {
      try {
        await detachMount(directory)
        swept.add(directory)
        sentences.push(
          `cleaned up ${directory}: process ${dead.pid}, which had ${target} mounted there, ended without unmounting it`,
        )
      } catch (error) {
        sentences.push(`${directory} is a mount of dead process ${dead.pid}: ${(error as Error).message}`)
        continue
      }
    }
    rmSync(file, { force: true })
  }
  return sentences
}
