import { describe, expect, it } from 'vitest'
// @ts-expect-error a script without types
import { newerDependencies } from '../../scripts/newer-dependencies.js'

const registry: Record<string, unknown> = {
  runs: { version: '7.0.1', engines: { node: '>=22' } },
  same: { version: '1.9.0', engines: { node: '>=20' } },
  young: '0.28.0',
  patched: { version: '0.25.99' },
  asked: { version: '3.0.0', engines: {} },
}
const newer = (manifest: object) => newerDependencies(manifest, (name: string) => registry[name])

describe('newer dependencies', () => {
  it('are those of another major, of every kind, with the Node.js that they need', () => {
    expect(
      newer({
        dependencies: { runs: '6.8', same: '^1.0.2' },
        peerDependencies: { asked: '^2.2.6' },
        devDependencies: { young: '^0.25.12', patched: '~0.25.1', asked: '^2.2.6' },
      }),
    ).toEqual([
      { name: 'young', range: '^0.25.12', version: '0.28.0', node: undefined },
      { name: 'asked', range: '^2.2.6', version: '3.0.0', node: undefined },
      { name: 'runs', range: '6.8', version: '7.0.1', node: '>=22' },
    ])
  })

  it('are none where there is nothing newer, or nothing at all', () => {
    expect(newer({ dependencies: { same: '1' } })).toEqual([])
    expect(newer({})).toEqual([])
  })
})
