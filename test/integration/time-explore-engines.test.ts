import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Explored } from '../../src/history/explore.js'
import { isRecording } from '../../src/time/recording-file.js'
import { hasSlurm, startSlurm } from './support/slurm.js'

const bin = new URL('../../bin/cryoscope.js', import.meta.url).pathname

interface End {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

describe('explore on several processes and machines', () => {
  let directory: string
  let words: string[]
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cryoscope-engines-'))
    // Seeds are told apart by where the kernel lies: about half of them break.
    writeFileSync(
      join(directory, 'check.ts'),
      `export default (vm: any) => (vm.symbol('_stext').address >> 21n) % 2n === 0n || 'an odd place'\n`,
    )
    words = ['--check', join(directory, 'check.ts'), '--for', '100ms', '--kernel', '6.18', '--cpus', '1']
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const explore = (given: readonly string[], environment = process.env): Promise<End> => {
    const child = spawn(process.execPath, [bin, 'explore', ...words, ...given, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    })
    const end = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      end.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      end.stderr += text
    })
    return new Promise((resolve) => child.once('close', (status) => resolve({ ...end, status })))
  }
  /** What is the same wherever it ran. */
  const plain = ({ stdout, stderr }: End): object[] => {
    expect(stdout, stderr).toMatch(/^\[/)
    return (JSON.parse(stdout) as Explored[]).map(({ recording, ...rest }) => ({
      ...rest,
      recorded: recording !== null,
    }))
  }

  let known: object[]

  it('runs several seeds at a time, and resumes what was broken off', { timeout: 900_000 }, async () => {
    const out = join(directory, 'jobs')
    const all = await explore(['--seeds', '1..4', '--jobs', '2', '--out', out])
    known = plain(all)
    expect(known).toHaveLength(4)
    const broken = (JSON.parse(all.stdout) as Explored[]).filter(({ isBroken }) => isBroken)
    expect(all.status).toBe(broken.length > 0 ? 1 : 0)
    for (const { recording } of broken) expect(isRecording(recording ?? '')).toBe(true)
    // One is lost: it alone runs again, and is the same.
    rmSync(join(out, 'seed-3.json'))
    const others = [1, 2, 4].map((seed) => statSync(join(out, `seed-${seed}.json`)).mtimeMs)
    const again = await explore(['--seeds', '1..4', '--out', out])
    expect(plain(again)).toEqual(known)
    expect([1, 2, 4].map((seed) => statSync(join(out, `seed-${seed}.json`)).mtimeMs)).toEqual(others)
    // Results of another question are not taken for those of this one.
    const other = await explore(['--seeds', '1..4', '--out', out, '--preempt'])
    expect(other.status).toBe(2)
    expect(other.stderr).toContain('results of another check, guest or time')
  })

  it('gives seeds to a command, and merges by copying', { timeout: 900_000 }, async () => {
    const [elsewhere, merged] = [join(directory, 'elsewhere'), join(directory, 'merged')]
    const shell = words.map((word) => `'${word}'`).join(' ')
    const template = `${process.execPath} ${bin} explore --seeds {seed} ${shell} --out '${elsewhere}'`
    const end = await explore(['--seeds', '1,2', '--out', elsewhere, '--engine', 'command', template])
    expect(plain(end)).toEqual(known.slice(0, 2))
    cpSync(elsewhere, merged, { recursive: true })
    cpSync(join(directory, 'jobs'), merged, { recursive: true })
    rmSync(join(directory, 'jobs'), { recursive: true })
    const all = await explore(['--seeds', '1..4', '--out', merged])
    expect(plain(all)).toEqual(known)
    for (const { recording } of JSON.parse(all.stdout) as Explored[]) {
      if (recording !== null) expect(isRecording(recording)).toBe(true)
    }
    const failing = await explore([
      '--seeds',
      '9',
      '--out',
      merged,
      '--engine',
      'command',
      'echo no {seed} >&2; false',
    ])
    expect(failing.status).toBe(1)
    expect(failing.stderr).toContain('seed 9 was not explored: no 9')
  })

  it.skipIf(!hasSlurm())('is a job array of Slurm', { timeout: 900_000 }, async () => {
    await using cluster = await startSlurm()
    const out = join(directory, 'slurm')
    rmSync(out, { recursive: true, force: true })
    const end = await explore(['--seeds', '1..3', '--out', out, '--engine', 'slurm'], cluster.environment)
    expect(plain(end)).toEqual(known.slice(0, 3))
    // Nothing is left but results and recordings.
    expect(readdirSync(out).filter((name) => !/^seed-\d\.(json|cryo)$/.test(name))).toEqual([])
    // A task that fails says why, and what it said stays.
    const given = ['--seeds', '5', '--out', out, '--engine', 'slurm', '--memory', '64M']
    const failing = await explore(given, cluster.environment)
    expect(failing.status).toBe(1)
    expect(failing.stderr).toMatch(/seed 5 was not explored: .*128 MiB/)
    expect(readFileSync(join(out, 'seed-1.json'), 'utf8')).toContain('"seed":1')
  })
})
