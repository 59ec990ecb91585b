import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findListener } from '../../src/machine/socket-owner.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-owner-'))
  mkdirSync(join(directory, 'proc/net'), { recursive: true })
  writeFileSync(join(directory, 'qmp.sock'), '')
})
afterEach(() => rmSync(directory, { recursive: true }))

/** Processes by pid: where they are, what they are called, which sockets they hold. */
function processes(
  sockets: Readonly<Record<number, string>>,
  all: Readonly<Record<number, { cwd: string; comm: string; holds: number }>>,
): string {
  const proc = join(directory, 'proc')
  const lines = Object.entries(sockets).map(
    ([inode, path]) => `0000000000000000: 00000002 00000000 00010000 0001 01 ${inode} ${path}`,
  )
  writeFileSync(
    join(proc, 'net/unix'),
    ['Num RefCount Protocol Flags Type St Inode Path', ...lines, ''].join('\n'),
  )
  for (const [pid, { cwd, comm, holds }] of Object.entries(all)) {
    mkdirSync(join(proc, pid, 'fd'), { recursive: true })
    writeFileSync(join(proc, pid, 'comm'), `${comm}\n`)
    symlinkSync(cwd, join(proc, pid, 'cwd'))
    symlinkSync(`socket:[${holds}]`, join(proc, pid, 'fd/7'))
  }
  return proc
}

const socket = (): string => join(directory, 'qmp.sock')

describe('findListener', () => {
  it('takes the process whose directory makes the path whole', () => {
    const all = {
      10: { cwd: directory, comm: 'qemu-system-x86', holds: 501 },
      11: { cwd: '/usr', comm: 'qemu-system-x86', holds: 502 },
    }
    expect(findListener(socket(), processes({ 501: 'qmp.sock', 502: 'qmp.sock' }, all))).toBe(10)
  })

  it('finds a daemon that went to / after it bound the socket by a relative path', () => {
    const all = { 12: { cwd: '/', comm: 'qemu-system-x86', holds: 501 } }
    expect(findListener(socket(), processes({ 501: './qmp.sock' }, all))).toBe(12)
  })

  it('prefers QEMU to whoever bound the socket for it', () => {
    const all = {
      13: { cwd: '/', comm: 'libvirtd', holds: 501 },
      14: { cwd: '/', comm: 'qemu-system-x86', holds: 501 },
    }
    expect(findListener(socket(), processes({ 501: socket() }, all))).toBe(14)
  })

  it('does not guess between daemons, and says when there is none', () => {
    const all = {
      15: { cwd: '/', comm: 'qemu-system-x86', holds: 501 },
      16: { cwd: '/', comm: 'qemu-system-x86', holds: 502 },
    }
    const proc = processes({ 501: 'qmp.sock', 502: 'qmp.sock' }, all)
    expect(() => findListener(socket(), proc)).toThrow(/which of the processes 15, 16 listens/)
    rmSync(join(directory, 'proc/15'), { recursive: true })
    rmSync(join(directory, 'proc/16'), { recursive: true })
    expect(() => findListener(socket(), proc)).toThrow(/cannot find the process behind/)
    // The same name in another directory is another socket.
    const other = { 17: { cwd: '/', comm: 'qemu-system-x86', holds: 503 } }
    expect(() => findListener(socket(), processes({ 503: '/elsewhere/qmp.sock' }, other))).toThrow(
      /cannot find/,
    )
  })
})
