import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as TypeScript from '@tslab/typescript-for-tslab'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CellEngine } from '../../../../src/ui/jupyter/tslab/engine.js'

const require = createRequire(createRequire(import.meta.url).resolve('tslab/package.json'))
const { sys } = require('@tslab/typescript-for-tslab') as typeof TypeScript
const before = { ...sys }
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-engine-'))
/** What the compiler wants to be told of each directory. */
const watched = new Map<string, TypeScript.DirectoryWatcherCallback>()
let engine: CellEngine

beforeAll(() => {
  sys.getCurrentDirectory = () => directory
  sys.watchDirectory = (path, callback) => {
    watched.set(path, callback)
    return { close: () => watched.delete(path) }
  }
  engine = new CellEngine({
    directory,
    declarations: 'export declare const known: number',
    values: { known: 3 },
    check: () => {},
    modules: {},
    display: () => {},
  })
}, 60_000)

afterAll(() => {
  engine.close()
  Object.assign(sys, before)
  rmSync(directory, { recursive: true, force: true })
})

it('goes on when something changes where a module was not found, and finds what came', async () => {
  expect(await engine.run('known + 1', 1)).toEqual({ ok: true, result: { value: 4 } })
  expect(await engine.run("import { late } from 'late'", 2)).toMatchObject({ ok: false })
  const module = join(directory, 'node_modules', 'late')
  mkdirSync(module, { recursive: true })
  writeFileSync(join(module, 'package.json'), '{ "name": "late", "types": "index.d.ts", "main": "index.js" }')
  writeFileSync(join(module, 'index.d.ts'), 'export declare const late: number')
  writeFileSync(join(module, 'index.js'), 'exports.late = 5')
  expect(watched.size).toBeGreaterThan(0)
  for (const file of [module, join(module, 'package.json'), join(module, 'index.d.ts')])
    for (const [path, tell] of watched) if (file.startsWith(path)) tell(file)
  expect(await engine.run('known + 2', 3)).toEqual({ ok: true, result: { value: 5 } })
  expect(await engine.run("import { late } from 'late'\nlate", 4)).toEqual({ ok: true, result: { value: 5 } })
}, 60_000)
