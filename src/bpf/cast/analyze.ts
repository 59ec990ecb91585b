import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import { analyzeCode } from './analyze-code.js'
import { CastCache } from './cache.js'
import type { Code } from './code/code.js'
import { describeFindings } from './findings.js'
import { findObjects } from './object/embedded.js'
import { btfIdentity } from './object/identity.js'
import { readObjectCode } from './object/object-code.js'
import { type CastObject, type CastReport, reportFormat } from './report.js'

export interface AnalyzeOptions {
  /** What the file is called in sentences and, where it is itself the object, in the report. */
  readonly name?: string
  /** Where results are kept; null keeps none. The user's cache directory by default. */
  readonly cache?: CastCache | null
}

let sharedCache: CastCache | undefined

function usualCache(): CastCache {
  sharedCache ??= new CastCache()
  return sharedCache
}

/**
 * The integers that hold pointers, in each BPF object of a file: a scheduler's executable or a compiled object.
 * Throws 'unreadable' when it is no ELF file, and 'not-found' when there is no BPF object in it.
 */
export function analyzeObject(bytes: Uint8Array, options: AnalyzeOptions = {}): CastReport {
  const name = options.name ?? 'this file'
  const cache = options.cache === undefined ? usualCache() : (options.cache ?? undefined)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const known = cache?.get(sha256)
  if (known !== undefined) return named(known, name)
  const report = analyzeFresh(bytes, name, sha256)
  cache?.put(report)
  return named(report, name)
}

/** A file that is itself the object gives it its name, which is not kept: the same content may have others. */
function named(report: CastReport, name: string): CastReport {
  return { ...report, objects: report.objects.map((one) => (one.name === '' ? { ...one, name } : one)) }
}

/** The same of a file. Throws 'not-found' when it cannot be read. */
export function analyzeFile(path: string, options: Omit<AnalyzeOptions, 'name'> = {}): CastReport {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new CryoscopeError('not-found', `cannot read ${escapeText(path)} (${reason}); check the path`, {
      cause: error,
    })
  }
  return analyzeObject(bytes, { ...options, name: path })
}

/**
 * The same of code that comes from elsewhere: the programs that a kernel has loaded. `content` is whatever the
 * findings follow from, for the cache.
 */
export function analyzeLoaded(
  code: Code,
  content: string,
  { cache = usualCache() }: Pick<AnalyzeOptions, 'cache'> = {},
): CastObject {
  const sha256 = createHash('sha256').update(content).digest('hex')
  const [known] = cache?.get(sha256)?.objects ?? []
  if (known !== undefined) return { ...known, name: code.name }
  const object = castsOf(code)
  cache?.put({ format: reportFormat, sha256, objects: [object], problems: [] })
  return object
}

function castsOf(code: Code): CastObject {
  const analysis = analyzeCode(code)
  return {
    name: code.name,
    btf: btfIdentity(code.btf),
    functions: code.functions.length,
    instructions: Math.floor(code.instructions.length / 8),
    ...describeFindings(code, analysis),
    problems: code.problems,
    incomplete: analysis.incomplete ?? null,
  }
}

function analyzeFresh(bytes: Uint8Array, name: string, sha256: string): CastReport {
  const objects: CastObject[] = []
  const problems: string[] = []
  const found = findObjects(bytes, name)
  for (const object of found) {
    try {
      const isWhole = object.bytes.length === bytes.length
      const code = readObjectCode(object.bytes, object.name)
      objects.push({ ...castsOf(code), name: isWhole ? '' : object.name })
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      problems.push(error.message)
    }
  }
  if (found.length === 0) {
    throw new CryoscopeError(
      'not-found',
      `${escapeText(name)} holds no BPF object; give a scheduler's executable or a compiled .bpf.o`,
    )
  }
  const [problem] = problems
  if (objects.length === 0 && problem !== undefined) throw new CryoscopeError('unreadable', problem)
  return { format: reportFormat, sha256, objects, problems }
}
