import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasJupyter, type JupyterHome, jupyterHome, runPython } from '../support/jupyter.js'

describe.skipIf(!hasJupyter())(
  'the Jupyter kernel (needs the Jupyter packages; scripts/setup gets them)',
  () => {
    let home: JupyterHome
    beforeAll(() => {
      home = jupyterHome()
    })
    afterAll(() => home[Symbol.dispose]())

    it.each([
      ["Jupyter's test suite for kernels", 'kernel_test'],
      ['interrupts, errors, order and output', 'behaviour_test'],
      ['its guests end with it, however it ends', 'life_test'],
    ])('passes: %s', { timeout: 600_000 }, async (_, module) => {
      const { status, text } = await runPython(home, ['-m', 'unittest', '-v', module])
      expect(status, text).toBe(0)
      expect(text).toMatch(/^OK$/m)
    })
  },
)
