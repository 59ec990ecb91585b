import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { CryoscopeError } from '../../../errors.js'
import { packageRoot } from '../../../package-root.js'
import { escapeText } from '../../../text.js'
import { type Call, defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { opening, openingWords } from '../opening.js'
import type { Output } from '../output.js'
import { onlyProvenOption, targetHelp } from '../target.js'

interface Options {
  readonly detach?: boolean
  readonly writable?: boolean
  readonly allowOther?: boolean
  readonly attributes?: boolean
  readonly onlyProven?: boolean
}

/** What the process of --detach tells the one that started it. */
const mountedMessage = 'mounted'

export const mount = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<directory>', 'an empty directory')
      .option('--detach', 'return when it is mounted; cryoscope unmount DIRECTORY ends it')
      .option('--writable', 'let control and values of maps be written')
      .option('--allow-other', 'let other users look')
      .option(...onlyProvenOption)
      .option(
        '--no-attributes',
        'without extended attributes: ls -l asks for some of every file, and takes a third of the time then',
      )
      .addHelpText(
        'after',
        `
The target can be read with ls, grep, jq, diff, less, gdb, drgn; README.md in every directory says what is there. A guest
that runs stands still while somebody reads. Without --detach this lasts until Ctrl-C.`,
      )
  },
  async run(call) {
    if (call.options.detach) return await startDetached(call)
    const opened = performance.now()
    const { output, options } = call
    const fuse = await import('../../fuse/mount.js')
    const { open } = await import('../../../session/open.js')
    const session = await open(required(call, 0), {
      ...opening(),
      onlyProven: options.onlyProven ?? false,
    })
    try {
      await interruptible(async (signal) => {
        const { writable = false, allowOther = false, attributes = true } = options
        const mounted = await fuse.mount(session, required(call, 1), {
          writable,
          allowOther,
          attributes,
          opened,
        })
        try {
          tellStarter(output, session.target.name, mounted.directory)
          await Promise.race([mounted.ended, aborted(signal)])
        } finally {
          await mounted.unmount()
        }
      })
    } finally {
      await session.close()
    }
    return 0
  },
})

function tellStarter(output: Output, name: string, directory: string): void {
  if (process.send === undefined) {
    output.note(`${escapeText(name)} is mounted on ${escapeText(directory)}; Ctrl-C unmounts it`)
    return
  }
  process.send(mountedMessage, () => process.disconnect())
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** Runs the same command in a process of its own, and waits until it has mounted or failed. */
async function startDetached(call: Call<Options>): Promise<number> {
  const { writable, allowOther, attributes, onlyProven } = call.options
  const words = [
    ...['mount', required(call, 0), required(call, 1)],
    ...(writable ? ['--writable'] : []),
    ...(allowOther ? ['--allow-other'] : []),
    ...(attributes === false ? ['--no-attributes'] : []),
    ...openingWords(),
    ...(onlyProven ? ['--only-proven'] : []),
  ]
  const child = spawn(process.execPath, [join(packageRoot(), 'bin/cryoscope.js'), ...words], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString('utf8')
  })
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(
        new CryoscopeError('environment', `cannot start ${process.execPath}: ${cause.message}`, { cause }),
      )
    })
    child.once('message', (message) => {
      if (message !== mountedMessage) return
      child.stderr?.destroy()
      child.unref()
      resolve(0)
    })
    child.once('close', (code) => {
      process.stderr.write(said)
      resolve(code ?? 1)
    })
  })
}
