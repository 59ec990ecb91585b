import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import { writeOutputFile } from '../../../output-file.js'
import { escapeText } from '../../../text.js'
import { sizeText } from '../../../units.js'
import { defineCommand, required } from '../definition.js'
import { targetHelp, withTarget } from '../target.js'

export const types = defineCommand<{ output?: string; library: string; json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .option('--output <file>', 'where to write it; stdout unless told')
      .option('--library <name>', 'what the types of values are imported from', 'cryoscope')
      .option('--json', 'with --output: print one JSON document')
  },
  async run(call) {
    const { output, options } = call
    const { output: file, library, json } = options
    if (json && file === undefined) throw new CryoscopeError('usage', '--json goes with --output FILE')
    if (/['\\\n]/.test(library))
      throw new CryoscopeError('usage', '--library is the name or path of a module')
    await withTarget(required(call, 0), output, async (session) => {
      const { declarationsOf, singleModule } = await import('../../typescript/declarations.js')
      const text = singleModule(declarationsOf(session), library)
      if (file === undefined) {
        await output.write(text)
        return
      }
      await writeOutputFile(file, [text])
      const bytes = Buffer.byteLength(text)
      if (json) await output.line(jsonText({ file, bytes }))
      else {
        await output.line(
          `${escapeText(file)}: ${sizeText(bytes)}; import type { Guest } from it, and declare vm as Guest`,
        )
      }
    })
    return 0
  },
})
