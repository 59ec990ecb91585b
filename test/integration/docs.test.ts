import { execFileSync } from 'node:child_process'
import { Console } from 'node:console'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { cellSurroundings } from '../../src/ui/jupyter/target-types.js'
import { Engine } from '../../src/ui/repl/engine.js'
import { PromptTypes } from '../../src/ui/typescript/prompt-types.js'
import { sharedDemo } from './support/demo-guest.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

interface Block {
  readonly place: string
  readonly code: string
}

const blocks: readonly Block[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => ({
    place: `${page}:${text.slice(0, match.index).split('\n').length + 1}`,
    code: match[1] as string,
  }))
})
const programs = blocks.filter(({ code }) => code.includes("from 'cryoscope'"))
const pieces = blocks.filter(({ code }) => !code.includes("from 'cryoscope'"))
/** What needs a guest that runs is checked and not run. */
const needsGuest =
  /\bawait vm\.(advance|step|freeze|thaw|runUntil|goTo|back|record)|= await (demo|boot|attach)\(|\bvm\.(time|writes|lastWrite|firstWrite|calls|when|series|trace)\b/
/** A notebook's own names, which the prompt does not have: checked as a cell. */
const needsNotebook = /(?<![\w.])(op\.|series\(|plot\(|table\(|browse\()/

let scratch: string
let session: Session

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'cs-docs-'))
  const { session: guest } = await sharedDemo('6.18')
  await guest.dump(join(scratch, 'vmcore'))
  mkdirSync(join(scratch, 'node_modules'))
  symlinkSync(root, join(scratch, 'node_modules/cryoscope'))
  symlinkSync(join(root, 'node_modules/@types'), join(scratch, 'node_modules/@types'))
  const cli = join(root, 'bin/cryoscope.js')
  execFileSync(process.execPath, [cli, 'types', 'vmcore', '--output', 'guest.d.ts'], {
    cwd: scratch,
    stdio: 'pipe',
  })
  session = openDump(join(scratch, 'vmcore'))
})

afterAll(async () => {
  await session?.close()
  rmSync(scratch, { recursive: true, force: true })
})

describe('programs in the documentation', () => {
  it('are there', () => {
    expect(programs.map(({ place }) => place.split(':')[0])).toEqual(
      expect.arrayContaining(['README.md', 'docs/cli.md']),
    )
  })

  it.each(programs)('$place compiles strictly, and runs', ({ place, code }) => {
    const name = `${place.replace(/\W/g, '-')}.mts`
    writeFileSync(join(scratch, name), code)
    const program = ts.createProgram([join(scratch, name)], {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      skipLibCheck: true,
      preserveSymlinks: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    })
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    expect(problems).toEqual([])
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    })
    writeFileSync(join(scratch, name.replace('.mts', '.mjs')), outputText)
    const said = execFileSync(process.execPath, [name.replace('.mts', '.mjs')], {
      cwd: scratch,
      encoding: 'utf8',
    })
    expect(said).not.toBe('')
  })
})

describe('pieces of code in the documentation', () => {
  let types: PromptTypes
  let cellTypes: PromptTypes
  let engine: Engine
  beforeAll(() => {
    types = new PromptTypes(session)
    cellTypes = new PromptTypes(session, undefined, cellSurroundings)
    const quiet = new Console(new Writable({ write: (_piece, _encoding, done) => done() }))
    engine = new Engine(session, { types, console: quiet })
  })
  afterAll(() => {
    engine?.close()
    cellTypes?.close()
  })

  it.each(pieces)('$place has no mistake that the prompt finds, and runs', async ({ code }) => {
    if (/= await (demo|boot|attach)\(/.test(code)) return
    if (needsNotebook.test(code)) {
      expect(await cellTypes.check(code)).toEqual([])
      return
    }
    if (needsGuest.test(code)) {
      expect(await types.check(code)).toEqual([])
      return
    }
    const outcome = await engine.evaluate(code)
    expect('text' in outcome ? outcome.text : outcome.kind).toBe('value')
  })
})
