import { panicText } from '../../kernel/panic.js'
import { describeEnvironment, type Fact } from '../../report/parts/environment.js'
import type { Session } from '../../session/session.js'
import { hexAddress } from './text.js'

/** What is known of a target. */
export interface TargetInfo {
  readonly target: string
  readonly kind: 'dump' | 'guest'
  readonly state: string
  readonly release: string
  /** uname -m and -v; null where init_uts_ns cannot be read. */
  readonly machine: string | null
  readonly version: string | null
  readonly vcpus: number
  readonly memoryBytes: number
  readonly memoryRanges: readonly { readonly start: string; readonly bytes: number }[]
  readonly symbols: { readonly source: string; readonly count: number }
  readonly types: { readonly source: string; readonly count: number } | { readonly problem: string }
  readonly evidence: readonly string[]
  /** Of a kernel that has panicked: where, and what it said. */
  readonly panic: PanicJson | null
  /** From opening the file to the kernel found, typed value included. */
  readonly openMilliseconds: number
  readonly problems: readonly string[]
  readonly [fact: string]: unknown
}

export interface PanicJson {
  readonly cpu: number
  readonly pid: number | null
  readonly name: string | null
  readonly message: string | null
  /** Nanoseconds since boot. */
  readonly time: bigint | null
  readonly cause: string | null
  readonly where: string | null
  /** All of it in a sentence. */
  readonly text: string
}

function panicJson(session: Session): PanicJson | null {
  const { panic } = session
  if (panic === undefined) return null
  const { cpu, task, message, time, cause, where } = panic
  return {
    cpu,
    pid: task?.pid ?? null,
    name: task?.name ?? null,
    message: message ?? null,
    time: time ?? null,
    cause: cause ?? null,
    where: where ?? null,
    text: panicText(panic),
  }
}

/** The JSON of `info`: what there is, and how each fact is known. */
export function describeInfo(
  session: Session,
  start: number,
): TargetInfo & { readonly facts: readonly Fact[] } {
  return { ...describeTarget(session, start), facts: describeEnvironment(session, false).facts }
}

/** Looks the kernel up; `start` is when opening began, by performance.now(). */
export function describeTarget(session: Session, start: number): TargetInfo {
  const { target, kernel } = session
  const { ranges } = target.memory
  const names = unameOf(session)
  const symbols = { source: 'kallsyms in the guest', count: kernel.symbols.count }
  const types = typesOf(session)
  return {
    target: target.name,
    kind: target.control === undefined ? 'dump' : 'guest',
    state: session.state,
    release: kernel.release,
    machine: names.machine,
    version: names.version,
    vcpus: session.vcpus.length,
    memoryBytes: ranges.reduce((sum, { length }) => sum + length, 0),
    memoryRanges: ranges.map((range) => ({ start: hexAddress(BigInt(range.start)), bytes: range.length })),
    symbols,
    types,
    evidence: kernel.evidence,
    panic: panicJson(session),
    ...target.facts,
    openMilliseconds: Math.round((performance.now() - start) * 10) / 10,
    problems: session.problems,
  }
}

function typesOf({ kernel }: Session): TargetInfo['types'] {
  try {
    return { source: 'vmlinux BTF in the guest', count: kernel.types.typeCount }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

/** new_utsname of the first UTS namespace. */
function unameOf(session: Session): { machine: string | null; version: string | null } {
  try {
    const names = session.at('init_uts_ns', 'struct uts_namespace') as unknown as Record<
      string,
      Record<string, unknown>
    >
    const text = (value: unknown) => (typeof value === 'string' ? value : null)
    return { machine: text(names.name?.machine), version: text(names.name?.version) }
  } catch {
    return { machine: null, version: null }
  }
}
