import type { Stats } from 'node:fs'
import koffi from 'koffi'
import { system } from './libc.js'

/** fcntl(2), Linux. */
const F_SETLEASE = 1024
const F_GETLEASE = 1025
const F_RDLCK = 0
const F_UNLCK = 2

const held = new Map<number, () => void>()

/** Leases are told of by SIGIO, which ends a process that does not listen. */
function listen(): void {
  process.on('SIGIO', broken)
}

/** Somebody wants to write to one of the files, and waits until we let go, lease-break-time (45 s) at most. */
function broken(): void {
  for (const [fd, onBreak] of [...held]) {
    if (system().fcntl(fd, F_GETLEASE, 0) === F_RDLCK) continue
    try {
      onBreak()
    } finally {
      release(fd)
    }
  }
}

/**
 * Takes a read lease of an open file: `onBreak` is called before anybody can write to the file or cut it. `written` where
 * somebody has it open for writing, `none` where it belongs to somebody else or its file system knows no leases.
 */
export function lease(fd: number, onBreak: () => void): 'taken' | 'written' | 'none' {
  // Signals come to the main thread only.
  if (!process.getBuiltinModule('node:worker_threads').isMainThread) return 'none'
  if (held.size === 0) listen()
  if (system().fcntl(fd, F_SETLEASE, F_RDLCK) !== 0) {
    const isWritten = koffi.errno() === koffi.os.errno.EAGAIN
    if (held.size === 0) process.off('SIGIO', broken)
    return isWritten ? 'written' : 'none'
  }
  held.set(fd, onBreak)
  return 'taken'
}

/** Gives a lease back; nothing where there is none. */
export function release(fd: number): void {
  if (!held.delete(fd)) return
  system().fcntl(fd, F_SETLEASE, F_UNLCK)
  if (held.size === 0) process.off('SIGIO', broken)
}

/** Whether others than this user may write to a file: its owner, its group, everybody. */
export function isWritableByOthers({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean {
  return uid !== process.geteuid?.() || (mode & 0o022) !== 0
}
