import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { analyzeFile, analyzeLoaded, analyzeObject } from '../../../src/bpf/cast/analyze.js'
import { CastCache, cacheDirectory } from '../../../src/bpf/cast/cache.js'
import { type CastReport, reportFormat } from '../../../src/bpf/cast/report.js'
import { codeOf, makeTypes, op } from './flow/support.js'
import { buildCases, objectOf } from './support.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-casts-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

function report(sha256: string, name = 'object'): CastReport {
  const object = { name, btf: 'b', functions: 1, instructions: 2, findings: [], withheld: [] }
  return {
    format: reportFormat,
    sha256,
    objects: [{ ...object, problems: [], incomplete: null }],
    problems: [],
  }
}

const onlyFile = (): string => {
  const [file, ...more] = readdirSync(directory)
  expect(more).toEqual([])
  return join(directory, file ?? '')
}

describe('results on disk', () => {
  test('are found by another process, one file for each content', () => {
    new CastCache(directory).put(report('aa'))
    new CastCache(directory).put(report('bb', 'other'))
    expect(readdirSync(directory).toSorted()).toEqual([
      `v${reportFormat}-aa.json`,
      `v${reportFormat}-bb.json`,
    ])
    expect(new CastCache(directory).get('aa')).toEqual(report('aa'))
    expect(new CastCache(directory).get('bb')).toEqual(report('bb', 'other'))
    expect(new CastCache(directory).get('cc')).toBeUndefined()
  })

  test('appear whole: no other file is left, and a reader never sees a part', () => {
    const cache = new CastCache(directory)
    for (let n = 0; n < 20; n++) cache.put(report('aa', `object ${n}`))
    expect(new CastCache(directory).get('aa')).toEqual(report('aa', 'object 19'))
    onlyFile()
  })

  test.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 20)],
    ['empty', () => Buffer.alloc(0)],
    ['with a changed byte', (bytes: Buffer) => Buffer.from(bytes.toString().replace('object', 'oBject'))],
    ['without its checksum', (bytes: Buffer) => bytes.subarray(bytes.indexOf(0x0a) + 1)],
    ['of zeros', (bytes: Buffer) => Buffer.alloc(bytes.length)],
  ])('that are %s are as good as none, and are written again', (_how, damage) => {
    new CastCache(directory).put(report('aa'))
    const file = onlyFile()
    writeFileSync(file, damage(readFileSync(file)))
    const cache = new CastCache(directory)
    expect(cache.get('aa')).toBeUndefined()
    cache.put(report('aa'))
    expect(new CastCache(directory).get('aa')).toEqual(report('aa'))
  })

  test('of another format or another content are not taken', () => {
    const other = { ...report('aa'), format: (reportFormat + 1) as typeof reportFormat }
    new CastCache(directory).put(other)
    expect(new CastCache(directory).get('aa')).toBeUndefined()
    new CastCache(directory).put(report('bb'))
    const bytes = readFileSync(join(directory, `v${reportFormat}-bb.json`))
    writeFileSync(join(directory, `v${reportFormat}-cc.json`), bytes)
    expect(new CastCache(directory).get('cc')).toBeUndefined()
  })

  test('are for their owner alone', () => {
    const mode = (path: string): number => statSync(path).mode & 0o777
    const mine = join(directory, 'mine')
    new CastCache(mine).put(report('bb'))
    expect([mode(mine), ...readdirSync(mine).map((file) => mode(join(mine, file)))]).toEqual([0o700, 0o600])
    const cache = new CastCache(join(directory, 'deep', 'down'))
    cache.put(report('aa'))
    expect(cache.get('aa')).toEqual(report('aa'))
    expect(new CastCache(join(directory, 'deep', 'down')).get('aa')).toEqual(report('aa'))
  })

  test('that cannot be written are no error', () => {
    writeFileSync(join(directory, 'file'), '')
    const cache = new CastCache(join(directory, 'file', 'below'))
    expect(() => cache.put(report('aa'))).not.toThrow()
    expect(cache.get('aa')).toEqual(report('aa'))
    chmodSync(directory, 0o500)
    expect(() => new CastCache(join(directory, 'no')).put(report('aa'))).not.toThrow()
    chmodSync(directory, 0o700)
  })

  test('that find something else in their place leave nothing behind', () => {
    const taken = `v${reportFormat}-aa.json`
    mkdirSync(join(directory, taken))
    new CastCache(directory).put(report('aa'))
    expect(readdirSync(directory)).toEqual([taken])
  })

  test('lie where the user keeps caches', () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/cryoscope/casts')
    expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' })).toMatch(/\/\.cache\/cryoscope\/casts$/)
    expect(cacheDirectory({})).toMatch(/\/\.cache\/cryoscope\/casts$/)
  })
})

describe('results in memory', () => {
  test('are kept without a directory, the newest of them', () => {
    const cache = new CastCache(null)
    for (let n = 0; n < 70; n++) cache.put(report(`${n}`))
    expect(cache.get('69')).toEqual(report('69'))
    expect(cache.get('0')).toBeUndefined()
    expect([cache.get('5'), cache.get('6')]).toEqual([undefined, report('6')])
    // What is put again is new again.
    cache.put(report('6', 'again'))
    cache.put(report('70'))
    expect([cache.get('6'), cache.get('7')]).toEqual([report('6', 'again'), undefined])
  })

  test('are those that have been read, whatever becomes of the directory', () => {
    new CastCache(directory).put(report('aa'))
    const cache = new CastCache(directory)
    expect(cache.get('aa')).toEqual(report('aa'))
    rmSync(onlyFile())
    expect(cache.get('aa')).toEqual(report('aa'))
    expect(new CastCache(directory).get('aa')).toBeUndefined()
  })
})

describe('the analysis', () => {
  beforeAll(async () => {
    await buildCases(['store-task'])
  }, 60_000)

  test('takes what is known of a content, whatever the file is called', () => {
    const bytes = readFileSync(objectOf('store-task'))
    const cache = new CastCache(directory)
    const first = analyzeObject(bytes, { name: 'one.o', cache })
    expect(first.objects.map(({ name }) => name)).toEqual(['one.o'])
    const file = onlyFile()
    const marked = {
      ...report(first.sha256),
      objects: [{ ...report('').objects[0], name: '', functions: 99 }],
    }
    new CastCache(directory).put(marked as CastReport)
    const again = analyzeObject(bytes, { name: 'two.o', cache: new CastCache(directory) })
    expect(again.objects).toMatchObject([{ name: 'two.o', functions: 99 }])
    expect(onlyFile()).toBe(file)
  })

  test('keeps what it finds where the user keeps caches, unless it is told otherwise', async () => {
    vi.stubEnv('XDG_CACHE_HOME', directory)
    vi.resetModules()
    const fresh = await import('../../../src/bpf/cast/analyze.js')
    const kept = () => readdirSync(join(directory, 'cryoscope', 'casts'))
    const { sha256 } = fresh.analyzeFile(objectOf('store-task'))
    expect(kept()).toEqual([`v${reportFormat}-${sha256}.json`])
    fresh.analyzeLoaded(codeOf(makeTypes(), [op.exit()]), 'loaded')
    expect(kept()).toHaveLength(2)
    vi.unstubAllEnvs()
  })

  test('of code from elsewhere is kept by what it follows from', () => {
    const code = (name: string, more: object = {}) => ({ ...codeOf(makeTypes(), [op.exit()], more), name })
    const cache = new CastCache(directory)
    const first = analyzeLoaded(code('one', { problems: ['a page is missing'] }), 'content', { cache })
    expect(first).toMatchObject({
      name: 'one',
      functions: 1,
      instructions: 1,
      problems: ['a page is missing'],
    })
    // The same content by another name, and another content.
    const again = new CastCache(directory)
    expect(analyzeLoaded(code('two'), 'content', { cache: again })).toEqual({ ...first, name: 'two' })
    const cut = analyzeLoaded(code('three', { incomplete: 'it is cut off' }), 'other', { cache: again })
    expect(cut).toMatchObject({ name: 'three', incomplete: 'it is cut off' })
    expect(readdirSync(directory)).toHaveLength(2)
    expect(analyzeLoaded(code('four'), 'third', { cache: null })).toMatchObject({ incomplete: null })
    expect(readdirSync(directory)).toHaveLength(2)
  })

  test('is done again without the cache', () => {
    const path = objectOf('store-task')
    const cached = analyzeFile(path, { cache: new CastCache(directory) })
    expect(analyzeFile(path, { cache: null })).toEqual(cached)
  })
})
