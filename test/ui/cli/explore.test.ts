import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Explored } from '../../../src/history/explore.js'
import {
  type EngineWork,
  processes,
  templateEngine,
  wordsForSeed,
} from '../../../src/ui/cli/explore/engines.js'
import { questionName, Results } from '../../../src/ui/cli/explore/results.js'
import { jobScript, slurmEngine } from '../../../src/ui/cli/explore/slurm.js'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-explore-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const explored = (seed: number, isBroken = false): Explored => ({
  seed,
  isBroken,
  why: isBroken ? 'no' : null,
  time: null,
  end: { instructions: 5, ns: 10 },
  looks: 1,
  recording: isBroken ? '/elsewhere/seed-1.cryo' : null,
})

function work(results: Results, jobs?: number): EngineWork & { readonly said: string[] } {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const output = { progress: say, note: say } as unknown as EngineWork['output']
  return { results, jobs, output, signal: new AbortController().signal, said }
}

describe('results by seed', () => {
  it('are read where they were copied to, and refused where another question was asked', () => {
    const results = new Results(directory, questionName({ every: 5 }))
    results.write(explored(1, true))
    expect(results.read(1)).toEqual({ ...explored(1, true), recording: join(directory, 'seed-1.cryo') })
    expect(results.read(2)).toBeUndefined()
    writeFileSync(join(directory, 'seed-2.json'), '{"seed":3,"isBroken":false}')
    expect(results.read(2)).toBeUndefined()
    expect(() => new Results(directory, questionName({ every: 6 })).read(1)).toThrow(
      'another check, guest or time',
    )
  })
})

describe('engines', () => {
  it('ask the same command for one seed, without what says how seeds are run', () => {
    const given = [
      'explore',
      '--seeds=1..9',
      '--jobs',
      '3',
      '--engine',
      'command',
      'a {seed}',
      '--run',
      'x',
      '-y',
      '--',
      '--for',
      '1s',
    ]
    expect(wordsForSeed(given, '7').slice(2)).toEqual([
      'explore',
      '--seeds',
      '7',
      '--run',
      'x',
      '-y',
      '--',
      '--for',
      '1s',
    ])
    expect(wordsForSeed(['explore', '--engine=slurm', '--check', 'c'], '7').slice(4)).toEqual([
      '7',
      '--check',
      'c',
    ])
  })

  it('run so many processes at a time, and say which left no result', async () => {
    const results = new Results(join(directory), 'x')
    for (const seed of [11, 12, 13]) results.write(explored(seed))
    const log = join(directory, 'log')
    const code =
      'import fs from "node:fs"; const [l, s] = process.argv.slice(1); fs.appendFileSync(l, "+"); await new Promise((r) => setTimeout(r, 400)); fs.appendFileSync(l, "-"); if (s === "14") console.error("it\\u001b[2J is late")'
    const given = work(results, 2)
    await processes((seed) => [process.execPath, '--input-type=module', '-e', code, log, String(seed)])(
      [11, 12, 13, 14],
      given,
    )
    expect(given.said).toHaveLength(4)
    expect(given.said).toContain('seed 11 holds')
    expect(given.said.find((text) => text.includes('14'))).toMatch(
      /^seed 14 was not explored: it\\x1b\[2J is late$/,
    )
    const order = readFileSync(log, 'utf8')
    expect(order).toHaveLength(8)
    let running = 0
    let most = 0
    for (const mark of order) {
      running += mark === '+' ? 1 : -1
      most = Math.max(most, running)
    }
    expect(most).toBe(2)
    expect(() => templateEngine('true')).toThrow('{seed}')
  })

  it('write a script in which each task of an array finds its seed', () => {
    const script = jobScript(['explore', '--check', "it's.ts", '--seeds', '1..3'], [4, 8, 15])
    const run = (task: number, program: string) =>
      spawnSync('sh', ['-c', script.replace(/^'[^']*node' '[^']*cryoscope.js'/m, program)], {
        env: { ...process.env, SLURM_ARRAY_TASK_ID: String(task) },
        encoding: 'utf8',
      })
    expect(run(2, 'echo').stdout).toBe("explore --seeds 15 --check it's.ts\n")
    expect(run(0, 'echo').stdout).toContain('--seeds 4 ')
    // Status 1 says that a seed broke.
    expect(run(0, 'false').status).toBe(0)
    expect(run(0, 'sh -c "exit 3"').status).toBe(1)
  })

  it('say what is missing where there is no Slurm, and leave nothing', async () => {
    const path = process.env.PATH
    process.env.PATH = directory
    try {
      await expect(slurmEngine([])([99], work(new Results(directory, 'x')))).rejects.toThrow(
        'there is no sbatch',
      )
    } finally {
      process.env.PATH = path
    }
  })
})
