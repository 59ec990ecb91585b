import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Explored } from '../../src/history/explore.js'
import { hasJupyter, jupyterHome } from './support/jupyter.js'
import { runKept } from './support/kept-notebook.js'

const root = new URL('../../', import.meta.url).pathname
const notebook = join(root, 'notebooks/hunting-a-lost-task.ipynb')

describe('the scheduler that loses a task', () => {
  let directory: string
  let found: Explored | undefined
  let words = ''

  // As a person does it. Which seed breaks depends on the kernel and on QEMU; each has about an even chance.
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cryoscope-hunt-'))
    for (let seed = 1; seed <= 12 && found === undefined; seed++) {
      const { status, text } = await hunt(directory, seed)
      words = text
      expect([0, 1], text).toContain(status)
      const result = JSON.parse(readFileSync(join(directory, `seed-${seed}.json`), 'utf8')) as Explored
      expect(result.isBroken).toBe(status === 1)
      if (result.isBroken) found = result
    }
  }, 1_200_000)
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('is caught by exploring, which leaves a recording', () => {
    expect(found?.why).toMatch(/^lost_worker\/\d \(\d+\) waits for \d+ ms and is not in the ring$/)
    expect(words).toContain(`seed ${found?.seed} at `)
    expect(existsSync(found?.recording ?? '')).toBe(true)
    // Once in a great many enqueues: not at once.
    expect(found?.looks).toBeGreaterThan(5)
  })

  it.skipIf(!hasJupyter())(
    'is understood by going back, as its notebook tells',
    { timeout: 600_000 },
    async () => {
      using home = jupyterHome()
      const environment = { ...home.environment, CRYOSCOPE_LOST: found?.recording ?? '' }
      await runKept(notebook, { ...home, environment })
    },
  )
})

function hunt(out: string, seed: number): Promise<{ readonly status: number | null; readonly text: string }> {
  const args = [String(seed), '--kernel', '6.18', '--out', out]
  const child = spawn(join(root, 'examples/scx_lost/hunt'), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, text }))
  })
}
