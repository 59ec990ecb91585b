/** FUSE_ROOT_ID. */
const rootNode = 1

interface Known {
  readonly path: string
  /** How often the kernel was told of it, and has not forgotten. */
  lookups: number
}

/** Numbers by which the kernel speaks of files, for as long as it remembers them. A path has one number at a time. */
export class Nodes {
  readonly #byNumber = new Map<number, Known>([[rootNode, { path: '/', lookups: 1 }]])
  readonly #byPath = new Map<string, number>([['/', rootNode]])
  readonly #believed = new Set<number>()
  #last = rootNode

  get count(): number {
    return this.#byNumber.size
  }

  /** Undefined for a number that the kernel was not told, or has forgotten. */
  path(node: number): string | undefined {
    return this.#byNumber.get(node)?.path
  }

  /** The number of a path, told to the kernel once more. */
  tell(path: string): number {
    const number = this.#byPath.get(path)
    const known = number === undefined ? undefined : this.#byNumber.get(number)
    if (number !== undefined && known !== undefined) {
      known.lookups++
      return number
    }
    const made = ++this.#last
    this.#byPath.set(path, made)
    this.#byNumber.set(made, { path, lookups: 1 })
    return made
  }

  /** Notes that the kernel was told the attributes of a node, which it will believe. */
  believe(node: number): void {
    this.#believed.add(node)
  }

  /** The nodes whose attributes were told since this was last asked, and that the kernel still knows. */
  takeBelieved(): readonly number[] {
    const found = [...this.#believed]
    this.#believed.clear()
    return found
  }

  forget(node: number, lookups: number): void {
    const known = this.#byNumber.get(node)
    if (known === undefined || node === rootNode) return
    known.lookups -= lookups
    if (known.lookups > 0) return
    this.#byNumber.delete(node)
    this.#believed.delete(node)
    this.#byPath.delete(known.path)
  }
}

/** The path of a name in a directory. */
export function below(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`
}
