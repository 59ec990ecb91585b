/** A leaf of a document that is otherwise than in the whole one, without a word. */
export interface Claim {
  /** `tasks[pid 7].name`. */
  readonly path: string
  readonly before: unknown
  readonly after: unknown
  /** What is wrong with it. */
  readonly fault: 'is another' | 'is gone' | 'came up' | 'is more than there are' | 'denies what is there'
}

/** The parts of a report that say what is missing. */
type Members = Readonly<Record<string, unknown>>

export interface Document {
  readonly sections: Readonly<Record<string, Status>>
  readonly problems: readonly { readonly subject: string; readonly message: string }[]
}

interface Status {
  readonly reasons: readonly string[]
}

/** Members that say of the record they are in that it is not whole. */
const marks = ['unreadable', 'unsure', 'atLeast', 'problem', 'problems', 'status', 'certainty', 'unreadRoots']
/** What is of the run and not of the target, and what is compared by rules of its own. */
const notCompared = new Set(['milliseconds', 'openMilliseconds', 'sections', 'problems', 'target', 'schema'])
/** Nouns by the list that they are in: what problems call them, and the member that names them. */
const subjects: Readonly<Record<string, readonly [kind: string, member: string]>> = {
  tasks: ['task', 'pid'],
  maps: ['map', 'id'],
  programs: ['program', 'id'],
  links: ['link', 'id'],
  arenas: ['arena', 'id'],
  allocators: ['allocator', 'name'],
  containers: ['container', 'name'],
  vcpus: ['cpu', 'cpu'],
}
/** What a kernel lacks, which nobody can say who did not read all of it. */
const denials =
  /\bhas no\b|\bthere is no\b|\bkeeps no\b|\bleads nowhere\b|\bnot known here\b|\bhave no\b|\bis (?:not|no) (?:a|on|one)\b/i
/** Words of one who has not read all. */
const hedges =
  /could (?:not )?be read|at least|unknown|not known (?:which|whether|where)|which this memory does not hold|not all|missing|may |whether|as far as is known|not in this memory|this memory does not hold/i
/** What is said otherwise where the record says that less is known: why a type fits, and a slot whose object cannot be read. */
const restsOnMark = /\.(?:payload\.evidence|hex)$/
/** What more there may be of where less is known, if the record says so: elements nothing refers to, types that fit. */
const mayComeUp = /\.(?:leaks|candidates)$/
const mostClaims = 200

/**
 * Goes through two reports leaf by leaf, the second of which was read with a part of memory missing. Each leaf must be as in the
 * first, be a bound or a word that it is unreadable, or be gone with a problem that speaks of it: one of the record it is in, or of its
 * section, by name where the section's things have names. Elements of lists belong together by what names them.
 */
export function claims(before: Document, after: Document): Claim[] {
  const comparison = new Comparison(before, after)
  comparison.compare(before, after, '', { reasons: [], isExcused: false })
  const known = new Set(before.problems.map(({ message }) => message))
  const denied = after.problems.filter(
    ({ message }) => !known.has(message) && denials.test(message) && !hedges.test(message),
  )
  return [
    ...comparison.found,
    ...denied.map(({ subject, message }): Claim => {
      return {
        path: `problems[${subject}]`,
        before: undefined,
        after: message,
        fault: 'denies what is there',
      }
    }),
  ]
}

interface Place {
  /** What is said of the section that was not said of the whole. */
  readonly reasons: readonly string[]
  /** A record around says that it is not whole. */
  readonly isExcused: boolean
}

class Comparison {
  readonly found: Claim[] = []
  readonly #before: Document
  readonly #after: Document

  constructor(before: Document, after: Document) {
    this.#before = before
    this.#after = after
  }

  compare(before: unknown, after: unknown, path: string, place: Place): void {
    if (before === after || this.found.length >= mostClaims) return
    if (after === null || after === undefined) {
      if (!isEmpty(before) && !place.isExcused && place.reasons.length === 0)
        this.#add(path, before, after, 'is gone')
    } else if (Array.isArray(before) && Array.isArray(after)) this.#lists(before, after, path, place)
    else if (isRecord(after) && 'atLeast' in after) this.#bound(before, after, path)
    else if (isRecord(before) && isRecord(after)) this.#records(before, after, path, place)
    else if (isRecord(after) && marks.some((mark) => after[mark] !== undefined)) return
    else if (typeof after === 'string' && (hedges.test(after) || hidesName(before, after))) return
    else if (isOfReport(path) || isMarkedMember(path, after)) return
    else if (place.isExcused && restsOnMark.test(path)) return
    else if (
      place.reasons.length > 0 &&
      (isCutName(path, before, after) ||
        isBare(before, after) ||
        isSpelled(before, after) ||
        isFlags(path, after))
    )
      return
    else this.#add(path, before, after, isEmpty(before) ? 'came up' : 'is another')
  }

  /** A lower bound is one. */
  #bound(before: unknown, { atLeast }: Readonly<Record<string, unknown>>, path: string): void {
    const own = isRecord(before) && 'atLeast' in before ? before.atLeast : before
    if (own === null || own === undefined) return
    const isText = typeof own === 'string' && typeof atLeast === 'string' && !/^\d+$/.test(own)
    if (isText ? !own.includes(atLeast) : Number(atLeast) > Number(own))
      this.#add(path, before, atLeast, 'is more than there are')
  }

  #records(
    before: Readonly<Record<string, unknown>>,
    after: Readonly<Record<string, unknown>>,
    path: string,
    place: Place,
  ): void {
    const isExcused = place.isExcused || (path !== '' && isMarked(before, after))
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      if (
        notCompared.has(name) ||
        name.startsWith('unreadable_name_') ||
        (path !== '' && marks.includes(name))
      )
        continue
      const own: Place =
        path === ''
          ? { reasons: this.#reasons(name), isExcused: false }
          : { reasons: place.reasons, isExcused }
      this.compare(before[name], after[name], path === '' ? name : `${path}.${name}`, own)
    }
  }

  /** A story is of all sections, and so is what joins them. */
  #reasons(section: string): readonly string[] {
    const of = (name: string): readonly string[] =>
      newReasons(this.#before.sections[name], this.#after.sections[name])
    return section === 'story' || section === 'identity'
      ? Object.keys(this.#after.sections).flatMap(of)
      : of(section)
  }

  #lists(before: readonly unknown[], after: readonly unknown[], path: string, place: Place): void {
    for (const [name, own, other] of paired(before, after)) {
      const at = `${path}[${name}]`
      if (own === undefined) this.#cameUp(at, path, other, place)
      else this.compare(own, other, at, { ...place, reasons: reasonsOf(path, own, place.reasons) })
    }
  }

  /** Sentences and reasons that the whole does not have are fit for one who did not see all; anything else is made up. */
  #cameUp(at: string, list: string, element: unknown, { isExcused }: Place): void {
    const text = isRecord(element) ? (element.sentence ?? element.reason) : undefined
    if (list === 'story' || list === 'sched.absent') {
      if (typeof text !== 'string' || !hedges.test(text)) this.#add(at, undefined, text, 'came up')
    } else if (isExcused && mayComeUp.test(list)) return
    else if (isRecord(element) && element.isCertain === false) return
    else if (!isRecord(element) || !marks.some((mark) => element[mark] !== undefined))
      this.#add(at, undefined, element, 'came up')
  }

  #add(path: string, before: unknown, after: unknown, fault: Claim['fault']): void {
    this.found.push({ path, before, after, fault })
  }
}

/** Null, and lists and records that hold nothing, claim nothing that could be gone. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true
  if (typeof value !== 'object') return false
  return Object.keys(value).length === 0
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What the report holds itself, or its target, and not what the guest does: both know less where a page is missing. */
function isOfReport(path: string): boolean {
  return /^(?:maps|allocators)\[[^\]]*\]\.count$|^environment\.facts\[fact memoryBytes\]/.test(path)
}

/** The kernel cuts names at 15 characters, and puts what a worker works on behind; the rest is elsewhere. */
function isCutName(path: string, before: unknown, after: unknown): boolean {
  const isText = typeof before === 'string' && typeof after === 'string'
  if (!isText || !path.endsWith('.name') || !before.startsWith(after)) return false
  return after.length === 15 || '+-'.includes(before[after.length] ?? ' ')
}

/** An integer that programs keep a pointer in, of which no program says so. */
function isBare(before: unknown, after: unknown): boolean {
  if (!isRecord(before) || before.recovered === undefined) return false
  return String(BigInt(String(before.pointer))) === String(after)
}

/** Bits, where the enum that names them could not be read. */
function isFlags(path: string, after: unknown): boolean {
  return /\.flags\[[^\]]*\]$/.test(path) && /^0x[0-9a-f]+$/.test(String(after))
}

/** A text as its bytes, where the type that makes them characters could not be read. */
function isSpelled(before: unknown, after: unknown): boolean {
  if (typeof before !== 'string' || !Array.isArray(after) || after.length < before.length) return false
  return after.every((byte, i) => byte === (before.codePointAt(i) ?? 0))
}

/** The same text but for names of types that could not be read. */
function hidesName(before: unknown, after: string): boolean {
  const parts = after.split(/unreadable_name_\d+/).map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'))
  return parts.length > 1 && new RegExp(`^${parts.join('\\S+')}$`).test(String(before))
}

/** Members that are a mark by what they say. */
function isMarkedMember(path: string, after: unknown): boolean {
  if (path.endsWith('.isCertain')) return after === false
  if (path.endsWith('.stack.method')) return after === 'guess'
  return (path.endsWith('.state') && after === 'unreadable') || path.endsWith('.skippedSubtrees')
}

/** A record, or the object that it points at, says that it is not whole. */
function isMarked(before: Members, after: Members): boolean {
  if (marks.some((mark) => isNewMark(before[mark], after[mark]))) return true
  if (before.reason === undefined && typeof after.reason === 'string' && hedges.test(after.reason))
    return true
  const { target } = after
  return isRecord(target) && isRecord(before.target) && isNewMark(before.target.problem, target.problem)
}

function isNewMark(before: unknown, after: unknown): boolean {
  if (after === null || after === undefined || after === false) return false
  if (Array.isArray(after) && after.length === 0) return false
  return JSON.stringify(before) !== JSON.stringify(after)
}

function newReasons(before: Status | undefined, after: Status | undefined): readonly string[] {
  const known = new Set(before?.reasons)
  return (after?.reasons ?? []).filter((reason) => !known.has(reason))
}

/** Of things that have names: what is said of this one, or of no thing by name. */
function reasonsOf(list: string, element: unknown, reasons: readonly string[]): readonly string[] {
  const [kind, member] = subjects[list] ?? []
  if (kind === undefined || member === undefined || !isRecord(element)) return reasons
  const own = `${kind}:${String(element[member])}`
  return reasons.filter(
    (reason) =>
      !reason.startsWith(`${kind}:`) || reason.startsWith(`${own}:`) || reason.startsWith(`${own}[`),
  )
}

const names = [
  'address',
  'id',
  'pid',
  'cpu',
  'sequence',
  'index',
  'name',
  'group',
  'sentence',
  'fact',
  'key',
  'itself',
] as const

/** Numbers and references like `map:7` in a list are their own names; keys of maps are records. */
function nameIn(element: unknown, name: (typeof names)[number]): unknown {
  if (name === 'itself')
    return typeof element === 'number' || /^\w+:\d+$/.test(String(element)) ? element : undefined
  const own = isRecord(element) ? element[name] : undefined
  return name === 'key' && isRecord(own) ? (own.hex ?? JSON.stringify(own)) : own
}

/** What names the elements of a list; their places where nothing does. */
function paired(
  before: readonly unknown[],
  after: readonly unknown[],
): [name: string, before: unknown, after: unknown][] {
  for (const name of names) {
    const key = (element: unknown): unknown => nameIn(element, name)
    const isKey = (list: readonly unknown[]): boolean =>
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
