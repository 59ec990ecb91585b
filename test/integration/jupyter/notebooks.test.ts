import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../../src/session/guest.js'
import type { Session } from '../../../src/session/session.js'
import { demoGuest } from '../../../src/ui/demo-guest.js'
import { demoBuild } from '../support/demo-guest.js'
import { hasJupyter, type JupyterHome, jupyterHome, runPython } from '../support/jupyter.js'
import { runKept } from '../support/kept-notebook.js'
import { type Cell, valuesOf } from '../support/notebook-values.js'

const directory = new URL('../../../notebooks/', import.meta.url).pathname
const all = readdirSync(directory).filter((name) => name.endsWith('.ipynb'))
/** One of them needs a recording; its test is the hunt's. */
const withDemo = all.filter((name) => name !== 'hunting-a-lost-task.ipynb')

/** What a visitor's browser loads at once. */
const mostCharacters = 700_000

describe('the notebooks', () => {
  it.each(all)('%s is kept as it was run, and asserts what it finds', (name) => {
    const file = readFileSync(join(directory, name), 'utf8')
    const { cells, metadata } = JSON.parse(file)
    expect(metadata.kernelspec.name).toBe('cryoscope')
    const code = cells.filter((cell: { cell_type: string }) => cell.cell_type === 'code')
    const counts = code.map(({ execution_count: count }: { execution_count: number }) => count)
    expect(counts).toEqual(code.map((_: unknown, at: number) => at + 1))
    const text = code.flatMap(({ source }: { source: string[] }) => source).join('')
    expect(text.match(/\bassert\b/g)?.length).toBeGreaterThan(3)
    expect(file).not.toMatch(/"output_type": "error"|widget-view|\/(?:root|home|work)\//)
    expect(file.length).toBeLessThan(mostCharacters)
    // What is compared is not nothing.
    const values = code.flatMap((cell: Cell) => valuesOf(cell))
    expect(values.length).toBeGreaterThan(2 * code.length)
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
      const options = await demoGuest({})
      // Where none has that name, it is what a reader sees.
      guest = await boot({ ...options, name: options.name ?? `notebooks-${process.pid}`, detach: true })
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
      await runKept(join(directory, name), { ...home, environment })
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
