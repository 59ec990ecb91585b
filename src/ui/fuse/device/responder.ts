import { writeSync } from 'node:fs'
import { CryoscopeError } from '../../../errors.js'
import type { BindingOptions } from '../binding.js'
import { errno, errnoOf, FileError } from '../errno.js'
import type { FileSystem } from '../file-system.js'
import { below, Nodes } from './nodes.js'
import { Notices } from './notices.js'
import {
  attributesSize,
  direntLength,
  entrySize,
  initFlags,
  largestWrite,
  mostPages,
  type Owner,
  opcode,
  openFlags,
  outHeaderSize,
  putAttributes,
  putDirent,
  putEntry,
  putLong,
  type Request,
  setsSize,
} from './protocol.js'

const page = 4096
/** Room for the answer to the largest read. */
const answerSize = outHeaderSize + mostPages * page
/** FUSE_NAME_MAX is 1024; we have none as long. */
const longestName = 255
/** Seconds for which attributes are believed that never change, or of whose change the kernel is told. */
const attributesHold = 3600

/** A directory that is open: what it held when it was opened. */
interface OpenDirectory {
  readonly path: string
  readonly names: readonly Buffer[]
  readonly types: readonly number[]
}

/** Puts an answer into the buffer behind the header: how many bytes it has. Written before anything else is put there. */
type Put = () => number

/** An answer that has to be waited for. */
interface Later {
  readonly ready: Promise<unknown>
  readonly put: Put
}

/** What is done for a request: an answer that is in place, or later. The request is only good until this returns. */
type Work = (request: Request) => number | Later

/** Answers the kernel's requests from a file system. Each answer is written in one call, as the protocol wants it. */
export class Responder {
  readonly #device: number
  readonly #files: FileSystem
  readonly #options: BindingOptions
  readonly #owner: Owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  readonly #notices: Notices
  readonly #nodes = new Nodes()
  readonly #directories = new Map<number, OpenDirectory>()
  readonly #out = Buffer.alloc(answerSize)
  readonly #works: ReadonlyMap<number, Work>
  readonly #hold: { readonly names: number; readonly attributes: number }
  /** Nodes of which the kernel may keep pages that change when the guest runs. */
  readonly #paged = new Set<number>()
  /** How many names the kernel was given of a directory that it may keep. */
  readonly #listed = new Map<number, number>()
  readonly #unwatch: (() => void) | undefined
  #lastDirectory = 0

  constructor(device: number, options: BindingOptions) {
    this.#device = device
    this.#notices = new Notices(device)
    this.#files = options.files
    this.#options = options
    this.#works = this.#table()
    const { isFixed, namesHold, onChange } = options
    this.#hold = { names: namesHold, attributes: isFixed || onChange !== undefined ? attributesHold : 0 }
    this.#unwatch = isFixed ? undefined : onChange?.(() => this.#forgetAttributes())
  }

  /** To be called before the device is closed: nothing is told from then on. */
  end(): void {
    this.#unwatch?.()
  }

  /** The guest has run, or something was written: nothing that the kernel was told is to be believed. */
  #forgetAttributes(): void {
    for (const node of this.#nodes.takeBelieved()) this.#notices.attributesChanged(node)
    for (const node of this.#paged) this.#notices.pagesChanged(node)
    this.#paged.clear()
  }

  take(request: Request): void {
    const { unique, opcode: code } = request
    if (code === opcode.FORGET) this.#forget(request.node, request.long(0))
    else if (code === opcode.BATCH_FORGET) this.#forgetMany(request)
    // None of these has an answer; an interrupt comes too late for what is answered soon anyway.
    if (code === opcode.FORGET || code === opcode.BATCH_FORGET || code === opcode.INTERRUPT) return
    const work = this.#works.get(code)
    if (work === undefined) {
      this.#fail(unique, errno.ENOSYS)
      return
    }
    this.#try(unique, () => {
      const length = work(request)
      if (typeof length === 'number') {
        this.#answer(unique, length)
        return
      }
      length.ready.then(
        () => this.#try(unique, () => this.#answer(unique, length.put())),
        (error) => this.#failed(unique, error),
      )
    })
  }

  #try(unique: bigint, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failed(unique, error)
    }
  }

  #answer(unique: bigint, length: number): void {
    this.#write(unique, 0, length)
  }

  #failed(unique: bigint, error: unknown): void {
    if (process.env.CRYOSCOPE_DEBUG && !(error instanceof CryoscopeError) && !(error instanceof FileError)) {
      console.error(error)
    }
    this.#fail(unique, errnoOf(error))
  }

  #fail(unique: bigint, error: number): void {
    this.#write(unique, error, 0)
  }

  /** struct fuse_out_header, and the answer that stands behind it. */
  #write(unique: bigint, error: number, length: number): void {
    const out = this.#out
    out.writeUInt32LE(outHeaderSize + length, 0)
    out.writeInt32LE(error, 4)
    out.writeBigUInt64LE(unique, 8)
    try {
      writeSync(this.#device, out, 0, outHeaderSize + length)
    } catch {
      // Nobody waits for it any more.
    }
  }

  /** An answer from files that may have to be waited for. */
  #when(ready: Promise<unknown> | undefined, put: Put): number | Later {
    return ready === undefined ? put() : { ready, put }
  }

  #path(node: number): string {
    const path = this.#nodes.path(node)
    if (path === undefined) throw new FileError('ESTALE')
    return path
  }

  /** The path of a request that names a child of its node. */
  #child(request: Request, nameAt = 0): string {
    return below(this.#path(request.node), request.text(nameAt))
  }

  #table(): ReadonlyMap<number, Work> {
    const refuse: Work = () => this.#files.refuse()
    const refused = [
      ...[
        opcode.SYMLINK,
        opcode.MKNOD,
        opcode.MKDIR,
        opcode.UNLINK,
        opcode.RMDIR,
        opcode.RENAME,
        opcode.LINK,
      ],
      ...[
        opcode.CREATE,
        opcode.SETXATTR,
        opcode.REMOVEXATTR,
        opcode.RENAME2,
        opcode.TMPFILE,
        opcode.FALLOCATE,
      ],
    ]
    const works: (readonly [number, Work])[] = [
      [opcode.INIT, (request) => this.#init(request)],
      [opcode.DESTROY, () => 0],
      [opcode.LOOKUP, (request) => this.#lookup(request)],
      [opcode.GETATTR, (request) => this.#attributes(request)],
      [opcode.SETATTR, (request) => this.#change(request)],
      [opcode.READLINK, (request) => this.#link(request)],
      [opcode.OPEN, (request) => this.#open(request)],
      [opcode.READ, (request) => this.#read(request)],
      [opcode.RELEASE, (request) => this.#release(request)],
      [opcode.STATFS, () => this.#statistics()],
      [opcode.OPENDIR, (request) => this.#openDirectory(request)],
      [opcode.READDIR, (request) => this.#list(request, false)],
      [opcode.READDIRPLUS, (request) => this.#list(request, true)],
      [opcode.RELEASEDIR, (request) => this.#releaseDirectory(request)],
      ...refused.map((code) => [code, refuse] as const),
    ]
    if (this.#options.attributes) {
      works.push([opcode.GETXATTR, (request) => this.#attribute(request)])
      works.push([opcode.LISTXATTR, (request) => this.#attributeNames(request)])
    }
    // Of a file system that is mounted read-only the kernel refuses writing itself, and is spared a request at each close(2).
    if (!this.#options.readOnly) {
      works.push([opcode.WRITE, (request) => this.#put(request)])
      works.push([opcode.FLUSH, (request) => this.#flush(request)])
    }
    return new Map(works)
  }

  /** struct fuse_init_out. */
  #init(request: Request): number {
    const [minor, readahead, offered] = [request.word(4), request.word(8), request.word(12)]
    const { ASYNC_READ, BIG_WRITES, DO_READDIRPLUS, READDIRPLUS_AUTO, PARALLEL_DIROPS, MAX_PAGES } = initFlags
    const wanted =
      ASYNC_READ |
      BIG_WRITES |
      DO_READDIRPLUS |
      READDIRPLUS_AUTO |
      PARALLEL_DIROPS |
      MAX_PAGES |
      (this.#options.isFixed ? initFlags.CACHE_SYMLINKS : 0)
    const length = minor < 23 ? 24 : 64
    const out = this.#out.subarray(outHeaderSize, outHeaderSize + length)
    out.fill(0)
    for (const [index, word] of [7, Math.min(minor, 31), readahead, offered & wanted].entries()) {
      out.writeUInt32LE(word >>> 0, index * 4)
    }
    out.writeUInt16LE(16, 16)
    out.writeUInt16LE(12, 18)
    out.writeUInt32LE(largestWrite, 20)
    if (length > 24) {
      out.writeUInt32LE(1, 24)
      out.writeUInt16LE(mostPages, 28)
    }
    return length
  }

  #lookup(request: Request): number | Later {
    const path = this.#child(request)
    return this.#when(this.#files.ready(path), () => {
      const status = this.#files.status(path)
      const node = this.#nodes.tell(path)
      this.#nodes.believe(node)
      putEntry(this.#out, outHeaderSize, node, status, this.#owner, this.#hold)
      return entrySize
    })
  }

  #attributes(request: Request): number | Later {
    const { node } = request
    const path = this.#path(node)
    return this.#when(this.#files.ready(path), () => this.#putStatus(node, path))
  }

  /** struct fuse_attr_out. */
  #putStatus(node: number, path: string): number {
    const status = this.#files.status(path)
    this.#nodes.believe(node)
    this.#out.fill(0, outHeaderSize, outHeaderSize + 16)
    putLong(this.#out, outHeaderSize, this.#hold.attributes)
    putAttributes(this.#out, outHeaderSize + 16, node, status, this.#owner)
    return 16 + attributesSize
  }

  /** Everything that is written replaces what was there; times and modes mean nothing here. */
  #change(request: Request): number | Later {
    const path = this.#path(request.node)
    const { node } = request
    if ((request.word(0) & setsSize) === 0) this.#files.refuse()
    return this.#when(this.#files.ready(path), () => {
      this.#files.truncate(path)
      return this.#putStatus(node, path)
    })
  }

  #link(request: Request): number | Later {
    const path = this.#path(request.node)
    return this.#when(this.#files.ready(path), () => this.#text(this.#files.linkTarget(path)))
  }

  #text(text: string): number {
    return this.#out.write(text, outHeaderSize, 'utf8')
  }

  #open(request: Request): number | Later {
    const { node } = request
    const path = this.#path(node)
    const flags = request.word(0)
    const take = (bytes: Uint8Array, offset: number): boolean => this.#notices.store(node, bytes, offset)
    return this.#when(this.#files.readyToOpen(path, take), () => {
      const { handle, isDirect, keepsCache, isWritten, hasNewSize } = this.#files.open(path, flags)
      if (hasNewSize) this.#notices.attributesChanged(node)
      if (!isDirect && !this.#options.isFixed) this.#paged.add(node)
      return this.#putOpened(
        handle,
        (isDirect ? openFlags.DIRECT_IO : 0) |
          (keepsCache ? openFlags.KEEP_CACHE : 0) |
          (isWritten ? 0 : openFlags.NOFLUSH),
      )
    })
  }

  /** struct fuse_open_out. */
  #putOpened(handle: number, flags: number): number {
    putLong(this.#out, outHeaderSize, handle)
    putLong(this.#out, outHeaderSize + 8, flags)
    return 16
  }

  /** A file that is open shows what it showed when it was opened, or memory as it is. */
  #read(request: Request): number | Later {
    const [handle, offset, size] = [request.long(0), request.long(8), request.word(16)]
    return this.#when(this.#files.readyToRead(handle), () => {
      const end = Math.min(outHeaderSize + size, this.#out.length)
      return this.#files.read(handle, this.#out.subarray(outHeaderSize, end), offset)
    })
  }

  #put(request: Request): Later {
    const [handle, offset, size] = [request.long(0), request.long(8), request.word(16)]
    let count = 0
    const ready = this.#files.write(handle, request.bytes(40, size), offset).then((written) => {
      count = written
    })
    return {
      ready,
      put: () => {
        putLong(this.#out, outHeaderSize, count)
        return 8
      },
    }
  }

  #flush(request: Request): Later {
    return { ready: this.#files.flush(request.long(0)), put: () => 0 }
  }

  #release(request: Request): number {
    this.#files.release(request.long(0))
    return 0
  }

  /** struct fuse_statfs_out: nothing is free. */
  #statistics(): number {
    const length = 80
    this.#out.fill(0, outHeaderSize, outHeaderSize + length)
    this.#out.writeUInt32LE(page, outHeaderSize + 40)
    this.#out.writeUInt32LE(longestName, outHeaderSize + 44)
    this.#out.writeUInt32LE(page, outHeaderSize + 48)
    return length
  }

  #openDirectory(request: Request): number | Later {
    const { node } = request
    const path = this.#path(node)
    return this.#when(this.#files.ready(path), () => {
      const { names, types } = this.#files.listTyped(path)
      const handle = ++this.#lastDirectory
      this.#directories.set(handle, {
        path,
        names: ['.', '..', ...names].map((name) => Buffer.from(name, 'utf8')),
        types: [0o040000, 0o040000, ...types],
      })
      return this.#putOpened(handle, this.#listingFlags(node, names.length))
    })
  }

  /**
   * Where contents never change, the kernel keeps names and asks no more. All that a directory can gain there is `problems`,
   * once something in it could not be read; then the kernel drops what it kept.
   */
  #listingFlags(node: number, count: number): number {
    if (!this.#options.isFixed) return 0
    const isSame = this.#listed.get(node) === count
    this.#listed.set(node, count)
    return openFlags.CACHE_DIR | (isSame ? openFlags.KEEP_CACHE : 0)
  }

  /** Names from an index on, as many as the kernel has room for; with what a lookup of each would say. */
  #list(request: Request, isPlus: boolean): number | Later {
    const [handle, from, size] = [request.long(0), request.long(8), request.word(16)]
    const open = this.#directories.get(handle)
    if (open === undefined) throw new FileError('EBADF')
    const end = Math.min(outHeaderSize + size, this.#out.length)
    return this.#when(isPlus ? this.#files.ready(open.path) : undefined, () => {
      let at = outHeaderSize
      for (let index = from; index < open.names.length; index++) {
        const length = this.#putName(open, index, at, end, isPlus)
        if (length === 0) break
        at += length
      }
      return at - outHeaderSize
    })
  }

  #putName(open: OpenDirectory, index: number, at: number, end: number, isPlus: boolean): number {
    const name = open.names[index] as Buffer
    const mode = open.types[index] ?? 0
    const entry = { node: 0, next: index + 1, name, mode }
    if (!isPlus) return putDirent(this.#out, at, end, entry)
    if (at + entrySize + direntLength(name) > end) return 0
    // Node 0 says that nothing is said; the kernel asks when somebody wants to know.
    this.#out.fill(0, at, at + entrySize)
    const found = index < 2 ? undefined : this.#found(below(open.path, name.toString('utf8')))
    if (found !== undefined) {
      entry.node = this.#nodes.tell(found.path)
      entry.mode = found.status.mode
      this.#nodes.believe(entry.node)
      putEntry(this.#out, at, entry.node, found.status, this.#owner, this.#hold)
    }
    return entrySize + putDirent(this.#out, at + entrySize, end, entry)
  }

  /** What stat says of a path, where it says anything. */
  #found(path: string): { path: string; status: ReturnType<FileSystem['status']> } | undefined {
    try {
      return { path, status: this.#files.status(path) }
    } catch (error) {
      if (error instanceof FileError || error instanceof CryoscopeError) return undefined
      throw error
    }
  }

  #releaseDirectory(request: Request): number {
    this.#directories.delete(request.long(0))
    return 0
  }

  #attribute(request: Request): number | Later {
    const path = this.#path(request.node)
    const [size, name] = [request.word(0), request.text(8)]
    // Labels, capabilities and access lists: who hears that there are none anywhere asks once, not for each file.
    if (!name.startsWith('user.')) throw new FileError('EOPNOTSUPP')
    return this.#when(this.#files.ready(path), () => {
      const value = this.#files.attributes(path)[name]
      if (value === undefined) throw new FileError('ENODATA')
      return this.#sized(Buffer.from(value), size)
    })
  }

  #attributeNames(request: Request): number | Later {
    const path = this.#path(request.node)
    const size = request.word(0)
    return this.#when(this.#files.ready(path), () => {
      const names = Object.keys(this.#files.attributes(path)).map((name) => `${name}\0`)
      return this.#sized(Buffer.from(names.join('')), size)
    })
  }

  /** A value for a buffer of that size; one of no bytes asks for the length (struct fuse_getxattr_out). */
  #sized(value: Buffer, size: number): number {
    if (size === 0) {
      putLong(this.#out, outHeaderSize, value.length)
      return 8
    }
    if (size < value.length) throw new FileError('ERANGE')
    return value.copy(this.#out, outHeaderSize)
  }

  #forgetMany(request: Request): void {
    for (let index = 0; index < request.word(0); index++) {
      this.#forget(request.long(8 + index * 16), request.long(16 + index * 16))
    }
  }

  #forget(node: number, lookups: number): void {
    this.#nodes.forget(node, lookups)
    if (this.#nodes.path(node) === undefined) this.#listed.delete(node)
  }
}
