import { hexAddress } from '../contract/json.js'
import { cpusJson, kernelJson, panicJson, type TargetInfo } from '../contract/target.js'
import { CryoscopeError, quietly } from '../errors.js'
import { panicText } from '../kernel/panic.js'
import { missingTypes } from '../kernel/struct-reader.js'
import { figureJson, Problems, whole } from '../problems.js'
import { describeEnvironment, type Fact, unameOf } from './environment.js'
import type { Session } from './session.js'

/** The JSON of `info`: what there is, and how each fact is known. */
export function describeInfo(
  session: Session,
  start: number,
): TargetInfo & { readonly facts: readonly Fact[] } {
  const info = describeTarget(session, start)
  const unread = new Problems()
  const { facts } = describeEnvironment(session, false, unread)
  return { ...info, facts, problems: [...info.problems, ...unread.sentences] }
}

/** Looks the kernel up; `start` is when opening began, by performance.now(). */
export function describeTarget(session: Session, start: number): TargetInfo {
  const { target, kernel, panic, vcpus } = session
  const { ranges } = target.memory
  const types = typesOf(session)
  return {
    target: target.name,
    kind: target.control === undefined ? 'dump' : 'guest',
    state: session.state,
    release: kernel.release,
    machine: quietly(() => unameOf(session, 'machine')) ?? null,
    version: quietly(() => unameOf(session, 'version')) ?? null,
    vcpus: vcpus.length,
    cpus: quietly(() => cpusJson(kernel.cpus, vcpus)) ?? null,
    memoryBytes: ranges.reduce((sum, { length }) => sum + length, 0),
    memoryRanges: ranges.map((range) => ({ start: hexAddress(BigInt(range.start)), bytes: range.length })),
    symbols: { source: 'kallsyms in the guest', count: kernel.symbols.count },
    types,
    evidence: kernel.evidence,
    kernels: session.kernels.map((each) => kernelJson(each, kernel)),
    panic: panic === undefined ? null : panicJson(panic, panicText(panic)),
    ...target.facts,
    openMilliseconds: Math.round((performance.now() - start) * 10) / 10,
    problems: [...session.problems, ...(quietly(() => session.cpuProblems) ?? [])],
  }
}

function typesOf({ kernel }: Session): TargetInfo['types'] {
  try {
    const { typeCount, isWhole } = kernel.types
    const count = isWhole
      ? whole(typeCount)
      : { whole: false as const, atLeast: typeCount, why: missingTypes }
    return { source: 'vmlinux BTF in the guest', count: figureJson(count) }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { problem: error.message }
  }
}
