import { CryoscopeError } from '../../errors.js'
import { type Directory, type File, type Node, nodeAt, type OpenFile } from '../files/node.js'
import { FileError } from './errno.js'
import { Handing } from './handing.js'

/** Where the files come from. */
export interface FileSource {
  readonly root: Directory
  /** Grows whenever contents may have changed. */
  readonly generation: number
  /** When the present contents came to be. */
  readonly time: Date
  /** Contents never change: the kernel may keep what it has read. */
  readonly isFixed: boolean
  readonly writable: boolean
  /** To be awaited before files are looked at; undefined when there is nothing to wait for. */
  ready(): Promise<void> | undefined
  /** Contents stay as they are during the work, unless somebody changes them on purpose. */
  during<T>(work: () => Promise<T>): Promise<T>
}

/** stat(2), as far as it is ours. */
export interface Status {
  readonly mode: number
  readonly size: number
  /** Of 512 bytes. */
  readonly blocks: number
  readonly links: number
  readonly time: Date
}

export interface Opened {
  readonly handle: number
  /** The kernel must not go by the size that it knows. */
  readonly isDirect: boolean
  /** What the kernel read when the file was open before still holds. */
  readonly keepsCache: boolean
  /** Something may be written to it. */
  readonly isWritten: boolean
  /** Its length was found out for this opening; what was said of it before is wrong. */
  readonly hasNewSize: boolean
}

/** Takes a part of a file; false when it cannot, and then it is asked no more. */
export type Take = (bytes: Uint8Array, offset: number) => boolean

interface Handle {
  readonly node: File
  readonly path: string
  readonly file: OpenFile | undefined
  readonly generation: number
  readonly isDirect: boolean
  pending: Buffer | undefined
}

const S_IFDIR = 0o040000
const S_IFREG = 0o100000
const S_IFLNK = 0o120000
const typeBits = { directory: S_IFDIR, file: S_IFREG, link: S_IFLNK } as const
const accessModes = 3
/** Milliseconds for which the length of a stream is counted before others have their turn. */
const countingTime = 10
/** What is written to a file is a JSON document or a command. */
const writeLimit = 16 * 2 ** 20

/** File operations on a tree, by path, as FUSE asks for them. Failures are thrown: FileError, CryoscopeError. */
export class FileSystem {
  readonly #source: FileSource
  readonly #all: boolean
  readonly #handles = new Map<number, Handle>()
  /** Files whose length is being counted. */
  readonly #counting = new Map<File, Promise<void>>()
  /** Paths of files of which the kernel was told no length, for nobody knew it; a file may have several. */
  readonly #unsized = new Set<string>()
  #last = 0

  /** `forAll`: files say that everybody may read them. */
  constructor(source: FileSource, { forAll = false }: { forAll?: boolean } = {}) {
    this.#source = source
    this.#all = forAll
  }

  get writable(): boolean {
    return this.#source.writable
  }

  /** Files that are open. */
  get openCount(): number {
    return this.#handles.size
  }

  ready(path: string): Promise<void> | undefined {
    // What is true of a guest that runs is no reason to stop it.
    return path === '/' || path === '/control' ? undefined : this.#source.ready()
  }

  status(path: string): Status {
    const node = this.#node(path)
    const { time } = this.#source
    if (node.kind === 'directory') {
      return { mode: S_IFDIR | (this.#all ? 0o555 : 0o500), size: 4096, blocks: 8, links: 2, time }
    }
    if (node.kind === 'link') {
      return { mode: S_IFLNK | 0o777, size: Buffer.byteLength(node.target), blocks: 0, links: 1, time }
    }
    const known = safely(() => node.size())
    if (known === undefined) this.#unsized.add(path)
    else this.#unsized.delete(path)
    // What cannot be read has no size; opening it says why.
    const size = known ?? 0
    const readable = this.#all ? 0o444 : 0o400
    const mode = S_IFREG | readable | (node.write === undefined ? 0 : 0o200)
    const allocated = node.allocated?.() ?? size
    return { mode, size, blocks: Math.ceil(allocated / 512), links: 1, time }
  }

  list(path: string): string[] {
    const node = this.#node(path)
    if (node.kind !== 'directory') throw new FileError('ENOTDIR')
    return [...node.names()]
  }

  /** Names with their types as bits of a mode, 0 where a type is not known before somebody goes there. */
  listTyped(path: string): { readonly names: readonly string[]; readonly types: readonly number[] } {
    const names = this.list(path)
    const node = this.#node(path)
    const kind = (name: string) => (node.kind === 'directory' ? node.kindOf?.(name) : undefined)
    const types = names.map((name) => {
      const found = kind(name)
      return found === undefined ? 0 : typeBits[found]
    })
    return { names, types }
  }

  linkTarget(path: string): string {
    const node = this.#node(path)
    if (node.kind !== 'link') throw new FileError('EINVAL')
    return node.target
  }

  /** Extended attributes by their full names. */
  attributes(path: string): Readonly<Record<string, string>> {
    const { attributes = {} } = this.#node(path)
    return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`user.${name}`, value]))
  }

  /**
   * The length of a stream is counted before it is opened: tar and others ask for it then, and believe it. Asking for it
   * alone counts nothing, so that listing a directory costs nothing. What is made for that goes to `take`, where contents
   * never change: whoever has taken all of it knows the length, too.
   */
  readyToOpen(path: string, take?: Take): Promise<void> | undefined {
    const ready = this.ready(path)
    return ready === undefined ? this.#measured(path, take) : ready.then(() => this.#measured(path, take))
  }

  #measured(path: string, take: Take | undefined): Promise<void> | undefined {
    const node = nodeAt(this.#source.root, path)
    if (node?.kind !== 'file' || node.measure === undefined || safely(() => node.size()) !== undefined) {
      return undefined
    }
    let counting = this.#counting.get(node)
    if (counting === undefined) {
      counting = this.#source
        .during(() => this.#count(node, path, this.#source.isFixed ? take : undefined))
        .finally(() => {
          this.#counting.delete(node)
        })
      this.#counting.set(node, counting)
    }
    return counting
  }

  async #count(node: File, path: string, take: Take | undefined): Promise<void> {
    const { generation } = this.#source
    const handing = take === undefined ? undefined : new Handing(take)
    try {
      let end = performance.now() + countingTime
      for (const piece of node.measure?.() ?? []) {
        handing?.add(piece)
        if (performance.now() < end) continue
        await new Promise(setImmediate)
        // What is counted is gone.
        if (this.#source.generation !== generation) return
        end = performance.now() + countingTime
      }
      if (handing?.end() === node.size()) this.#unsized.delete(path)
    } catch (error) {
      // Opening it says why.
      if (!(error instanceof CryoscopeError)) throw error
    }
  }

  open(path: string, flags: number): Opened {
    const node = this.#node(path)
    if (node.kind === 'directory') throw new FileError('EISDIR')
    if (node.kind === 'link') throw new FileError('EINVAL')
    const hasSize = safely(() => node.size()) !== undefined
    const hasNewSize = hasSize && this.#unsized.has(path)
    // The kernel keeps what it knows of a file that never changes, and asks again when it is told that this is old:
    // it looks the path up anew and opens once more (open(2) sees nothing of that).
    if (hasNewSize && this.#source.isFixed) throw new FileError('ESTALE')
    const mode = flags & accessModes
    if (mode !== 0) this.#requireWritable(node)
    const file = mode === 1 ? undefined : node.open()
    const handle = this.#free()
    // Of a stream whose length is known and that never changes the kernel may keep pages, as of any file.
    const isStream =
      file?.isOfOneStop === true && node.isMemory !== true && !(this.#source.isFixed && hasSize)
    // The kernel goes on believing the size that a stream had before it was read: none. And when the guest has run, it
    // takes the new contents' size for the end of the old, which whoever opened them before still reads whole.
    const mayChange = !this.#source.isFixed && node.isMemory !== true
    const isDirect = isStream || mayChange || mode !== 0 || !hasSize
    const { generation } = this.#source
    this.#handles.set(handle, { node, path, file, generation, isDirect, pending: undefined })
    const keepsCache = this.#source.isFixed && !isDirect
    return { handle, isDirect, keepsCache, isWritten: mode !== 0, hasNewSize }
  }

  /** Whole contents were made when the file was opened; everything else comes from the target as it is read. */
  readyToRead(handle: number): Promise<void> | undefined {
    const opened = this.#handles.get(handle)
    const isMade = opened?.file?.isOfOneStop !== true && opened?.node.isMemory !== true
    return isMade ? undefined : this.#source.ready()
  }

  /** Bytes read; fewer than asked for only at the end of the file. */
  read(handle: number, target: Uint8Array, offset: number): number {
    const { file, generation, isDirect } = this.#handle(handle)
    if (file === undefined) throw new FileError('EBADF')
    const isOld = generation !== this.#source.generation
    // What the kernel keeps of a file is cut at the size that it has now.
    if (isOld && (file.isOfOneStop === true || !isDirect)) throw new FileError('ESTALE')
    return file.read(target, offset)
  }

  /** Commands are obeyed at once, so that whoever writes sees how it went; documents when the file is closed. */
  async write(handle: number, bytes: Uint8Array, offset: number): Promise<number> {
    const opened = this.#handle(handle)
    if (opened.node.write === undefined) throw new FileError('EBADF')
    if (opened.path === '/control') {
      await opened.node.write(Buffer.from(bytes).toString('utf8'))
      return bytes.length
    }
    const end = offset + bytes.length
    if (end > writeLimit) throw new FileError('EFBIG')
    const before = opened.pending ?? Buffer.alloc(0)
    const pending = Buffer.alloc(Math.max(before.length, end))
    pending.set(before)
    pending.set(bytes, offset)
    opened.pending = pending
    return bytes.length
  }

  /** close(2): what was written takes effect. */
  async flush(handle: number): Promise<void> {
    const opened = this.#handle(handle)
    const { pending, node } = opened
    opened.pending = undefined
    if (pending !== undefined) await node.write?.(pending.toString('utf8'))
  }

  release(handle: number): void {
    this.#handles.get(handle)?.file?.close?.()
    this.#handles.delete(handle)
  }

  /** Everything that is written replaces what was there, so there is nothing to cut. */
  truncate(path: string): void {
    const node = this.#node(path)
    if (node.kind !== 'file') throw new FileError('EISDIR')
    this.#requireWritable(node)
  }

  /** Files come and go with the target alone. */
  refuse(): never {
    throw new FileError(this.#source.writable ? 'EACCES' : 'EROFS')
  }

  #requireWritable(node: File): void {
    if (node.write === undefined) this.refuse()
  }

  #node(path: string): Node {
    const node = nodeAt(this.#source.root, path)
    if (node === undefined) throw new FileError('ENOENT')
    return node
  }

  #handle(handle: number): Handle {
    const opened = this.#handles.get(handle)
    if (opened === undefined) throw new FileError('EBADF')
    return opened
  }

  /** Handles are 31 bits, and 0 means none. */
  #free(): number {
    do this.#last = (this.#last % 0x7fffffff) + 1
    while (this.#handles.has(this.#last))
    return this.#last
  }
}

function safely<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}
