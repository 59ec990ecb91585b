import { strip } from '../../btf/layout.js'
import type { CType } from '../../btf/types.js'
import type { Task } from '../../kernel/tasks.js'

/** What a word must hold to mean a task. */
export type TaskIdentity = Pick<Task, 'address' | 'pid' | 'tgid'>

/** Bytes of a key or an object that mean a task when they hold it. */
export interface TaskWord {
  /** Bytes from the start. */
  readonly offset: number
  readonly size: 4 | 8
  readonly value: bigint
  /** The member that they are; empty for the whole. */
  readonly path: string
  readonly meaning: 'pid' | 'process' | 'pid_tgid' | 'address'
  /** Nothing in the types says that the number is a pid. */
  readonly isGuess: boolean
}

const pidNames = /^(pid|tid|task_?pid|thread_?id|pid_t)$/i
const processNames = /^(tgid|process_?id)$/i
/** Deeper and longer keys than these are of no program. */
const deepest = 8
const mostWords = 4096

/**
 * The words of a type that can tell of a task: integers called pid, tid or tgid, pointers to a task_struct, and every word of
 * eight bytes, for an address of a kernel object is chance in none. A type that is one integer, or none at all, may be a pid.
 */
export function taskWords(type: CType | undefined, size: number, task: TaskIdentity): TaskWord[] {
  const found: TaskWord[] = []
  const bare = type === undefined ? undefined : strip(type)
  if (bare === undefined || bare.kind === 'void' || bare.kind === 'int') {
    const named = type === undefined ? 'unnamed' : numberMeaning('', typedefNames(type))
    addWhole(found, size, task, named)
    return found
  }
  addWords(found, bare, 0, '', task, 0)
  // What has a pid of its own is one thread's, not that of every thread of the process.
  const hasPid = found.some(({ meaning }) => meaning === 'pid')
  return hasPid ? found.filter(({ meaning }) => meaning !== 'process') : found
}

function addWhole(found: TaskWord[], size: number, task: TaskIdentity, named: string | undefined): void {
  if (size !== 4 && size !== 8) return
  const base = { offset: 0, size, path: '' } as const
  const isProcess = named === 'process'
  found.push({
    ...base,
    value: BigInt(isProcess ? task.tgid : task.pid),
    meaning: isProcess ? 'process' : 'pid',
    isGuess: named !== 'pid' && !isProcess,
  })
  if (size === 8) addWide(found, base, task)
}

function addWide(
  found: TaskWord[],
  base: { readonly offset: number; readonly path: string },
  { address, tgid, pid }: TaskIdentity,
): void {
  const word = { offset: base.offset, size: 8, path: base.path, isGuess: false } as const
  found.push({ ...word, value: address, meaning: 'address' })
  // As bpf_get_current_pid_tgid() gives it.
  if (tgid !== 0) found.push({ ...word, value: (BigInt(tgid) << 32n) | BigInt(pid), meaning: 'pid_tgid' })
}

function addWords(
  found: TaskWord[],
  type: CType,
  offset: number,
  path: string,
  task: TaskIdentity,
  depth: number,
): void {
  if (depth > deepest || found.length > mostWords) return
  const bare = strip(type)
  if (bare.kind === 'struct' || bare.kind === 'union') {
    for (const member of bare.members) {
      if (member.bitSize !== 0) continue
      const name = member.name === '' ? path : path === '' ? member.name : `${path}.${member.name}`
      addMember(found, member.type, member.name, offset + member.offset, name, task, depth)
    }
  } else if (bare.kind === 'pointer') addWide(found, { offset, path }, task)
}

function addMember(
  found: TaskWord[],
  type: CType,
  name: string,
  offset: number,
  path: string,
  task: TaskIdentity,
  depth: number,
): void {
  const bare = strip(type)
  if (bare.kind !== 'int') {
    addWords(found, type, offset, path, task, depth + 1)
    return
  }
  const { size } = bare
  if (size !== 4 && size !== 8) return
  const meaning = numberMeaning(name, typedefNames(type))
  if (meaning !== undefined) {
    const value = BigInt(meaning === 'pid' ? task.pid : task.tgid)
    found.push({ offset, size, value, path, meaning, isGuess: false })
  }
  if (size === 8) addWide(found, { offset, path }, task)
}

function numberMeaning(name: string, types: readonly string[]): 'pid' | 'process' | undefined {
  const names = [name, ...types]
  if (names.some((each) => processNames.test(each))) return 'process'
  return names.some((each) => pidNames.test(each)) ? 'pid' : undefined
}

/** The names that a type goes by: `pid_t`, `__kernel_pid_t`. */
function typedefNames(type: CType): string[] {
  const names: string[] = []
  let at = type
  for (let i = 0; i < 32; i++) {
    if (at.kind === 'typedef') names.push(at.name.replace(/^__kernel_/, ''))
    if (!('target' in at) || at.kind === 'pointer') break
    at = at.target
  }
  return names
}

/** Whether the bytes hold it. */
export function holdsWord(bytes: Uint8Array, start: number, { offset, size, value }: TaskWord): boolean {
  const from = start + offset
  if (from + size > bytes.length) return false
  for (let i = 0; i < size; i++)
    if (bytes[from + i] !== Number((value >> BigInt(8 * i)) & 0xffn)) return false
  return true
}

/** "its pid", "the address of its task_struct". */
export function meaningText({ meaning, value }: TaskWord): string {
  switch (meaning) {
    case 'pid':
      return `its pid ${value}`
    case 'process':
      return `the pid ${value} of its process`
    case 'pid_tgid':
      return 'its tgid and pid, as bpf_get_current_pid_tgid() gives them'
    case 'address':
      return 'the address of its task_struct'
  }
}
