import { lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'

// sockaddr_un holds 108 bytes (linux/un.h); the guest's name and the socket's take up to 45 of them.
const longestDirectory = 60

/**
 * The private directory for what lives as long as guests do: $XDG_RUNTIME_DIR/cryoscope or /tmp/cryoscope-UID,
 * mode 0700 and ours, or an error.
 */
export function runtimeDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const uid = process.getuid?.() ?? 0
  const session = environment.XDG_RUNTIME_DIR
  const wanted = session?.startsWith('/') ? join(session, 'cryoscope') : undefined
  if (
    wanted !== undefined &&
    Buffer.byteLength(wanted) <= longestDirectory &&
    makePrivate(wanted, uid) === undefined
  ) {
    return wanted
  }
  const fallback = `/tmp/cryoscope-${uid}`
  const problem = makePrivate(fallback, uid)
  if (problem === undefined) return fallback
  throw new CryoscopeError(
    'environment',
    `${fallback} ${problem}; remove it, or point XDG_RUNTIME_DIR at a private directory`,
  )
}

/** What is wrong with the directory; nothing when it is ours and private. */
function makePrivate(path: string, uid: number): string | undefined {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return 'cannot be made'
  }
  const status = lstatSync(path)
  if (!status.isDirectory()) return 'is not a directory'
  if (status.uid !== uid) return 'belongs to another user'
  if ((status.mode & 0o077) !== 0) return 'is open to other users'
  return undefined
}

/** Changes with every boot of the host. */
export function hostBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}
