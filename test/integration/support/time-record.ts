import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sessionOfRecord } from '../../../src/session/guest.js'
import type { Session } from '../../../src/session/session.js'
import { bootRecord } from '../../../src/time/boot-record.js'
import { demoGuest } from '../../../src/ui/demo-guest.js'

export interface RecordedDemo extends AsyncDisposable {
  readonly session: Session
  /** Where its run is kept. */
  readonly runs: string
}

/** The demo as a deterministic guest that has run for a while, with a store of its own. */
export async function recordedDemo(options: {
  readonly kernel: string
  readonly cpus: number
  readonly ms: number
}): Promise<RecordedDemo> {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-time-'))
  const { kernel, cpus, ms } = options
  try {
    const wanted = {
      ...(await demoGuest({ kernel, cpus })),
      name: `asked${cpus}`,
      deterministic: true,
      seed: 5,
    }
    const session = sessionOfRecord(await bootRecord(wanted, directory))
    await session.advance({ ms })
    return {
      session,
      runs: directory,
      async [Symbol.asyncDispose]() {
        await session.close()
        rmSync(directory, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}
