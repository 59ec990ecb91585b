import { type ChildProcess, spawn } from 'node:child_process'

const running = new Set<ChildProcess>()

/** Ends what still runs. */
export function endTrials(): void {
  for (const child of running) kill(child)
}

function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Whether the tests pass in a tree; undefined when they do not end in time. */
export function passes(
  tree: string,
  tests: readonly string[],
  seconds: number,
): Promise<boolean | undefined> {
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'unit',
    '--bail',
    '1',
    '--reporter',
    'dot',
  ]
  // One thread for all files: starting one for each takes longer than most tests.
  const pool = ['--pool', 'threads', '--poolOptions.threads.singleThread', '--no-isolate', '--retry', '0']
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...args, ...pool, ...tests], {
      cwd: tree,
      stdio: 'ignore',
      detached: true,
      env: { ...process.env, CI: '' },
    })
    running.add(child)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      kill(child)
    }, seconds * 1000)
    child.once('exit', (code) => {
      clearTimeout(timer)
      running.delete(child)
      resolve(isLate ? undefined : code === 0)
    })
  })
}
