import { CryoscopeError } from '../../errors.js'
import type { Binding, BindingOptions } from './binding.js'
import { openTold } from './direct-io.js'
import { errno, errnoOf } from './errno.js'
import type { FileSystem, Status } from './file-system.js'
import { detachMount } from './unmounting.js'

type Callback = (error: Error | null) => void
type Signal = (result: number, ...values: unknown[]) => void
type Handler = (operation: Uint8Array, code: number, ...values: unknown[]) => void

/** What is used of fuse-native's class. */
interface FuseClass {
  new (directory: string, operations: Record<string, unknown>, options: { timeout: false }): FuseObject
  unmount(directory: string, done: Callback): void
}

interface FuseObject {
  _makeHandlerArray(): Handler[]
  mount(done: Callback): void
  unmount(done: Callback): void
}

/** FUSE's numbers for operations in fuse-native.c. */
const openCode = 21

/** fuse-native, or what has to be installed. */
export async function loadFuse(): Promise<FuseClass> {
  try {
    // @ts-expect-error an optional package without types
    const module = (await import('fuse-native')) as { default: FuseClass }
    return module.default
  } catch (cause) {
    const { message } = cause as Error
    const what = message.includes('libfuse.so.2')
      ? 'libfuse 2 is not installed (Debian: apt install libfuse2 fuse3)'
      : `fuse-native does not load (${message.split('\n')[0]}): npm install fuse-native, and its library (Debian: apt install libfuse2 fuse3)`
    throw new CryoscopeError('environment', `mounting needs FUSE, and ${what}`, { cause })
  }
}

/** Mounts a file system by libfuse 2 and serves it from this process's event loop. */
export async function bindNative(options: BindingOptions): Promise<Binding> {
  const { directory, files, attributes } = options
  const Fuse = await loadFuse()
  // fuse-native hands the path to a shell.
  Fuse.unmount = (place, done) => {
    detachMount(place).then(() => done(null), done)
  }
  const known = files.writable ? [...readingOperations, ...writingOperations] : readingOperations
  const names = attributes ? known : known.filter((name) => !name.endsWith('xattr'))
  const operations = Object.fromEntries(names.map((name) => [name, () => {}]))
  const handlers = handlersFor(files)

  class Mounted extends Fuse {
    #operation: Uint8Array | undefined

    override _makeHandlerArray(): Handler[] {
      const made = super._makeHandlerArray()
      const open = made[openCode] as Handler
      made[openCode] = (operation, ...rest) => {
        this.#operation = operation
        open(operation, ...rest)
      }
      return made
    }

    _fuseOptions(): string {
      return `-o${mountOptions(options).join(',')}`
    }

    _op_open(signal: Signal, path: string, flags: number): void {
      const operation = this.#operation
      answer(signal, files.readyToOpen(path), () => [0, openTold(files, operation, path, flags)])
    }
  }
  Object.assign(Mounted.prototype, handlers)

  const mounted = new Mounted(directory, operations, { timeout: false })
  await promised((done) => mounted.mount(done), directory)
  return { unmount: () => promised((done) => mounted.unmount(done), directory) }
}

function mountOptions({ name, readOnly, forAll, isFixed, namesHold }: BindingOptions): string[] {
  // Nobody can tell the kernel through libfuse 2 that a guest has run: sizes may not be believed.
  const attributesHold = isFixed ? 60 : 0
  return [
    ...[
      `fsname=${name}`,
      'subtype=cryoscope',
      `attr_timeout=${attributesHold}`,
      `entry_timeout=${namesHold}`,
    ],
    ...(readOnly ? ['ro'] : []),
    ...(forAll ? ['allow_other', 'default_permissions'] : []),
  ]
}

async function promised(start: (done: Callback) => void, directory: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    start((error) => {
      if (error === null || error === undefined) resolve()
      else
        reject(
          new CryoscopeError('environment', `cannot mount on ${directory}: ${error.message}`, {
            cause: error,
          }),
        )
    })
  })
}

const readingOperations = [
  ...['getattr', 'readdir', 'open', 'read', 'release', 'readlink', 'getxattr', 'listxattr', 'statfs'],
]

/** Of a file system that is mounted read-only the kernel refuses these itself, and spares us a request at each close(2). */
const writingOperations = [
  ...['write', 'flush', 'truncate', 'ftruncate', 'create', 'mknod', 'unlink', 'rename', 'mkdir', 'rmdir'],
  ...['symlink', 'link', 'chmod', 'chown', 'utimens', 'setxattr', 'removexattr'],
]

/** Answers a request when the files are ready; failures become error numbers. `failed` stands behind the number then. */
function answer(
  signal: Signal,
  ready: Promise<void> | undefined,
  work: () => unknown[] | Promise<unknown[]>,
  failed: readonly unknown[] = [],
): void {
  const fail = (error: unknown): void => {
    if (process.env.CRYOSCOPE_DEBUG && !(error instanceof CryoscopeError)) console.error(error)
    signal(errnoOf(error), ...failed)
  }
  const run = (): void => {
    try {
      const result = work()
      if (result instanceof Promise) result.then((values) => signal(...(values as [number])), fail)
      else signal(...(result as [number]))
    } catch (error) {
      fail(error)
    }
  }
  if (ready === undefined) run()
  else ready.then(run, fail)
}

/** Replaces fuse-native's own handlers, which copy more and say less. */
function handlersFor(files: FileSystem): Record<string, (signal: Signal, ...values: never[]) => void> {
  const refused = (signal: Signal): void => answer(signal, undefined, () => files.refuse())
  return {
    _op_getattr(signal: Signal, path: string) {
      answer(signal, files.ready(path), () => [0, statArray(files.status(path))], [statArray(undefined)])
    },
    _op_readdir(signal: Signal, path: string) {
      const list = (): unknown[] => {
        const { names, types } = files.listTyped(path)
        return [0, ['.', '..', ...names], [directoryEntry, directoryEntry, ...types.map(typedEntry)]]
      }
      answer(signal, files.ready(path), list, [[], []])
    },
    _op_readlink(signal: Signal, path: string) {
      answer(signal, files.ready(path), () => [0, files.linkTarget(path)], [''])
    },
    _op_read(
      signal: Signal,
      _path: string,
      handle: number,
      buffer: Uint8Array,
      length: number,
      low: number,
      high: number,
    ) {
      // A file that is open shows what it showed when it was opened, or memory as it is.
      answer(
        signal,
        files.readyToRead(handle),
        () => {
          const count = files.read(handle, buffer.subarray(0, length), high * 2 ** 32 + low)
          return [count, count, buffer.buffer]
        },
        [0, buffer.buffer],
      )
    },
    _op_write(
      signal: Signal,
      _path: string,
      handle: number,
      buffer: Uint8Array,
      length: number,
      low: number,
      high: number,
    ) {
      const write = async (): Promise<unknown[]> => {
        const count = await files.write(handle, buffer.subarray(0, length), high * 2 ** 32 + low)
        return [count, count, buffer.buffer]
      }
      answer(signal, undefined, write, [0, buffer.buffer])
    },
    _op_flush(signal: Signal, _path: string, handle: number) {
      answer(signal, undefined, async () => {
        await files.flush(handle)
        return [0]
      })
    },
    _op_release(signal: Signal, _path: string, handle: number) {
      files.release(handle)
      signal(0)
    },
    _op_truncate(signal: Signal, path: string) {
      answer(signal, files.ready(path), () => {
        files.truncate(path)
        return [0]
      })
    },
    _op_ftruncate(signal: Signal, path: string) {
      answer(signal, files.ready(path), () => {
        files.truncate(path)
        return [0]
      })
    },
    _op_getxattr(signal: Signal, path: string, name: string, buffer: Uint8Array) {
      // Labels, capabilities and access lists: who hears that there are none anywhere asks once, not for each file.
      if (!name.startsWith('user.')) return signal(errno.EOPNOTSUPP, buffer.buffer)
      const find = (): unknown[] => {
        const value = files.attributes(path)[name]
        return [value === undefined ? errno.ENODATA : filled(buffer, Buffer.from(value)), buffer.buffer]
      }
      answer(signal, files.ready(path), find, [buffer.buffer])
    },
    _op_listxattr(signal: Signal, path: string, buffer: Uint8Array) {
      const list = (): unknown[] => {
        const names = Object.keys(files.attributes(path)).map((name) => `${name}\0`)
        return [filled(buffer, Buffer.from(names.join(''))), buffer.buffer]
      }
      answer(signal, files.ready(path), list, [buffer.buffer])
    },
    _op_setxattr(signal: Signal, _path: string, _name: string, value: Uint8Array) {
      answer(signal, undefined, () => files.refuse(), [value.buffer])
    },
    _op_statfs(signal: Signal) {
      signal(0, statfsArray())
    },
    // Changing times is what cp -p and touch try; it means nothing here.
    _op_utimens: refused,
    _op_create: refused,
    _op_mknod: refused,
    _op_unlink: refused,
    _op_rename: refused,
    _op_mkdir: refused,
    _op_rmdir: refused,
    _op_symlink: refused,
    _op_link: refused,
    _op_chmod: refused,
    _op_chown: refused,
    _op_removexattr: refused,
  } as Record<string, (signal: Signal, ...values: never[]) => void>
}

/** Copies a value to a caller's buffer; one of no bytes asks for the length. */
function filled(buffer: Uint8Array, value: Uint8Array): number {
  if (buffer.length === 0) return value.length
  if (buffer.length < value.length) return errno.ERANGE
  buffer.set(value)
  return value.length
}

/** fuse-native's form of struct stat: words, 64-bit values in two. */
function statArray(status: Status | undefined): Uint32Array {
  const words = new Uint32Array(18)
  if (status === undefined) return words
  const { mode, size, blocks, links, time } = status
  words[0] = mode
  words[1] = process.getuid?.() ?? 0
  words[2] = process.getgid?.() ?? 0
  put(words, 3, size)
  words[6] = links
  words[9] = 4096
  put(words, 10, blocks)
  for (const at of [12, 14, 16]) put(words, at, time.getTime())
  return words
}

/** What readdir says of a name is its type alone; the few that there are share their words. */
const typedEntries = new Map<number, Uint32Array>()

function typedEntry(type: number): Uint32Array {
  let words = typedEntries.get(type)
  if (words === undefined) {
    words = new Uint32Array(18)
    words[0] = type
    typedEntries.set(type, words)
  }
  return words
}

const directoryEntry = typedEntry(0o040000)

function put(words: Uint32Array, at: number, value: number): void {
  words[at] = value % 2 ** 32
  words[at + 1] = Math.floor(value / 2 ** 32)
}

/** struct statvfs: nothing is free, and names end at 255 bytes. */
function statfsArray(): Uint32Array {
  const words = new Uint32Array(11)
  words[0] = 4096
  words[1] = 4096
  words[10] = 255
  return words
}
