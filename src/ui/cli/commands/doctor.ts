import { jsonText } from '../../../contract/json.js'
import { tableLines } from '../../../present/text/layout.js'
import { escapeText } from '../../../text.js'
import { defineCommand } from '../definition.js'
import { type Check, examine } from '../health.js'

const lacking = 3

export const doctor = defineCommand<{ json?: boolean }>({
  configure(command) {
    command
      .option('--json', 'print one JSON document')
      .addHelpText('after', '\nExit code 3 when something is missing that cryoscope cannot do without.')
  },
  async run({ options, output }) {
    const checks = await examine()
    const bad = checks.filter(({ state, needed }) => state === 'missing' && needed)
    if (options.json) await output.line(jsonText({ healthy: bad.length === 0, checks }))
    else {
      const rows = checks.map((check) => [mark(check), check.name, check.found])
      const columns = [{ title: '', rigid: true }, { title: '', rigid: true }, { title: '' }]
      // What was found is a sentence: the line goes on rather than being cut.
      const wide = Math.max(output.columns, 400)
      await output.line(
        tableLines(
          columns,
          rows.map((row) => row.map(escapeText)),
          wide,
          false,
        ).join('\n'),
      )
      const fixes = [...new Set(checks.flatMap(({ fix }) => fix ?? []))]
      if (fixes.length > 0) await output.line(`\nWhat helps:\n${fixes.map((fix) => `  ${fix}`).join('\n')}`)
      else await output.line('\nNothing is missing.')
    }
    return bad.length === 0 ? 0 : lacking
  },
})

function mark({ state, needed }: Check): string {
  if (state === 'ok') return 'ok'
  return needed ? 'MISSING' : 'absent'
}
