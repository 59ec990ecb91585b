import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import '../../src/history/attach.js'
import { exploreSeed } from '../../src/history/explore.js'
import { isRecording } from '../../src/time/recording-file.js'

it('finds the first moment that breaks an invariant, the same each time, and records it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-explore-'))
  const recording = join(directory, 'seed.cryo')
  const wanted = {
    guest: { kernel: '6.18', cpus: 1, name: 'explored' },
    seed: 11,
    ms: 200,
    every: 2 ** 24,
    recording,
  }
  try {
    let first: number | undefined
    const broken = await exploreSeed({
      ...wanted,
      // Holds for ten ticks.
      check: (vm) => {
        const jiffies = Number(vm.variable('jiffies_64'))
        first ??= jiffies
        return jiffies < first + 10 || `${jiffies - first} ticks`
      },
    })
    expect(broken).toMatchObject({ isBroken: true, why: expect.stringMatching(/^1\d ticks$/), recording })
    // The moment is before the look that saw it, not at it.
    expect(broken.time?.instructions).toBeLessThan(broken.end.instructions)
    expect(isRecording(recording)).toBe(true)
    rmSync(recording)
    const whole = await exploreSeed({ ...wanted, check: () => true })
    expect(whole).toMatchObject({ isBroken: false, why: null, time: null, recording: null })
    expect(whole.looks).toBeGreaterThan(2)
    expect(existsSync(recording)).toBe(false)
    await expect(exploreSeed({ ...wanted, check: () => 7 })).rejects.toThrow('a check gives true')
  } finally {
    rmSync(directory, { recursive: true })
  }
}, 600_000)
