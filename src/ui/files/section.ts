import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import { type ContentCache, openBytes, wholeFile } from './content.js'
import { type Attributes, type Directory, type Entry, type File, kindOf, type Node } from './node.js'
import { readme } from './readme.js'

/** Sentences about what could not be read, each once. */
export class ProblemNotes {
  readonly #limit = 1000
  readonly #sentences = new Set<string>()

  add(where: string, why: string): void {
    if (this.#sentences.size < this.#limit) this.#sentences.add(`${escapeText(where)}: ${escapeText(why)}`)
  }

  get isEmpty(): boolean {
    return this.#sentences.size === 0
  }

  get text(): string {
    return [...this.#sentences].map((sentence) => `${sentence}\n`).join('')
  }
}

interface SectionOptions {
  readonly title: string
  /** What is in here, in a sentence or two. */
  readonly about: string
  /** For README.md: directories in here, by name or by pattern (`<pid>/`), and what each is. */
  readonly parts?: readonly (readonly [name: string, about: string])[]
  /** Commands that show the same; README.md takes their lines from the command line's own help. */
  readonly commands?: readonly string[]
  readonly attributes?: Attributes
  readonly isRepetition?: boolean
  readonly cache: ContentCache
  readonly entries: (notes: ProblemNotes) => Iterable<Entry>
  readonly hidden?: (name: string, notes: ProblemNotes) => Node | undefined
}

/**
 * A directory with the two files that every directory has: README.md, and `problems` once something in it could not be
 * read. A list that cannot be made is empty, and says so there.
 */
export function section(options: SectionOptions): Directory {
  const { title, about, parts = [], commands = [], attributes, cache, hidden } = options
  const notes = new ProblemNotes()
  let listed: Map<string, Node | (() => Node | undefined)> | undefined
  const list = (): NonNullable<typeof listed> => {
    if (listed !== undefined) return listed
    listed = new Map()
    try {
      for (const [name, node] of options.entries(notes)) listed.set(name, watched(name, node, notes))
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      notes.add(title, error.message)
    }
    return listed
  }
  const self: Directory = {
    kind: 'directory',
    about,
    isRepetition: options.isRepetition ?? false,
    ...(attributes === undefined ? {} : { attributes }),
    *names() {
      yield 'README.md'
      yield* list().keys()
      if (!notes.isEmpty) yield 'problems'
    },
    kindOf: (name) => (name === 'README.md' || name === 'problems' ? 'file' : kindOf(list().get(name))),
    child(name) {
      if (name === 'README.md') return aboutFile
      const found = list().get(name)
      if (name === 'problems' && found === undefined) return notes.isEmpty ? undefined : problems
      if (found === undefined) return attempt(title, notes, () => hidden?.(name, notes))
      if (typeof found !== 'function') return found
      const made = attempt(name, notes, found)
      if (made !== undefined) list().set(name, watched(name, made, notes) as Node)
      return list().get(name) as Node
    },
  }
  const aboutFile = wholeFile(cache, () =>
    readme({ title, about, commands, entries: [...parts, ...described(self)] }),
  )
  const problems: File = {
    kind: 'file',
    about: 'what could not be read here, and why',
    size: () => Buffer.byteLength(notes.text),
    open: () => openBytes(Buffer.from(notes.text)),
  }
  return self
}

/** Files that say what they are; entries of maps and the like, which do not, are many. */
function* described(self: Directory): Generator<readonly [string, string]> {
  let seen = 0
  for (const name of self.names()) {
    if (seen++ > 40) return
    const node = name === 'README.md' ? undefined : self.child(name)
    if (node?.kind === 'file' && node.about !== undefined) yield [name, node.about]
  }
}

function attempt<T>(where: string, notes: ProblemNotes, work: () => T | undefined): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    notes.add(where, error.message)
    return undefined
  }
}

/** What a file fails with is noted beside it. */
function watched(
  name: string,
  node: Node | (() => Node | undefined),
  notes: ProblemNotes,
): Node | (() => Node | undefined) {
  if (typeof node === 'function' || node.kind !== 'file') return node
  const noting = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      if (error instanceof CryoscopeError) notes.add(name, error.message)
      throw error
    }
  }
  return {
    ...node,
    size: () => noting(() => node.size()),
    open() {
      const opened = noting(() => node.open())
      return {
        isOfOneStop: opened.isOfOneStop ?? false,
        read: (target, offset) => noting(() => opened.read(target, offset)),
        close: () => opened.close?.(),
      }
    },
  }
}
