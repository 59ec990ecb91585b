import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, isAbsolute, normalize, resolve } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'

interface Holder {
  readonly pid: number
  /** The path as the socket was bound by it. */
  readonly bound: string
}

/**
 * The process that listens at a unix socket: /proc/net/unix gives the socket's inode and the path as it was bound (proc(5)),
 * /proc/PID/fd who holds it. The path may be relative to a directory where that process is no more (-daemonize goes to /), and
 * the socket may have been bound by another process, which gave it away. `proc` is for tests.
 */
export function findListener(path: string, proc = '/proc'): number {
  const wanted = realpathSync(path)
  const holders = holdersOf(wanted, proc)
  const proven = holders.filter(({ pid, bound }) => boundPath(pid, bound, proc) === wanted)
  const [first, ...others] = preferQemu(proven.length > 0 ? proven : holders.filter(isPossible(wanted)), proc)
  if (first === undefined) {
    throw new CryoscopeError(
      'environment',
      `cannot find the process behind ${escapeText(path)}; run as the user who started it`,
    )
  }
  if (proven.length === 0 && others.length > 0) {
    const pids = [first, ...others].map(({ pid }) => pid).join(', ')
    throw new CryoscopeError(
      'environment',
      `which of the processes ${pids} listens at ${escapeText(path)} cannot be told: they bound it by a relative path; give QEMU an absolute one`,
    )
  }
  return first.pid
}

function holdersOf(wanted: string, proc: string): Holder[] {
  const inodes = new Map<string, string>()
  for (const line of readFileSync(`${proc}/net/unix`, 'utf8').split('\n').slice(1)) {
    const [, inode, bound] = /^(?:\S+ +){6}(\d+) (.+)$/.exec(line) ?? []
    if (inode !== undefined && bound !== undefined && basename(bound) === basename(wanted)) {
      inodes.set(`socket:[${inode}]`, bound)
    }
  }
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const bound = openFiles(pid, proc)
        .map((target) => inodes.get(target))
        .find((each) => each !== undefined)
      return bound === undefined ? [] : [{ pid: Number(pid), bound }]
    })
}

/** A relative path whose directory nobody knows any more may be the one that is wanted. */
function isPossible(wanted: string): (holder: Holder) => boolean {
  return ({ bound }) =>
    !isAbsolute(bound) && wanted.endsWith(`/${normalize(bound).replace(/^(\.\.\/)+/, '')}`)
}

/** Whoever bound the socket for QEMU may hold it too. */
function preferQemu(holders: readonly Holder[], proc: string): readonly Holder[] {
  const engines = holders.filter(({ pid }) => /qemu|kvm/.test(commOf(pid, proc)))
  return engines.length > 0 ? engines : holders
}

function commOf(pid: number, proc: string): string {
  try {
    return readFileSync(`${proc}/${pid}/comm`, 'latin1')
  } catch {
    return ''
  }
}

function openFiles(pid: string, proc: string): string[] {
  try {
    return readdirSync(`${proc}/${pid}/fd`).map((name) => readlinkSync(`${proc}/${pid}/fd/${name}`))
  } catch {
    // It ended, or is not ours to look at.
    return []
  }
}

function boundPath(pid: number, bound: string, proc: string): string | undefined {
  try {
    return realpathSync(isAbsolute(bound) ? bound : resolve(readlinkSync(`${proc}/${pid}/cwd`), bound))
  } catch {
    return undefined
  }
}
