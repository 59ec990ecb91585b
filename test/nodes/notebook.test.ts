import { expect, it } from 'vitest'
import { hasJupyter, jupyterHome, runPython } from '../integration/support/jupyter.js'

it.skipIf(!hasJupyter())(
  'the kernel of notebooks runs cells',
  async () => {
    using home = jupyterHome()
    const words = ['-m', 'unittest', 'behaviour_test']
    const { status, text } = await runPython(home, words)
    expect({ status, text: status === 0 ? '' : text }).toEqual({ status: 0, text: '' })
  },
  300_000,
)
