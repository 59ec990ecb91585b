import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { CryoscopeError } from '../../errors.js'
import { openBytes } from './content.js'
import { type Directory, directory, type Entry, type File, link, type Node } from './node.js'

/** Files that are larger are not kept: what they show is in others too, or is memory. */
const fileLimit = 32 * 2 ** 20
const stopLimit = 256 * 2 ** 20
/** Files between two looks at what else is to be done. */
const breath = 16

/** A tree with its contents, packed, as they were when it was taken. */
export interface Snapshot {
  readonly root: Directory
  /** Bytes that it takes. */
  readonly size: number
}

/** Reads a whole tree but for memory. Throws CryoscopeError when it is too large to be kept. */
export async function takeSnapshot(tree: Directory): Promise<Snapshot> {
  let size = 0
  let count = 0

  async function take(node: Node): Promise<Node | undefined> {
    if (++count % breath === 0) await new Promise(setImmediate)
    if (node.kind === 'link') return link(node.target, node.attributes)
    if (node.kind === 'file') return node.isMemory === true ? undefined : takeFile(node)
    const taken: Entry[] = []
    for (const name of node.names()) {
      const child = node.child(name)
      if (child === undefined || (child.kind === 'directory' && child.isRepetition === true)) continue
      const kept = await take(child)
      if (kept !== undefined) taken.push([name, kept])
    }
    const { about, attributes } = node
    return directory({
      about,
      ...(attributes === undefined ? {} : { attributes }),
      entries: () => taken,
    })
  }

  function takeFile(file: File): File | undefined {
    const packed = pack(file)
    if (packed === undefined) return undefined
    size += packed.data.length
    if (size > stopLimit) {
      throw new CryoscopeError(
        'unreadable',
        'this stop is too large to be kept; copy what you need from the mount',
      )
    }
    const { about, attributes } = file
    return {
      kind: 'file',
      ...(about === undefined ? {} : { about }),
      ...(attributes === undefined ? {} : { attributes }),
      size: () => packed.length,
      open: () => openBytes(inflateRawSync(packed.data)),
    }
  }

  const root = await take(tree)
  if (root?.kind !== 'directory') throw new CryoscopeError('unreadable', 'there is nothing to keep')
  return { root, size }
}

/** What cannot be read is left out; `problems` beside it says why. */
function pack(file: File): { readonly data: Uint8Array; readonly length: number } | undefined {
  try {
    const opened = file.open()
    const parts: Uint8Array[] = []
    let length = 0
    for (;;) {
      const part = new Uint8Array(64 * 1024)
      const count = opened.read(part, length)
      if (count === 0) break
      parts.push(part.subarray(0, count))
      length += count
      if (length > fileLimit) {
        opened.close?.()
        return undefined
      }
    }
    opened.close?.()
    return { data: deflateRawSync(Buffer.concat(parts), { level: 1 }), length }
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}
