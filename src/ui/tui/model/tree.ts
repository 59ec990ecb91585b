import type { Row, RowSource } from './row.js'

/** Something with parts. The parts are made when it is opened. */
export interface TreeNode {
  readonly row: Row
  readonly parts?: (() => readonly TreeNode[]) | undefined
  /** Open unless the person closed it. */
  readonly open?: boolean
}

interface Placed {
  readonly node: TreeNode
  readonly depth: number
  isOpen: boolean
}

const closedMark = '-'

/** The name of a row behind its branches and the mark that says whether it is open. */
export function treeLabel({ cells, depth = 0, expanded }: Row): string {
  const mark = expanded === undefined ? '  ' : expanded ? '▾ ' : '▸ '
  return '  '.repeat(depth) + mark + (cells[0] ?? '')
}

/** A tree as rows. `opened` holds the ids of rows that are open, and `-id` of those that were closed by hand. */
export class TreeRows implements RowSource {
  readonly complete = true
  readonly isTree = true
  readonly #opened: Set<string>
  #placed: Placed[] = []

  constructor(roots: readonly TreeNode[], opened: Set<string>) {
    this.#opened = opened
    this.#placed = this.#place(roots, 0)
  }

  get length(): number {
    return this.#placed.length
  }

  at(index: number): Row | undefined {
    const placed = this.#placed[index]
    if (placed === undefined) return undefined
    const { node, depth, isOpen } = placed
    return { ...node.row, depth, expanded: node.parts === undefined ? undefined : isOpen }
  }

  parent(index: number): number | undefined {
    const depth = this.#placed[index]?.depth ?? 0
    for (let at = index - 1; at >= 0; at--) if ((this.#placed[at] as Placed).depth < depth) return at
    return undefined
  }

  toggle(index: number, open?: boolean): boolean {
    const placed = this.#placed[index]
    if (placed?.node.parts === undefined || placed.isOpen === open) return false
    const { id } = placed.node.row
    placed.isOpen = !placed.isOpen
    this.#opened.delete(placed.isOpen ? closedMark + id : id)
    this.#opened.add(placed.isOpen ? id : closedMark + id)
    if (placed.isOpen) {
      const parts = this.#place(placed.node.parts(), placed.depth + 1)
      // In place it would be as many arguments as there are parts.
      this.#placed = [...this.#placed.slice(0, index + 1), ...parts, ...this.#placed.slice(index + 1)]
    } else {
      let end = index + 1
      while (end < this.#placed.length && (this.#placed[end] as Placed).depth > placed.depth) end++
      this.#placed.splice(index + 1, end - index - 1)
    }
    return true
  }

  #place(nodes: readonly TreeNode[], depth: number): Placed[] {
    const placed: Placed[] = []
    for (const node of nodes) {
      const { id } = node.row
      const isOpen =
        node.parts !== undefined &&
        (this.#opened.has(id) || (node.open === true && !this.#opened.has(closedMark + id)))
      placed.push({ node, depth, isOpen })
      if (isOpen && node.parts !== undefined)
        for (const part of this.#place(node.parts(), depth + 1)) placed.push(part)
    }
    return placed
  }
}
