import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { print, type Row, repeat, timed } from './measure.js'

const runs = 5
const repository = fileURLToPath(new URL('..', import.meta.url))
const tools = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope/tools')
const demo = join(repository, 'examples/scx_demo')
const idioms = join(repository, 'test/integration/idioms')

/** What the sources keep in integers and in pointers of an arena (test/integration/idioms.test.ts holds them one by one). */
const knownPointers = 5

/** Schedulers as they are shipped, linked from their sources. */
const schedulers = [
  { name: 'scx_demo', sources: [join(demo, 'scx_demo.bpf.c')] },
  { name: 'idioms with a tree', sources: ['idioms', 'tree'].map((name) => join(idioms, `${name}.bpf.c`)) },
]

interface Analysed {
  /** Milliseconds: elapsed, and of user CPU time. */
  readonly wall: number
  readonly user: number
  readonly instructions: number
  readonly findings: number
}

/** Recovering the typed pointers of linked objects with nothing cached, beside what compiling and linking them takes. */
export function measureLinkedCasts(dist: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-bench-'))
  try {
    for (const { name, sources } of schedulers) {
      const object = join(directory, 'linked.o')
      const compiled = repeat(2, () => timed(() => compile(sources, object, directory)))
      const found = Array.from({ length: runs }, () => analyse(dist, object))
      const [first] = found
      if (name.startsWith('idioms') && first?.findings !== knownPointers)
        throw new Error(`${first?.findings} of ${knownPointers} known pointers were found in ${name}`)
      const ratio = median(found.map(({ wall }) => wall)) / median(compiled)
      const rows: Row[] = [
        { what: 'peer: clang compiles and bpftool links it', times: compiled },
        { what: 'nothing cached, in a fresh process', times: found.map(({ wall }) => wall), goal: 1500 },
        { what: 'of that user CPU time', times: found.map(({ user }) => user) },
        { what: 'against compiling', times: [100 * ratio], unit: '%' },
      ]
      const title = `typed pointers of ${name}: ${first?.findings} in ${first?.instructions.toLocaleString('en')} instructions`
      print(title, rows)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function compile(sources: readonly string[], object: string, directory: string): void {
  const flags = ['-O2', '-g', '-w', '--target=bpf', '-mcpu=v3', '-std=gnu11', '-D__TARGET_ARCH_x86']
  const includes = ['-DBPF_NO_KFUNC_PROTOTYPES', '-I', join(demo, 'build'), '-I', join(tools, 'usr/include')]
  const compiled = sources.map((source, i) => {
    const one = join(directory, `${i}.o`)
    execFileSync(process.env.CLANG ?? 'clang-19', [...flags, ...includes, '-c', source, '-o', one])
    return one
  })
  execFileSync(join(tools, 'usr/sbin/bpftool'), ['gen', 'object', object, ...compiled])
}

function analyse(dist: string, object: string): Analysed {
  const body = `
    const { analyzeFile } = await import(${JSON.stringify(`file://${dist}/bpf/cast/analyze.js`)})
    const before = process.cpuUsage()
    const start = performance.now()
    const [found] = analyzeFile(${JSON.stringify(object)}, { cache: null }).objects
    const wall = performance.now() - start
    const user = process.cpuUsage(before).user / 1000
    console.log(JSON.stringify({ wall, user, instructions: found.instructions, findings: found.findings.length }))`
  const args = ['--input-type=module', '-e', body]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Analysed
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}
