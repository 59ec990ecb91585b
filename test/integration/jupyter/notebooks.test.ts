import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../../src/session/guest.js'
import type { Session } from '../../../src/session/session.js'
import { demoGuest } from '../../../src/ui/demo-guest.js'
import { demoBuild } from '../support/demo-guest.js'
import { hasJupyter, type JupyterHome, jupyterHome, pythonTests, runPython } from '../support/jupyter.js'

const directory = new URL('../../../notebooks/', import.meta.url).pathname
const all = readdirSync(directory).filter((name) => name.endsWith('.ipynb'))
/** One of them needs a recording; its test is the hunt's. */
const withDemo = all.filter((name) => name !== 'hunting-a-lost-task.ipynb')

describe('the notebooks', () => {
  it.each(all)('%s is kept without outputs, and asserts what it finds', (name) => {
    const { cells, metadata } = JSON.parse(readFileSync(join(directory, name), 'utf8'))
    expect(metadata.kernelspec.name).toBe('cryoscope')
    const code = cells.filter((cell: { cell_type: string }) => cell.cell_type === 'code')
    for (const { outputs, execution_count: count } of code) expect([outputs, count]).toEqual([[], null])
    const text = code.flatMap(({ source }: { source: string[] }) => source).join('')
    expect(text.match(/\bassert\b/g)?.length).toBeGreaterThan(3)
  })
})

describe.skipIf(!hasJupyter())(
  'the notebooks, run (needs the Jupyter packages; scripts/setup gets them)',
  () => {
    let home: JupyterHome
    let guest: Session
    // One guest for all of them: each leaves it frozen, and takes back what it wrote.
    beforeAll(async () => {
      home = jupyterHome()
      guest = await boot({ ...(await demoGuest({})), name: `notebooks-${process.pid}`, detach: true })
      await guest.freeze()
      await guest.close()
    })
    afterAll(async () => {
      const { open } = await import('../../../src/session/open.js')
      await (await open(guest.target.name)).stop()
      home[Symbol.dispose]()
    })

    it.each(withDemo)('%s', { timeout: 300_000 }, async (name) => {
      const environment = {
        ...home.environment,
        CRYOSCOPE_DEMO: guest.target.name,
        CRYOSCOPE_DEMO_OBJECT: join(demoBuild, 'scx_demo.bpf.o'),
      }
      const script = join(pythonTests, 'run_notebook.py')
      const { status, text } = await runPython(
        { ...home, environment },
        [script, join(directory, name)],
        home.directory,
      )
      expect(status, text).toBe(0)
      expect(text).toMatch(/cells in/)
    })

    it.each([
      ['cells that know the types of the target', 'types_test'],
      ['outputs with the right values', 'values_test'],
    ])('have %s', { timeout: 300_000 }, async (_, module) => {
      const environment = { ...home.environment, CRYOSCOPE_DEMO: guest.target.name }
      const { status, text } = await runPython({ ...home, environment }, ['-m', 'unittest', '-v', module])
      expect(status, text).toBe(0)
      expect(text).toMatch(/^OK$/m)
    })
  },
)
