import { Report } from '../../report/report.js'
import { streamedFile } from './content.js'
import type { Entry } from './node.js'
import type { View } from './view.js'

/** The report of a stop, taken when somebody reads it: that takes seconds. */
export function reportFiles({ session, cache }: View): Entry[] {
  let taken: Report | undefined
  // One report for both, so that they agree.
  const report = (): Report => {
    taken ??= Report.take(session)
    return taken
  }
  function* lines(): Generator<string> {
    for (const line of report().text({ columns: 120 })) yield `${line}\n`
  }
  return [
    [
      'report.json',
      streamedFile(cache, () => report().json(), {
        about: 'everything at this stop: `cryoscope report TARGET --json`',
        isCostly: true,
      }),
    ],
    ['report.txt', streamedFile(cache, lines, { about: 'the same for people', isCostly: true })],
  ]
}
