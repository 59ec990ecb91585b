import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { CastObject, CastPlace, RecoveryDegree } from '../../../src/bpf/cast/report.js'

const directory = fileURLToPath(new URL('.', import.meta.url))
const casesDirectory = join(directory, 'cases')
const buildDirectory = join(directory, 'build')
const header = join(casesDirectory, 'case.bpf.h')
const compiler = process.env.CLANG ?? 'clang-19'
const compilersAtOnce = 2
const flags = ['-O2', '-g', '-Wall', '-Wno-unused-function', '-Wno-unused-const-variable']

/** One hand-written case: a C file whose comments say what must be found in it, and nothing else. */
export interface Case {
  readonly name: string
  /** `struct value.task -> struct task_struct kernel`, sorted. */
  readonly expected: readonly string[]
  /** The same, of what is not proven and only supported. */
  readonly supported: readonly string[]
  /** `struct value.task`, sorted: what looks like a pointer in places and must not be claimed. */
  readonly withheld: readonly string[]
}

export function listCases(): Case[] {
  return readdirSync(casesDirectory)
    .filter((file) => file.endsWith('.bpf.c'))
    .map((file) => {
      const source = readFileSync(join(casesDirectory, file), 'utf8')
      const comments = (word: string): string[] =>
        [...source.matchAll(new RegExp(`^// ${word}: (.*)$`, 'gm'))].map(([, text = '']) => text).toSorted()
      return {
        name: basename(file, '.bpf.c'),
        expected: comments('expect'),
        supported: comments('supported'),
        withheld: comments('withheld'),
      }
    })
}

/** The compiled object of a case; `buildCases` makes it. */
export function objectOf(name: string): string {
  return join(buildDirectory, `${name}.bpf.o`)
}

/** Compiles those cases whose object is missing or older than its sources. */
export async function buildCases(
  names: readonly string[] = listCases().map(({ name }) => name),
): Promise<void> {
  mkdirSync(buildDirectory, { recursive: true })
  const stale = names.filter((name) => {
    const newest = Math.max(changed(sourceOf(name)), changed(header))
    return changed(objectOf(name)) < newest
  })
  const compile = async (): Promise<void> => {
    for (let name = stale.pop(); name !== undefined; name = stale.pop()) {
      await compileBpf(sourceOf(name), objectOf(name))
    }
  }
  await Promise.all(Array.from({ length: compilersAtOnce }, compile))
}

export async function compileBpf(
  source: string,
  object: string,
  more: readonly string[] = [],
): Promise<void> {
  const what = ['--target=bpf', '-mcpu=v3', '-I', casesDirectory, ...more]
  await promisify(execFile)(compiler, [...flags, ...what, '-c', source, '-o', object])
}

function sourceOf(name: string): string {
  return join(casesDirectory, `${name}.bpf.c`)
}

function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** The findings of an object in the words of the cases, sorted. */
export function findingsOf({ findings }: CastObject, degree: RecoveryDegree = 'proven'): string[] {
  return findings
    .filter(({ recovered }) => recovered === degree)
    .map(({ place, target, addressSpace, allocationSize }) => {
      const size = allocationSize === null ? '' : ` size ${allocationSize}`
      return `${placeText(place)} -> ${target?.type ?? '?'} ${addressSpace}${size}`
    })
    .toSorted()
}

export function withheldOf({ withheld }: CastObject): string[] {
  return withheld.map(({ place }) => `${place.type}.${place.member}`).toSorted()
}

function placeText({ type, member, elements }: CastPlace): string {
  return `${type}.${member}${elements === 1 ? '' : ` x${elements}`}`
}
