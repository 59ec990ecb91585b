import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type JupyterHome, python } from './jupyter.js'

const startMs = 60_000
/** A server that was asked to end waits for its kernels, and they for their guests. */
const endMs = 20_000

export interface NotebookServer {
  readonly url: string
  readonly pid: number
  /** Ends it and its kernels; whatever does not end is killed. */
  end(): Promise<void>
  /** As when the machine takes it away: nobody is told. */
  kill(): Promise<void>
}

/** The classic Notebook on a port of its own, without a token: it listens on this machine alone. */
export async function startServer(home: JupyterHome, directory: string): Promise<NotebookServer> {
  const port = await freePort()
  const args = [
    ...['-m', 'notebook', '--no-browser', '--allow-root', '--ip=127.0.0.1', `--port=${port}`],
    ...['--port-retries=0', '--NotebookApp.token=', '--NotebookApp.password=', `--notebook-dir=${directory}`],
  ]
  const child = spawn(python, args, {
    env: home.environment,
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (piece: Buffer) => {
    said = (said + piece.toString()).slice(-4000)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      said += error.message
      resolve()
    })
  })
  const url = `http://127.0.0.1:${port}`
  const server: NotebookServer = {
    url,
    pid: child.pid ?? 0,
    end: async () => {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), endMs)
      await ended
      clearTimeout(late)
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
  const deadline = performance.now() + startMs
  while (!(await answers(url))) {
    if (hasEnded(child)) throw new Error(`the notebook server has ended:\n${said}`)
    if (performance.now() > deadline) {
      await server.kill()
      throw new Error(`the notebook server did not answer within ${startMs / 1000} s:\n${said}`)
    }
    await delay(100)
  }
  return server
}

/** A child that could not be started has neither an exit code nor a signal, and no pid. */
function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(`${url}/api`, { signal: AbortSignal.timeout(5000) })
    return ok
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  return address.port
}
