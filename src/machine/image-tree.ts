import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { CpioEntry } from './cpio.js'

type Node = CpioEntry extends infer Entry ? (Entry extends CpioEntry ? Omit<Entry, 'path'> : never) : never

const mostLinks = 40

/**
 * The file tree of an initramfs while it is put together. Paths are resolved inside the tree: a file put at
 * /bin/ls lands in /usr/bin when the tree's /bin is a link to usr/bin.
 */
export class ImageTree {
  readonly #nodes = new Map<string, Node>()

  directory(path: string, permissions = 0o755): void {
    const place = posix.dirname(this.#place(posix.join(path, 'inside')))
    if (place !== '/') this.#nodes.set(place, { kind: 'directory', permissions })
  }

  file(path: string, content: Uint8Array | string, permissions = 0o644): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    this.#nodes.set(this.#leaf(path), { kind: 'file', permissions, content: bytes })
  }

  symlink(path: string, target: string): void {
    this.#nodes.set(this.#leaf(path), { kind: 'symlink', target })
  }

  characterDevice(path: string, major: number, minor: number): void {
    this.#nodes.set(this.#leaf(path), { kind: 'character-device', permissions: 0o600, major, minor })
  }

  has(path: string): boolean {
    return this.#nodes.has(this.#place(path))
  }

  /** Puts a host file at its own path, with every symbolic link on the way kept as a link. */
  hostProgram(path: string): void {
    this.#hostPath(path, 0)
  }

  /**
   * Copies a host file or directory to a guest path. Links inside a directory stay links; sockets, pipes and devices
   * are left out and named in the result.
   */
  copy(hostPath: string, guestPath: string): string[] {
    const skipped: string[] = []
    this.#copy(hostPath, guestPath, skipped, true)
    return skipped
  }

  /** Absolute paths of everything but directories. */
  *paths(): Generator<string> {
    for (const [path, { kind }] of this.#nodes) if (kind !== 'directory') yield `/${path.replace(/^\/+/, '')}`
  }

  /** Sorted by path, parents first. */
  entries(): CpioEntry[] {
    const paths = [...this.#nodes.keys()].sort((a, b) => (a < b ? -1 : 1))
    return paths.flatMap((path) => {
      const node = this.#nodes.get(path)
      return node === undefined ? [] : [{ path, ...node } as CpioEntry]
    })
  }

  /** Bytes of all files. */
  get size(): number {
    let size = 0
    for (const node of this.#nodes.values()) {
      if (node.kind === 'file')
        size += node.content instanceof Uint8Array ? node.content.length : node.content.size
    }
    return size
  }

  #hostPath(path: string, links: number): void {
    if (links > mostLinks)
      throw new CryoscopeError('usage', `${escapeText(path)} is a circle of symbolic links`)
    let walked = '/'
    const names = path.split('/').filter((name) => name !== '')
    for (const [index, name] of names.entries()) {
      walked = posix.join(walked, name)
      const status = statusOf(walked)
      if (status.isSymbolicLink()) {
        const target = readlinkSync(walked)
        // The tree's own layout (/bin -> usr/bin) stays; a program of the host replaces busybox's.
        const present = this.#nodes.get(this.#place(walked))
        if (present === undefined || isApplet(present)) this.symlink(walked, target)
        const rest = names.slice(index + 1).join('/')
        this.#hostPath(posix.join(posix.resolve(posix.dirname(walked), target), rest), links + 1)
        return
      }
      if (status.isDirectory()) this.directory(walked)
      else if (status.isFile()) this.#hostFile(walked, walked, status)
    }
  }

  #copy(hostPath: string, guestPath: string, skipped: string[], top: boolean): void {
    const link = statusOf(hostPath)
    // The path that was asked for is followed, so that --file LINK:PATH copies what the link means.
    const status = top && link.isSymbolicLink() ? statusOf(hostPath, true) : link
    if (status.isFile()) {
      this.#hostFile(hostPath, guestPath, status)
    } else if (status.isSymbolicLink()) {
      this.symlink(guestPath, readlinkSync(hostPath))
    } else if (status.isDirectory()) {
      this.directory(guestPath, status.mode & 0o7777)
      for (const name of readdirSync(hostPath).sort()) {
        this.#copy(posix.join(hostPath, name), posix.join(guestPath, name), skipped, false)
      }
    } else {
      skipped.push(hostPath)
    }
  }

  #hostFile(hostPath: string, guestPath: string, status: { size: number; mode: number }): void {
    const permissions = status.mode & 0o7777
    // Files of /proc and /sys say size 0 and have bytes.
    const content = status.size === 0 ? readFileSync(hostPath) : { hostPath, size: status.size }
    this.#nodes.set(this.#leaf(guestPath), { kind: 'file', permissions, content })
  }

  /** Where a new leaf goes; a directory is never replaced by something else. */
  #leaf(path: string): string {
    const place = this.#place(path)
    if (place === '/' || this.#nodes.get(place)?.kind === 'directory') {
      throw new CryoscopeError(
        'usage',
        `${escapeText(path)} is a directory in the guest; name a file inside it`,
      )
    }
    return place
  }

  /** The path with links of its parents followed; missing parents are made. */
  #place(path: string): string {
    let place = '/'
    let links = 0
    const rest = components(path)
    while (rest.length > 1) {
      const next = posix.join(place, rest.shift() ?? '')
      const node = this.#nodes.get(next)
      if (next === '/') {
        place = next
      } else if (node === undefined || node.kind === 'directory') {
        if (node === undefined) this.#nodes.set(next, { kind: 'directory', permissions: 0o755 })
        place = next
      } else if (node.kind === 'symlink') {
        if (++links > mostLinks)
          throw new CryoscopeError('usage', `${escapeText(path)} is a circle of symbolic links`)
        if (node.target.startsWith('/')) place = '/'
        rest.unshift(...components(node.target))
      } else {
        throw new CryoscopeError('usage', `${escapeText(next)} is not a directory in the guest`)
      }
    }
    return posix.join(place, rest[0] ?? '')
  }
}

function components(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

function isApplet(node: Node): boolean {
  return node.kind === 'symlink' && node.target === 'busybox'
}

function statusOf(path: string, follow = false) {
  try {
    return follow ? statSync(path) : lstatSync(path)
  } catch (cause) {
    throw new CryoscopeError(
      'usage',
      `cannot read ${escapeText(path)}; give a file or directory of this machine`,
      { cause },
    )
  }
}
