/** Getting hold of /dev/fuse with something mounted on it. */
import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import koffi from 'koffi'
import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import type { BindingOptions } from '../binding.js'
import { errorText, lastError, libc } from './system.js'

// include/uapi/linux/mount.h
const MS_RDONLY = 1
const MS_NOSUID = 2
const MS_NODEV = 4
// include/linux/socket.h
const AF_UNIX = 1
const SOCK_STREAM = 1
const SOL_SOCKET = 1
const SCM_RIGHTS = 1

/** Throws 'environment' where /dev/fuse is not there or may not be opened. */
export function checkDevice(): void {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code !== 'ENOENT'
    const what = isThere ? 'this user may not open /dev/fuse' : 'there is no /dev/fuse here: modprobe fuse'
    throw new CryoscopeError('environment', `mounting needs FUSE, and ${what}`, { cause })
  }
}

/** Mounts on a directory: the descriptor through which the kernel asks. Root does it itself, others by fusermount3. */
export async function openDevice(options: BindingOptions): Promise<number> {
  return process.getuid?.() === 0 ? mountAsRoot(options) : await mountByHelper(options)
}

function mountAsRoot({ directory, name, readOnly, forAll }: BindingOptions): number {
  const device = openSync('/dev/fuse', constants.O_RDWR)
  const words = [
    `fd=${device}`,
    'rootmode=40000',
    `user_id=${process.getuid?.() ?? 0}`,
    `group_id=${process.getgid?.() ?? 0}`,
    ...(forAll ? ['allow_other', 'default_permissions'] : []),
  ]
  const flags = MS_NOSUID | MS_NODEV | (readOnly ? MS_RDONLY : 0)
  if (libc().mount(name, directory, 'fuse.cryoscope', flags, words.join(',')) === 0) return device
  const why = errorText(lastError())
  closeSync(device)
  throw new CryoscopeError('environment', `cannot mount on ${escapeText(directory)}: ${why}`)
}

/** fusermount3 mounts for ordinary users, and hands the descriptor over a socket (libfuse, util/fusermount.c). */
async function mountByHelper({ directory, name, readOnly, forAll }: BindingOptions): Promise<number> {
  const words = [`fsname=${name}`, 'subtype=cryoscope', 'nosuid', 'nodev']
  if (readOnly) words.push('ro')
  if (forAll) words.push('allow_other', 'default_permissions')
  const pair = Buffer.alloc(8)
  if (libc().socketpair(AF_UNIX, SOCK_STREAM, 0, pair) !== 0) {
    throw new CryoscopeError('environment', `cannot make a socket for fusermount3: ${errorText(lastError())}`)
  }
  const [ours, theirs] = [pair.readInt32LE(0), pair.readInt32LE(4)]
  try {
    let problem: string | undefined
    try {
      problem = await helper(['-o', words.join(','), '--', directory], theirs)
    } finally {
      closeSync(theirs)
    }
    if (problem !== undefined) {
      throw new CryoscopeError('environment', `cannot mount on ${escapeText(directory)}: ${problem}`)
    }
    return receiveDescriptor(ours)
  } finally {
    closeSync(ours)
  }
}

/** Runs fusermount3 with the socket as its descriptor 3; why it failed. */
async function helper(words: readonly string[], socket: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const child = spawn('fusermount3', words, {
      stdio: ['ignore', 'ignore', 'pipe', socket],
      env: { ...process.env, _FUSE_COMMFD: '3' },
    })
    let said = ''
    child.stderr?.on('data', (text: Buffer) => {
      said += text.toString('utf8')
    })
    child.once('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = error.code === 'ENOENT'
      resolve(
        isAbsent
          ? 'fusermount3 is not installed, which mounts for users (Debian: apt install fuse3)'
          : error.message,
      )
    })
    child.once('close', (code) => {
      if (code === 0) resolve(undefined)
      else resolve(escapeText(said.trim().replace(/^fusermount3: /, '')) || `fusermount3 ended with ${code}`)
    })
  })
}

/** One descriptor out of a message (recvmsg(2), cmsg(3)); sizes are those of 64-bit Linux. */
function receiveDescriptor(socket: number): number {
  const byte = Buffer.alloc(1)
  const vector = Buffer.alloc(16)
  const control = Buffer.alloc(24)
  const message = Buffer.alloc(56)
  vector.writeBigUInt64LE(koffi.address(byte), 0)
  vector.writeBigUInt64LE(1n, 8)
  message.writeBigUInt64LE(koffi.address(vector), 16)
  message.writeBigUInt64LE(1n, 24)
  message.writeBigUInt64LE(koffi.address(control), 32)
  message.writeBigUInt64LE(BigInt(control.length), 40)
  const count = libc().recvmsg(socket, message, 0)
  const isDescriptor = control.readInt32LE(8) === SOL_SOCKET && control.readInt32LE(12) === SCM_RIGHTS
  if (count < 0 || control.readBigUInt64LE(0) < 20n || !isDescriptor) {
    throw new CryoscopeError(
      'environment',
      'fusermount3 mounted and gave no descriptor; unmount with fusermount3 -u',
    )
  }
  return control.readInt32LE(16)
}
