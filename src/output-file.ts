import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  lstatSync,
  open,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CryoscopeError } from './errors.js'
import { escapeText } from './text.js'

export interface OutputFileOptions {
  /** It tells what is in a guest: only its owner may read it. */
  readonly isSecret?: boolean
  /** Whether a file that is there already is refused. */
  readonly mustBeNew?: boolean
}

/** Bytes: NAME_MAX less what is put around a name. */
const nameLimit = 200
const zeros = new Uint8Array(2 ** 20)
const waitForReader = 2
/** Opening a pipe waits for its other end, which must not hold up everything else. */
const openPath = promisify(open)
/** Descriptors by name, which the system would open a second time. */
const descriptorPath = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/
const standard: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 }

/**
 * A file that somebody named, while it is written. A regular file appears under its name only when it is whole, in the place of
 * what was there: until then it has a name beside it that nobody can guess. Links are followed to the file that they lead to.
 * Devices and pipes are written to as they are. Every method throws CryoscopeError: 'usage' for a place that cannot be meant,
 * 'environment' where writing fails.
 */
export class OutputFile {
  /** As the user wrote it. */
  readonly #shown: string
  readonly #fd: number
  readonly #ownsFd: boolean
  /** Where a regular file goes at the end, and where it is until then. */
  readonly #place: { readonly end: string; readonly part: string } | undefined
  #written = 0
  #isOpen = true

  private constructor(
    shown: string,
    fd: number,
    place?: { readonly end: string; readonly part: string },
    ownsFd = true,
  ) {
    this.#shown = shown
    this.#fd = fd
    this.#place = place
    this.#ownsFd = ownsFd
  }

  /** Waits for a reader where the path is that of a pipe. */
  static async create(
    path: string,
    { isSecret = false, mustBeNew = false }: OutputFileOptions = {},
  ): Promise<OutputFile> {
    const shown = escapeText(path)
    const descriptor = descriptorPath.exec(path)?.[1] ?? standard[path]
    if (descriptor !== undefined) return new OutputFile(shown, Number(descriptor), undefined, false)
    if (path === '') throw new CryoscopeError('usage', 'a file without a name cannot be written; name one')
    try {
      const found = lstatSync(path, { throwIfNoEntry: false })
      if (found === undefined) return await OutputFile.#regular(shown, path, 0o666, isSecret)
      if (mustBeNew) throw new CryoscopeError('usage', `${shown} exists; give another name`)
      const status = statSync(path, { throwIfNoEntry: false })
      if (status === undefined)
        throw new CryoscopeError('usage', `${shown} is a link that leads nowhere; name the file itself`)
      if (status.isDirectory())
        throw new CryoscopeError('usage', `${shown} is a directory; name a file in it`)
      if (status.isSocket()) throw new CryoscopeError('usage', `${shown} is a socket; name a file or a pipe`)
      if (!status.isFile()) {
        // Neither made nor cut: it is what it is.
        return new OutputFile(shown, await openPath(path, constants.O_WRONLY | constants.O_NOCTTY, 0))
      }
      return await OutputFile.#regular(shown, realpathSync(path), status.mode & 0o777, isSecret)
    } catch (cause) {
      if (cause instanceof CryoscopeError) throw cause
      throw new CryoscopeError('usage', `cannot write ${shown}: ${reason(cause)}`, { cause })
    }
  }

  static async #regular(shown: string, end: string, mode: number, isSecret: boolean): Promise<OutputFile> {
    const whole = basename(end)
    const kept = Buffer.byteLength(whole) <= nameLimit ? whole : whole.slice(0, nameLimit / 4)
    const name = `.${kept}.${randomBytes(9).toString('base64url')}.part`
    const part = join(dirname(end), name)
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const fd = await openPath(part, flags, isSecret ? 0o600 : mode)
    const place = { end, part }
    const file = new OutputFile(shown, fd, place)
    // A file that is replaced keeps what its owner allowed.
    if (!isSecret && mode !== 0o666) fchmodSync(fd, mode)
    return file
  }

  /** Where bytes go meanwhile, for a process that writes them itself; undefined for devices and pipes. */
  get partPath(): string | undefined {
    return this.#place?.part
  }

  /** Whether bytes can be written in any order. */
  get isSeekable(): boolean {
    return this.#place !== undefined
  }

  /** Bytes so far, gaps included. */
  get length(): number {
    return this.#written
  }

  /** Writes text or bytes behind what was written. */
  write(data: string | Uint8Array): void {
    this.writeAt(typeof data === 'string' ? Buffer.from(data) : data, this.#written)
  }

  /** Writes bytes at a place. Before the end that works for regular files alone; what is left out reads as zeros. */
  writeAt(bytes: Uint8Array, position: number): void {
    if (this.isSeekable) this.#writeAll(bytes, position)
    else {
      if (position < this.#written)
        throw new CryoscopeError('usage', `${this.#shown} takes bytes only in order; name a file`)
      this.#fill(position)
      this.#writeAll(bytes, null)
    }
    this.#written = Math.max(this.#written, position + bytes.length)
  }

  /** Makes it that long. */
  extend(length: number): void {
    if (length <= this.#written) return
    if (this.isSeekable) this.#try(() => ftruncateSync(this.#fd, length))
    else this.#fill(length)
    this.#written = length
  }

  /** What was written is whole: a regular file gets its name. */
  keep(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      // Some file systems tell only now that there was no room.
      if (this.#ownsFd) closeSync(this.#fd)
      if (this.#place !== undefined) renameSync(this.#place.part, this.#place.end)
    } catch (cause) {
      this.#remove()
      throw this.#failed(cause)
    }
  }

  /** Gives up: nothing is left of a regular file, and what was there before stays. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (this.#ownsFd) {
      try {
        closeSync(this.#fd)
      } catch {
        // Nobody wants what was written.
      }
    }
    this.#remove()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #remove(): void {
    if (this.#place !== undefined) rmSync(this.#place.part, { force: true })
  }

  #fill(end: number): void {
    while (this.#written < end) {
      const count = Math.min(zeros.length, end - this.#written)
      this.#writeAll(zeros.subarray(0, count), null)
      this.#written += count
    }
  }

  #writeAll(bytes: Uint8Array, position: number | null): void {
    this.#try(() => {
      for (let done = 0; done < bytes.length; ) {
        const at = position === null ? null : position + done
        done += writeSome(this.#fd, bytes.subarray(done), at)
      }
    })
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (cause) {
      throw this.#failed(cause)
    }
  }

  #failed(cause: unknown): CryoscopeError {
    const { code } = cause as NodeJS.ErrnoException
    const rest =
      code === 'ENOSPC' || code === 'EDQUOT' ? 'there is no room left; name a place with more' : reason(cause)
    const left = this.#place === undefined ? '' : ', and nothing of it is left behind'
    return new CryoscopeError('environment', `cannot write ${this.#shown}: ${rest}${left}`, { cause })
  }
}

/** Writes text, piece by piece, to a file that somebody named; others have their turn between them. */
export async function writeOutputFile(
  path: string,
  pieces: Iterable<string | Uint8Array>,
  options: OutputFileOptions = {},
): Promise<void> {
  const file = await OutputFile.create(path, options)
  try {
    for (const piece of pieces) {
      file.write(piece)
      await new Promise(setImmediate)
    }
    file.keep()
  } finally {
    file.close()
  }
}

/** A pipe that we inherited may be one that does not wait for its reader. */
function writeSome(fd: number, bytes: Uint8Array, position: number | null): number {
  try {
    return writeSync(fd, bytes, 0, bytes.length, position)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitForReader)
    return 0
  }
}

/** "no such file or directory": what the system says, without its code and call. */
function reason(cause: unknown): string {
  const { message } = cause as Error
  return escapeText(/^[A-Z0-9]+: ([^,]+),/.exec(message)?.[1] ?? message)
}
