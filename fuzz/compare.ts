/** A leaf of a document that is otherwise than in the whole one. */
export interface Difference {
  /** `tasks[pid 7].name`. */
  readonly path: string
  /** The part of the document that it is in: the first member of the path. */
  readonly section: string
  readonly before: unknown
  readonly after: unknown
}

/** Members that say that a part is not whole. */
const marks = ['unreadable', 'atLeast', 'problem', 'why', 'incomplete']
const mostDifferences = 200

/**
 * Goes through two documents leaf by leaf. Elements of lists belong together by what names them. A leaf that is null, absent or
 * marked as not whole in the second makes no claim, and is no difference.
 */
export function differences(before: unknown, after: unknown, skip: ReadonlySet<string>): Difference[] {
  const found: Difference[] = []
  compare(before, after, '', '', skip, found)
  return found
}

function compare(
  before: unknown,
  after: unknown,
  path: string,
  section: string,
  skip: ReadonlySet<string>,
  found: Difference[],
): void {
  if (before === after || after === null || after === undefined || found.length >= mostDifferences) return
  const add = (at: string, own: unknown, other: unknown): void => {
    found.push({ path: at, section, before: own, after: other })
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const pairs = paired(before, after)
    for (const [name, own, other] of pairs) {
      const at = `${path}[${name}]`
      if (own === undefined || other === undefined)
        add(at, own === undefined ? 'absent' : 'present', other ?? 'absent')
      else compare(own, other, at, section, skip, found)
    }
    return
  }
  if (isRecord(before) && isRecord(after)) {
    if (isMarked(after)) return
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const at = path === '' ? name : `${path}.${name}`
      if (skip.has(name) || skip.has(at)) continue
      const inSection = section === '' ? name : section
      if (name in before) compare(before[name], after[name], at, inSection, skip, found)
      else if (after[name] !== null && after[name] !== undefined && !marks.includes(name))
        found.push({ path: at, section: inSection, before: 'absent', after: after[name] })
    }
    return
  }
  if (isRecord(after) && isMarked(after)) return
  add(path, before, after)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMarked(value: Record<string, unknown>): boolean {
  if (Array.isArray(value.problems) && value.problems.length > 0) return true
  return marks.some((mark) => value[mark] !== undefined && value[mark] !== null && value[mark] !== false)
}

const names = ['address', 'id', 'pid', 'cpu', 'sequence', 'index', 'name', 'sentence', 'fact'] as const

/** What names the elements of a list; their places where nothing does. */
function paired(before: unknown[], after: unknown[]): [name: string, before: unknown, after: unknown][] {
  for (const name of names) {
    const key = (element: unknown): unknown => (isRecord(element) ? element[name] : undefined)
    const isKey = (list: unknown[]): boolean =>
      list.every((element) => key(element) !== undefined) && new Set(list.map(key)).size === list.length
    if (before.length === 0 || !isKey(before) || !isKey(after)) continue
    const others = new Map(after.map((element) => [key(element), element]))
    const pairs = before.map((element): [string, unknown, unknown] => {
      const other = others.get(key(element))
      others.delete(key(element))
      return [`${name} ${String(key(element))}`, element, other]
    })
    return [
      ...pairs,
      ...[...others].map(([own, element]): [string, unknown, unknown] => [
        `${name} ${String(own)}`,
        undefined,
        element,
      ]),
    ]
  }
  const length = Math.max(before.length, after.length)
  return Array.from({ length }, (_, i) => [String(i), before[i], after[i]])
}
