import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { runtimeDirectory } from '../../machine/runtime-directory.js'
import { escapeText } from '../../text.js'
import type { Output } from './output.js'

/** Where mounts note themselves: ui/fuse/records.ts, which is not loaded only to ask. */
const mountsFolder = '.mounts'

/**
 * Removes what dead processes of ours left behind, and says so. One readdir or two when there is nothing; the code that
 * cleans is loaded only then.
 */
export async function sweepLeftovers(output: Output): Promise<void> {
  try {
    const root = runtimeDirectory()
    const names = readdirSync(root)
    if (names.includes(mountsFolder) && readdirSync(join(root, mountsFolder)).length > 0) {
      const { sweepMounts } = await import('../fuse/records.js')
      for (const sentence of await sweepMounts(root)) output.note(escapeText(sentence))
    }
    if (names.every((name) => name.startsWith('.') && !name.startsWith('.new-'))) return
    const { Registry } = await import('../../machine/registry.js')
    for (const sentence of await new Registry(root).sweep()) output.note(sentence)
  } catch (error) {
    // A command that needs guests meets the same problem again and fails with it; a dump opens without them.
    if (!(error instanceof CryoscopeError)) throw error
  }
}
