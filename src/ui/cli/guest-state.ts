import { whyStopped } from '../../machine/host-process.js'
import { connectToMonitors } from '../../machine/monitors.js'
import { isFlag, recordOf } from '../../machine/qmp-shape.js'
import { guestFiles } from '../../machine/registry.js'

const answerMilliseconds = 2000

/**
 * What a guest does now, asked over QMP. `stopped`: QEMU's process is, by a signal. `unknown`: QEMU did not answer,
 * because all its monitors are in use, say.
 */
export async function guestState(
  directory: string,
  qemuPid: number,
): Promise<'running' | 'frozen' | 'stopped' | 'unknown'> {
  if (whyStopped(qemuPid) !== undefined) return 'stopped'
  try {
    const qmp = await connectToMonitors(guestFiles(directory).monitors, {
      timeoutMs: answerMilliseconds,
      whySilent: () => whyStopped(qemuPid),
    })
    try {
      const shape = recordOf({ running: isFlag })
      const { running } = await qmp.ask('query-status', shape, {}, { timeoutMs: answerMilliseconds })
      return running ? 'running' : 'frozen'
    } finally {
      qmp.close()
    }
  } catch {
    return 'unknown'
  }
}
