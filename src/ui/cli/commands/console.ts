import { CryoscopeError } from '../../../errors.js'
import { Console } from '../../../machine/console.js'
import { isAlive } from '../../../machine/host-process.js'
import { guestFiles, Registry } from '../../../machine/registry.js'
import { escapeText } from '../../../text.js'
import { writeConsole } from '../console.js'
import { defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { guestHelp } from '../target.js'

export const console = defineCommand<{ follow?: boolean }>({
  configure(command) {
    command
      .argument('<guest>', guestHelp)
      .option('-f, --follow', 'go on until the guest ends or Ctrl-C stops it')
  },
  async run(call) {
    const { output, options } = call
    const { path, qemu } = guestOf(required(call, 0))
    const text = new Console(guestFiles(path).console, () => options.follow === true && isAlive(qemu))
    await interruptible((signal) => writeConsole(text, output, signal))
    return 0
  },
})

/** Reading a file asks nothing of QEMU: the guest runs on, and no monitor is needed. */
function guestOf(target: string) {
  if (!target.startsWith('@')) {
    throw new CryoscopeError(
      'usage',
      `only guests that cryoscope booted have a console that it knows, written @name (cryoscope ps lists them), not "${escapeText(target)}"; "cryoscope dmesg" shows the kernel log of any target`,
    )
  }
  const { path, record } = new Registry().find(target)
  if (record.qemu === null) {
    throw new CryoscopeError('guest', `guest @${record.name} is still starting; try again`)
  }
  return { path, qemu: record.qemu }
}
