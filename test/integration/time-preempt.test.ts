import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import '../../src/history/attach.js'
import { bootRecord } from '../../src/time/boot-record.js'
import { openRecording, saveRecording } from '../../src/time/recording.js'
import { demoGuest } from '../../src/ui/demo-guest.js'
import { placeOf, placesFrom } from './support/repeated-run.js'

const title =
  'lets a vCPU go on alone as the seed says: another run, the same each time and for whoever has its recording'

// Three runs and one from its recording: `npm run test:preempt` asks for them.
it.skipIf(process.env.CRYOSCOPE_PREEMPT === undefined)(
  title,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-preempt-'))
    const guest = { ...(await demoGuest({ kernel: '6.18', cpus: 2 })), deterministic: true, seed: 9 }
    const file = join(directory, 'run.cryo')
    const run = async (runs: string, preempt: boolean) => {
      const record = await bootRecord({ ...guest, name: `preempted`, preempt }, join(directory, runs))
      try {
        const places = await placesFrom(record)
        if (preempt) await saveRecording(record, file)
        return { places, segments: record.checkpoints.length }
      } finally {
        await record.close()
      }
    }
    try {
      const first = await run('first', true)
      expect(first.segments).toBeGreaterThan(4)
      const plain = await run('plain', false)
      // Nothing is done before the first boundary.
      expect(plain.places[0]).toEqual(first.places[0])
      expect(plain.places.at(-1)?.ram).not.toBe(first.places.at(-1)?.ram)
      const opened = await openRecording(file, { runs: join(directory, 'second'), name: 'preempted' })
      try {
        for (const place of first.places) {
          await opened.goTo({ instructions: place.instructions })
          expect(placeOf(opened)).toEqual(place)
        }
      } finally {
        await opened.close()
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
  900_000,
)
