import { rmSync } from 'node:fs'
import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import { defineCommand } from '../definition.js'
import { guestHelp, guestName } from '../target.js'

export const stop = defineCommand<{ json?: boolean }>({
  configure(command) {
    command.argument('<guest...>', guestHelp).option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const names = [call.args[0]].flat().map((word) => guestName(word ?? ''))
    const stopped: string[] = []
    for (const name of names) stopped.push(await stopGuest(name))
    if (options.json) await output.line(jsonText(stopped.map((name) => ({ name, state: 'stopped' }))))
    else await output.line(stopped.map((name) => `${name} stopped`).join('\n'))
    return 0
  },
})

async function stopGuest(name: string): Promise<string> {
  const { Registry } = await import('../../../machine/registry.js')
  const { path, record } = new Registry().find(name)
  const { Machine } = await import('../../../machine/machine.js')
  try {
    await (await Machine.connect(name)).stop()
  } catch (error) {
    if (!(error instanceof CryoscopeError) || record.qemu === null) throw error
    // It starts, or its monitors are all in use: a guest that shall end need not agree.
    const { killProcess } = await import('../../../machine/host-process.js')
    if (!(await killProcess(record.qemu))) throw error
    rmSync(path, { recursive: true, force: true })
  }
  return `@${record.name}`
}
