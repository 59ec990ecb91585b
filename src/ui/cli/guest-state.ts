import { QmpClient } from '../../machine/qmp.js'
import { guestFiles } from '../../machine/registry.js'

const answerMilliseconds = 2000

/** What a guest does now, asked over QMP. `unknown`: QEMU did not answer, because all its monitors are in use, say. */
export async function guestState(directory: string): Promise<'running' | 'frozen' | 'unknown'> {
  try {
    const qmp = await QmpClient.connectAny(guestFiles(directory).monitors, { timeoutMs: answerMilliseconds })
    try {
      const status = (await qmp.execute('query-status', {}, { timeoutMs: answerMilliseconds })) as {
        running?: unknown
      } | null
      return status?.running === true ? 'running' : 'frozen'
    } finally {
      qmp.close()
    }
  } catch {
    return 'unknown'
  }
}
