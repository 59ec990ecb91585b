import type { EntryChoice } from '../../../contract/maps.js'
import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { writeMapJson, writeMapLines } from '../map-json.js'
import { parseKey } from '../map-key.js'
import { parseWhole } from '../numbers.js'
import {
  noteProblems,
  objectOption,
  onlyProvenOption,
  type PointerOptions,
  targetHelp,
  withTarget,
} from '../target.js'

interface Options extends PointerOptions {
  readonly key?: string
  readonly limit?: string
  readonly json?: boolean
  readonly jsonLines?: boolean
}

export const map = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<map>', 'its name or id (cryoscope maps)')
      .option('--key <key>', 'only this entry: JSON (42, "name", {"cpu":1}), 0x2a, or bytes as hex:2a000000')
      .option('--limit <n>', 'stop after so many entries')
      .option(...objectOption)
      .option(...onlyProvenOption)
      .option('--json', 'print one JSON document')
      .option('--json-lines', 'print one JSON document per entry, each on its line')
  },
  async run(call) {
    const { output, options } = call
    if (options.json && options.jsonLines) {
      throw new CryoscopeError('usage', '--json and --json-lines exclude each other: take one of them')
    }
    const limit =
      options.limit === undefined ? Number.POSITIVE_INFINITY : parseWhole(options.limit, '--limit')
    await withTarget(
      required(call, 0),
      output,
      async (session) => {
        const found = session.map(required(call, 1))
        const { key } = options
        if (key !== undefined && found.unsupported !== undefined) {
          throw new CryoscopeError('unreadable', found.unsupported)
        }
        const choice: EntryChoice = { key: key === undefined ? undefined : parseKey(found, key), limit }
        // Before anything is printed: a document for a key that is not there would be a lie.
        if (key !== undefined && found.entry(choice.key) === undefined) {
          throw new CryoscopeError(
            'not-found',
            `map ${escapeText(found.name)} has no entry with key ${escapeText(key)}`,
          )
        }
        if (options.json) await writeMapJson(output, found, choice)
        else if (options.jsonLines) await writeMapLines(output, found, choice)
        else {
          const { printMap } = await import('../map-view.js')
          await printMap(output, found, choice)
        }
        noteProblems(output, session.problems)
      },
      options,
    )
    return 0
  },
})
