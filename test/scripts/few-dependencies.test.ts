import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
// @ts-expect-error a script without types
import { fewDependencies } from '../../scripts/few-dependencies.js'

interface Entry {
  readonly version: string
  readonly dev?: boolean
  readonly dependencies?: Record<string, string>
}

interface Made {
  readonly manifest: { readonly dependencies: Record<string, string> }
  readonly lock: { readonly packages: Record<string, Entry> }
}

const json = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))

const manifest = {
  name: 'us',
  version: '1.0.0',
  dependencies: { runs: '1' },
  devDependencies: { esbuild: '1', drawn: '1', asked: '1', typed: '1', tests: '1', referred: '1' },
  overrides: { referred: '$referred', other: '2.0.0' },
}
const lock = {
  lockfileVersion: 3,
  packages: {
    '': { name: 'us' },
    'node_modules/runs': {
      version: '1.0.0',
      dependencies: { shared: '2' },
      optionalDependencies: { absent: '1' },
    },
    'node_modules/runs/node_modules/shared': { version: '2.0.0' },
    'node_modules/shared': { version: '1.0.0', dev: true },
    'node_modules/esbuild': { version: '1.1.0', dev: true },
    'node_modules/drawn': {
      version: '1.2.0',
      dev: true,
      dependencies: { shared: '1' },
      peerDependencies: { peer: '1', maybe: '1' },
      peerDependenciesMeta: { maybe: { optional: true } },
    },
    'node_modules/peer': { version: '1.0.0', dev: true },
    'node_modules/maybe': { version: '1.0.0', dev: true },
    'node_modules/asked': { version: '1.0.0', dev: true },
    'node_modules/typed': { version: '1.0.0', dev: true },
    'node_modules/tests': { version: '1.0.0', dev: true },
    'node_modules/referred': { version: '1.0.0', dev: true },
  },
}
const sources = [
  "import { box } from 'drawn/box'\nimport type { Type } from 'typed'\nexport const say = 'tests'\n",
  "/** As `import { x } from 'tests'` writes it. */\nconst { y } = await import('asked')\nlet z: typeof import('typed')\n",
]

describe('what the bundle is made of', () => {
  it('is what is imported, with what that needs, in the versions of the lock file', () => {
    const made = fewDependencies(manifest, lock, sources) as Made
    expect(made.manifest.dependencies).toEqual({
      runs: '1',
      esbuild: '1',
      drawn: '1',
      asked: '1',
      referred: '1',
    })
    const { '': own, ...packages } = made.lock.packages
    expect(own?.dependencies).toEqual(made.manifest.dependencies)
    expect(Object.entries(packages).map(([place, { version }]) => `${place} ${version}`)).toEqual([
      'node_modules/runs 1.0.0',
      'node_modules/runs/node_modules/shared 2.0.0',
      'node_modules/esbuild 1.1.0',
      'node_modules/drawn 1.2.0',
      'node_modules/shared 1.0.0',
      'node_modules/peer 1.0.0',
      'node_modules/asked 1.0.0',
      'node_modules/referred 1.0.0',
    ])
    expect(Object.values(packages).filter(({ dev }) => dev)).toEqual([])
  })

  it('cannot be said where the lock file lacks something', () => {
    const { 'node_modules/peer': _, ...packages } = lock.packages
    expect(() => fewDependencies(manifest, { ...lock, packages }, sources)).toThrow(
      'has no peer, which node_modules/drawn needs',
    )
  })

  it('is a part of all that this package has', () => {
    const whole = json('package-lock.json')
    const made = fewDependencies(json('package.json'), whole, ["import { render } from 'ink'\n"]) as Made
    const names = Object.keys(made.lock.packages)
    expect(names).toEqual(
      expect.arrayContaining(['node_modules/ink', 'node_modules/koffi', 'node_modules/esbuild']),
    )
    for (const large of ['vitest', 'tslab', 'typedoc', 'playwright-core']) {
      expect(names).not.toContain(`node_modules/${large}`)
    }
    for (const name of names) {
      if (name !== '') expect(made.lock.packages[name]?.version).toBe(whole.packages[name].version)
    }
  })
})
