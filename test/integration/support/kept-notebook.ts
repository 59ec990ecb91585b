import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'vitest'
import { type JupyterHome, pythonTests, runPython } from './jupyter.js'
import { differences, kept, type Notebook } from './notebook-values.js'

/** `npm run notebooks` keeps what a run showed instead of comparing it. */
const isWriting = process.env.CRYOSCOPE_NOTEBOOKS === 'write'

/** Runs a notebook from scratch: no cell may fail, and each shows what the kept file says. */
export async function runKept(file: string, home: JupyterHome): Promise<void> {
  const ran = join(home.directory, basename(file))
  const script = join(pythonTests, 'run_notebook.py')
  const { status, text } = await runPython(home, [script, file, ran], home.directory)
  expect(status, text).toBe(0)
  expect(text).toMatch(/cells in/)
  const now = read(ran)
  if (isWriting) writeFileSync(file, `${JSON.stringify(kept(now), null, 1)}\n`)
  else expect(differences(read(file), now).join('\n')).toBe('')
}

function read(file: string): Notebook {
  return JSON.parse(readFileSync(file, 'utf8')) as Notebook
}
