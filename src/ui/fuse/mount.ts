import { readdirSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import type { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'
import { SessionTree } from '../files/tree.js'
import { bind } from './binding.js'
import { checkDevice } from './device/open.js'
import { FileSystem } from './file-system.js'
import { mountedOn, mountType } from './mount-table.js'
import { recordMount, sweepMounts } from './records.js'
import { detachMount } from './unmounting.js'

export interface MountOptions {
  /** Whether `control` and values of maps may be written. */
  readonly writable?: boolean
  /** Whether other users may look; they need `user_allow_other` in /etc/fuse.conf unless root mounts. */
  readonly allowOther?: boolean
  /** Whether files have extended attributes; without them the kernel does not ask for any. Default true. */
  readonly attributes?: boolean
  /** When opening the target began, by performance.now(). */
  readonly opened?: number
}

/** A session that is mounted. */
export interface Mount extends AsyncDisposable {
  readonly directory: string
  /** Resolves when the mount is gone, also when somebody else took it away. */
  readonly ended: Promise<void>
  /** Takes it away; what is mounted stays open. */
  close(): Promise<void>
  /** The same, as the command is called. */
  unmount(): Promise<void>
}

/** Milliseconds between looks at whether the mount is still there; nobody tells us. */
const watchInterval = 1000

/**
 * Shows a session as files on a directory until `close`, or until the process ends. Requests are served by this process's event
 * loop, so code of this process must never read the mount synchronously: it would wait for itself. Throws 'environment'
 * where FUSE does not work, and says what to install.
 */
export async function mount(session: Session, directory: string, options: MountOptions = {}): Promise<Mount> {
  const { writable = false, allowOther = false, attributes = true, opened } = options
  if (writable && session.target.control === undefined) {
    throw new CryoscopeError('usage', 'a dump cannot be written; mount it without --writable')
  }
  checkDevice()
  await sweepMounts()
  const place = await mountPoint(directory)
  const tree = new SessionTree(session, { writable, ...(opened === undefined ? {} : { opened }) })
  const files = new FileSystem(tree, { forAll: allowOther })
  const { name } = session.target
  const binding = await bind({
    directory: place,
    files,
    attributes,
    name: name.replace(/[^A-Za-z0-9@._-]/g, '_'),
    readOnly: !writable,
    // Nobody else gets in unless asked, and then modes count; checking them costs a request for each part of a path.
    forAll: allowOther,
    isFixed: tree.isFixed,
    namesHold: tree.isFixed ? 3600 : 60,
    ...(tree.tellsChanges ? { onChange: (listener) => tree.onChange(listener) } : {}),
  })
  const forget = recordMount(place, name)
  let end: Promise<void> | undefined
  let noteEnd: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    noteEnd = resolve
  })
  const finish = async (isThere: boolean): Promise<void> => {
    clearInterval(watch)
    try {
      if (isThere) await binding.unmount()
    } finally {
      forget()
      await tree.close()
      noteEnd()
    }
  }
  const watch = setInterval(() => {
    if (mountedOn(place)?.type !== mountType) end ??= finish(false)
  }, watchInterval)
  watch.unref()
  void binding.ended?.then(() => {
    end ??= finish(false)
  })
  const close = (): Promise<void> => {
    end ??= finish(mountedOn(place)?.type === mountType)
    return end
  }
  return { directory: place, ended, close, unmount: close, [Symbol.asyncDispose]: close }
}

async function mountPoint(directory: string): Promise<string> {
  await removeStale(resolve(directory))
  const shown = escapeText(directory)
  let place: string
  try {
    place = realpathSync(directory)
    if (!statSync(place).isDirectory()) {
      throw new CryoscopeError('usage', `${shown} is no directory; name an empty one`)
    }
  } catch (cause) {
    if (cause instanceof CryoscopeError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new CryoscopeError('not-found', `there is no directory ${shown}; make it first: mkdir ${shown}`)
    }
    throw new CryoscopeError('unreadable', `cannot use ${shown}: ${message}`, { cause })
  }
  const before = mountedOn(place)
  if (before?.type === mountType) {
    throw new CryoscopeError(
      'state',
      `${escapeText(before.source)} is mounted on ${shown} already; cryoscope unmount ${shown} ends that`,
    )
  }
  if (readdirSync(place).length > 0) {
    throw new CryoscopeError(
      'usage',
      `${shown} is not empty, and its files would be hidden; name an empty directory`,
    )
  }
  return place
}

/** A mount whose process is dead and that nobody noted. */
async function removeStale(place: string): Promise<void> {
  if (mountedOn(place)?.type !== mountType) return
  try {
    statSync(place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTCONN') await detachMount(place)
  }
}
