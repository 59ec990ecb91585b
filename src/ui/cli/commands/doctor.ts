import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import { tableLines } from '../../../present/text/layout.js'
import { escapeText } from '../../../text.js'
import { defineCommand } from '../definition.js'
import type { Check } from '../health/check.js'
import { examine } from '../health/examine.js'
import { ownHands } from '../health/hands.js'
import { mend } from '../health/mend.js'
import { here } from '../health/surroundings.js'

const lacking = 3

export const doctor = defineCommand<{ json?: boolean; fix?: boolean }>({
  configure(command) {
    command
      .argument(
        '[names...]',
        'with --fix: the checks to mend; without them all but what is large and few need',
      )
      .option('--json', 'print one JSON document')
      .option('--fix', 'do what helps, as far as this user may, and look again')
      .addHelpText('after', '\nExit code 3 when something is missing that cryoscope cannot do without.')
  },
  async run({ args, options, output }) {
    const names = args.flat().filter((name) => name !== undefined)
    if (names.length > 0 && options.fix !== true) {
      throw new CryoscopeError('usage', 'doctor looks at everything; names are for doctor --fix')
    }
    let checks = await examine()
    let left: readonly string[] = []
    if (options.fix) {
      left = await mend(
        checks,
        names,
        here,
        ownHands((sentence) => output.note(sentence)),
      )
      checks = await examine()
    }
    const isHealthy = checks.every(({ state, needed }) => state === 'ok' || !needed)
    if (options.json) {
      const shown = checks.map(({ remedy: _, isExtra: __, ...check }) => check)
      await output.line(jsonText({ healthy: isHealthy, checks: shown, ...(options.fix ? { left } : {}) }))
    } else {
      await output.line(lines(checks, output.columns))
      if (options.fix) await output.line(listed('Left to do by hand:', left, 'Nothing is left to do.'))
      else await output.line(listed('What helps:', fixes(checks), 'Nothing is missing.'))
    }
    return isHealthy ? 0 : lacking
  },
})

function lines(checks: readonly Check[], width: number): string {
  const rows = checks.map((check) => [mark(check), check.name, check.found])
  const columns = [{ title: '', rigid: true }, { title: '', rigid: true }, { title: '' }]
  // What was found is a sentence: the line goes on rather than being cut.
  const wide = Math.max(width, 400)
  const shown = rows.map((row) => row.map(escapeText))
  return tableLines(columns, shown, wide, false).join('\n')
}

function fixes(checks: readonly Check[]): readonly string[] {
  return [...new Set(checks.flatMap(({ fix }) => fix ?? []))]
}

function listed(title: string, sentences: readonly string[], none: string): string {
  if (sentences.length === 0) return `\n${none}`
  return `\n${title}\n${sentences.map((sentence) => `  ${sentence}`).join('\n')}`
}

function mark({ state, needed }: Check): string {
  if (state === 'ok') return 'ok'
  return needed ? 'MISSING' : 'absent'
}
