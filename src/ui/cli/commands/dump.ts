import { statSync } from 'node:fs'
import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import type { PhysicalRange } from '../../../memory/types.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { durationText, sizeText } from '../../../units.js'
import { type Call, defineCommand, required } from '../definition.js'
import { interruptible } from '../interruptible.js'
import { targetHelp, withTarget } from '../target.js'

interface DumpWords {
  readonly format?: string
  readonly touched?: boolean
  readonly json?: boolean
}

export const dump = defineCommand<DumpWords>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<file>', 'where to write it')
      .option('--format <format>', 'elf, or kdump: compressed (default elf, and kdump with --touched)')
      .option('--touched', 'only the pages that a report of the target reads: a few megabytes to send on')
      .option('--json', 'print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const { touched = false } = options
    const format = options.format ?? (touched ? 'kdump' : 'elf')
    if (format !== 'elf' && format !== 'kdump') {
      throw new CryoscopeError('usage', `--format is elf or kdump, not "${escapeText(format)}"`)
    }
    const target = required(call, 0)
    const file = required(call, 1)
    const start = performance.now()
    try {
      await withTarget(target, output, (session) => writeFrom(call, session, file, format, touched))
    } finally {
      output.replaceProgress('')
    }
    // Devices and pipes have no size.
    const status = statSync(file, { throwIfNoEntry: false })
    const bytes = status?.isFile() ? status.size : null
    const time = durationText(performance.now() - start)
    if (options.json) await output.line(jsonText({ file, format, bytes }))
    else await output.line(`${escapeText(file)}: ${bytes === null ? 'written' : sizeText(bytes)} in ${time}`)
    return 0
  },
})

async function writeFrom(
  call: Call<DumpWords>,
  session: Session,
  file: string,
  format: 'elf' | 'kdump',
  touched: boolean,
): Promise<void> {
  const progress = progressOf(call, file)
  if (session.target.control !== undefined && !touched) {
    await interruptible((signal) => session.dump(file, format, { signal, progress }))
    return
  }
  const { writeCoreFile } = await import('../../../session/core-file.js')
  let ranges: PhysicalRange[] | undefined
  if (touched) {
    const { watch } = await import('../../../session/watch.js')
    const watched = watch(session)
    const { Report } = await import('../../../report/report.js')
    // Taking it reads all that it shows; so does listing every entry of every map.
    Report.take(watched.session)
    for (const map of watched.session.maps) for (const _ of map.json());
    ranges = watched.touched()
  }
  await interruptible((signal) => writeCoreFile(session, file, ranges, { format, signal, progress }))
}

function progressOf({ output }: Call<DumpWords>, file: string): (done: number, total: number) => void {
  return (done, total) =>
    output.replaceProgress(`writing ${escapeText(file)}: ${sizeText(done)} of ${sizeText(total)}`)
}
