import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installKernelSpec } from '../../../src/ui/jupyter/kernel-spec.js'

/** Debian's, which has the Jupyter packages; another Python may come first on PATH. */
export const python = '/usr/bin/python3'
export const pythonTests = new URL('../../jupyter/', import.meta.url).pathname

/** Whether Python has what the tests use; scripts/setup installs it. */
export function hasJupyter(): boolean {
  const modules = 'import jupyter_client, nbclient, jupyter_kernel_test, ipywidgets'
  return existsSync(python) && spawnSync(python, ['-c', modules], { stdio: 'ignore' }).status === 0
}

export interface JupyterHome extends Disposable {
  readonly directory: string
  readonly environment: NodeJS.ProcessEnv
}

/** A place of its own with our kernels installed, so that the user's are neither seen nor touched. */
export function jupyterHome(): JupyterHome {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-jupyter-'))
  installKernelSpec({ prefix: directory })
  installKernelSpec({ prefix: directory, target: 'demo', name: 'cryoscope-demo' })
  return {
    directory,
    environment: {
      ...process.env,
      HOME: directory,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/root', '.cache'),
      JUPYTER_PATH: join(directory, 'share/jupyter'),
      JUPYTER_RUNTIME_DIR: join(directory, 'runtime'),
      JUPYTER_DATA_DIR: join(directory, 'data'),
      JUPYTER_CONFIG_DIR: join(directory, 'config'),
      IPYTHONDIR: join(directory, 'ipython'),
      PYDEVD_DISABLE_FILE_VALIDATION: '1',
      PYTHONWARNINGS: 'ignore',
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export interface Finished {
  readonly status: number | null
  /** What it wrote, both streams. */
  readonly text: string
}

/** Runs a Python program to its end without blocking this process. */
export function runPython(home: JupyterHome, args: readonly string[], cwd = pythonTests): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [...args], { cwd, env: home.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.stderr.on('data', (piece: Buffer) => pieces.push(piece))
    child.once('error', reject)
    child.once('exit', (status) => resolve({ status, text: Buffer.concat(pieces).toString() }))
  })
}
