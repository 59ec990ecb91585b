/**
 * A tree of files that exist only when somebody looks: what the mount serves, and what anything else may walk. Every
 * content comes from a frozen target, so asking twice gives the same bytes.
 */
export type Node = Directory | File | Link

/** What every node may say of itself beyond its content: extended attributes, by name without the `user.` before it. */
export type Attributes = Readonly<Record<string, string>>

export interface Directory {
  readonly kind: 'directory'
  /** For README.md: what is in here, in a sentence or two. */
  readonly about: string
  readonly attributes?: Attributes
  /** Shows again what a file beside it holds; nobody needs both. */
  readonly isRepetition?: boolean
  /** Names in the order in which they are listed. Listing must not render what is below. */
  names(): Iterable<string>
  /** What has that name; also what is too many to be listed. */
  child(name: string): Node | undefined
  /** What kind of node a listed name is, where that is known without making it: whoever walks a tree asks less then. */
  kindOf?(name: string): Node['kind'] | undefined
}

export interface Link {
  readonly kind: 'link'
  readonly target: string
  readonly attributes?: Attributes
}

export interface File {
  readonly kind: 'file'
  readonly attributes?: Attributes
  /** Memory is read where it lies; everything else is made as a whole, or streamed when it is large. */
  readonly isMemory?: boolean
  /** For README.md: what the file says. */
  readonly about?: string
  /** Bytes; undefined where only reading to the end would tell. Throws CryoscopeError when it cannot be read at all. */
  size(): number | undefined
  /** Finds out a size that `size` does not know, by making the content piece by piece; of a short one there is no piece. */
  readonly measure?: () => Iterable<string | Uint8Array>
  /** Bytes that take room, for sparse files. */
  readonly allocated?: () => number
  /** Throws CryoscopeError when it cannot be read at all. */
  open(): OpenFile
  /** What happens when somebody writes; absent for what is only read. */
  readonly write?: (text: string) => Promise<void> | void
}

export interface OpenFile {
  /** What is read is made while it is read, so it ends with the stop at which the file was opened. */
  readonly isOfOneStop?: boolean
  /** Fills `target` from `offset` on; the answer is the number of bytes, fewer only at the end. Throws CryoscopeError. */
  read(target: Uint8Array, offset: number): number
  close?(): void
}

/** A name and what has it; the maker is called when somebody goes there. */
export type Entry = readonly [name: string, node: Node | (() => Node | undefined)]

interface DirectoryOptions {
  readonly about: string
  readonly attributes?: Attributes
  /** Called once, when somebody looks into the directory. */
  readonly entries: () => Iterable<Entry>
  /** Names beyond those: found, not listed. */
  readonly hidden?: (name: string) => Node | undefined
}

/** A directory whose list is made once, when it is first asked for, and whose nodes are made when somebody goes there. */
export function directory({ about, attributes, entries, hidden }: DirectoryOptions): Directory {
  let listed: Map<string, Node | (() => Node | undefined)> | undefined
  const list = (): NonNullable<typeof listed> => {
    listed ??= new Map(entries())
    return listed
  }
  return {
    kind: 'directory',
    about,
    ...(attributes === undefined ? {} : { attributes }),
    names: () => list().keys(),
    kindOf: (name) => kindOf(list().get(name)),
    child(name) {
      const found = list().get(name)
      if (typeof found !== 'function') return found ?? hidden?.(name)
      const made = found()
      if (made !== undefined) list().set(name, made)
      return made
    },
  }
}

/** Of an entry that is not made yet the kind is not known. */
export function kindOf(node: Node | (() => Node | undefined) | undefined): Node['kind'] | undefined {
  return typeof node === 'function' ? undefined : node?.kind
}

export function link(target: string, attributes?: Attributes): Link {
  return { kind: 'link', target, ...(attributes === undefined ? {} : { attributes }) }
}

/** The node at a path ("/maps/by-id/3"); links are not followed. */
export function nodeAt(root: Directory, path: string): Node | undefined {
  let node: Node | undefined = root
  for (const name of path.split('/')) {
    if (name === '') continue
    if (node?.kind !== 'directory') return undefined
    node = node.child(name)
  }
  return node
}
