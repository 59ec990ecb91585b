import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Paths of what is published. What the build makes is there or not: the tests of strangers look at that. */
let files: string[]

beforeAll(() => {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const said = execFileSync('npm', words, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [made] = JSON.parse(said) as { files: { path: string }[] }[]
  files = (made?.files ?? []).map(({ path }) => path)
}, 60_000)

describe('the package', () => {
  it('has each file once, and nothing that only a checkout needs', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(files.filter((path, index) => files.indexOf(path) !== index)).toEqual([])
    const unwanted = /\.map$|\.test\.|(^|\/)(test|src|bench|fuzz|mutation|build|node_modules)\//
    expect(files.filter((path) => unwanted.test(path))).toEqual([])
  })

  it('has every script that its commands run, and those run', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
    const named = sources.flatMap((text) => [
      ...[...text.matchAll(/'scripts\/([\w-]+)'/g)].map(([, name]) => name),
      ...[...text.matchAll(/fetchByScript\([^;]*?'((?:apt|fetch)-\w+)'/g)].map(([, name]) => name),
    ])
    const scripts = files.flatMap((path) =>
      path.startsWith('scripts/') ? path.slice('scripts/'.length) : [],
    )
    expect(named).toContain('apt-fetch')
    expect(scripts).toEqual(expect.arrayContaining(named))
    // A script runs those beside it.
    for (const name of scripts) {
      const text = readFileSync(join(root, 'scripts', name), 'utf8')
      for (const [, other] of text.matchAll(/"\$here\/([\w-]+)"/g)) expect(scripts).toContain(other)
      expect(statSync(join(root, 'scripts', name)).mode & 0o111).toBe(0o111)
    }
  })

  it('has all that its documents lead to', () => {
    const absent = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((document) => {
        const text = readFileSync(join(root, document), 'utf8').replace(/^```.*?^```/gms, '')
        return [...text.matchAll(/\]\(([^)#\s]+)/g)].flatMap(([, link = '']) => {
          if (/^[a-z]+:/.test(link)) return []
          const target = normalize(join(dirname(document), link)).replace(/\/$/, '')
          const isThere = files.some((path) => path === target || path.startsWith(`${target}/`))
          return isThere
            ? []
            : [`${document}: ${link}${existsSync(join(root, target)) ? '' : ', which is nowhere'}`]
        })
      })
    expect(absent).toEqual([])
  })

  it('has the texts of its licences, and the programs of the demo as they were built', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'examples/scx_demo/COPYING', 'CHANGELOG.md']))
    const prebuilt = join(root, 'examples/scx_demo/prebuilt')
    const built = readdirSync(prebuilt).map((name) => relative(root, join(prebuilt, name)))
    expect(files).toEqual(expect.arrayContaining(built))
  })
})
