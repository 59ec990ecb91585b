import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installKernelSpec } from '../src/ui/jupyter/kernel-spec.js'
import { print } from './measure.js'

/** How long a person waits for a notebook. Needs the Jupyter packages; without them it says so and measures nothing. */
export function measureJupyter(dump: string): void {
  const prefix = mkdtempSync(join(tmpdir(), 'cryoscope-bench-jupyter-'))
  try {
    installKernelSpec({ prefix })
    const script = fileURLToPath(new URL('./jupyter.py', import.meta.url))
    const env = { ...process.env, JUPYTER_PATH: join(prefix, 'share/jupyter'), PYTHONWARNINGS: 'ignore' }
    const text = execFileSync('/usr/bin/python3', [script, dump], { env, encoding: 'utf8' })
    const times = JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, number[]>
    print('notebook', [
      { what: 'kernel start to first cell done', times: times.start ?? [], goal: 3000 },
      { what: 'completion, warm', times: times.completion ?? [], goal: 150 },
      { what: 'completion of members of a kernel struct, warm', times: times.typed ?? [], goal: 150 },
      { what: 'a map of 1,000,000 entries shown', times: times.map ?? [], goal: 500 },
      { what: 'the same as a live view', times: times.page ?? [], goal: 500 },
    ])
  } catch (error) {
    console.log(
      `notebook: not measured (${(error as Error).message.split('\n')[0]}); scripts/setup gets Jupyter`,
    )
  } finally {
    rmSync(prefix, { recursive: true, force: true })
  }
}
