import { execFileSync, spawnSync } from 'node:child_process'
import Table from 'cli-table3'

/** One line of a table: milliseconds, or millions per second where `count` says how many were done. */
export interface Row {
  readonly what: string
  /** Milliseconds of each run. */
  readonly times: readonly number[]
  /** How many things one run does. */
  readonly count?: number
  /** What the project promises: milliseconds at most, or millions per second at least. */
  readonly goal?: number
  /** What the numbers are when they are no times. */
  readonly unit?: string
}

export function timed(run: () => unknown): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

export function repeat(runs: number, run: () => number): number[] {
  return Array.from({ length: runs }, run)
}

/** Runs a module's text in a fresh process; what it prints is a number of milliseconds. */
export function fresh(body: string): number {
  const args = ['--input-type=module', '-e', body]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

/** A whole process, from start to exit. */
export function wholeProcess(command: string, args: readonly string[]): number {
  return timed(() => {
    const { status } = spawnSync(command, args, { stdio: 'ignore' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}`)
  })
}

export function print(title: string, rows: readonly Row[]): void {
  const table = new Table({
    head: [title, 'min', 'median', 'p95', 'unit', 'goal'],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'right'],
    style: { head: [], border: [] },
  })
  for (const { what, times, count, goal, unit: own } of rows) {
    const sorted = times.toSorted((a, b) => a - b)
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    const show = (ms: number): string =>
      count === undefined
        ? ms.toFixed(own === undefined ? 1 : own === 'times' ? 2 : 0)
        : (count / ms / 1000).toFixed(2)
    const unit = own ?? (count === undefined ? 'ms' : 'M/s')
    const promise = goal === undefined ? '' : count === undefined ? `< ${goal}` : `>= ${goal}`
    table.push([what, show(at(0)), show(at(0.5)), show(at(0.95)), unit, promise])
  }
  console.log(table.toString())
}
