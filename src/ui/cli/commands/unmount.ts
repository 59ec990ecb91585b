import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { CryoscopeError } from '../../../errors.js'
import { isAlive } from '../../../machine/host-process.js'
import { delay } from '../../../machine/wait.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'

/** Milliseconds that the process of a mount gets to unmount by itself. */
const patience = 5000

export const unmount = defineCommand({
  configure(command) {
    command.argument('<directory>', 'where a target is mounted')
  },
  async run(call) {
    const directory = required(call, 0)
    const place = mountPlace(directory)
    const { mountedOn, mountType } = await import('../../fuse/mount-table.js')
    const { recordOf, wasSwept } = await import('../../fuse/records.js')
    const isMounted = (): boolean => mountedOn(place)?.type === mountType
    if (!isMounted()) {
      if (wasSwept(place)) return 0
      throw new CryoscopeError('not-found', `nothing of cryoscope is mounted on ${escapeText(directory)}`)
    }
    const record = recordOf(place)
    if (record !== undefined && isAlive(record.process)) {
      process.kill(record.process.pid, 'SIGTERM')
      const end = performance.now() + patience
      while (performance.now() < end && (isMounted() || isAlive(record.process))) await delay(10)
    }
    if (isMounted()) {
      const { detachMount } = await import('../../fuse/unmounting.js')
      await detachMount(place)
    }
    return 0
  },
})

/** The directory as the kernel names it. The directory itself is not touched: its process may be dead or busy. */
function mountPlace(directory: string): string {
  const path = resolve(directory)
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path
  }
}
