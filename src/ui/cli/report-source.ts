import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { Report } from '../../report/report.js'
import type { Output } from './output.js'
import { noteProblems, type PointerOptions, withTarget } from './target.js'

/** Takes the report of a guest or a dump, or reads the one that a JSON file holds, and closes it after `work`. */
export async function withReport<T>(
  target: string,
  output: Output,
  work: (report: Report) => Promise<T>,
  pointers: PointerOptions = {},
): Promise<T> {
  const { Report } = await import('../../report/report.js')
  const report = isReportFile(target)
    ? Report.read(target)
    : await withTarget(
        target,
        output,
        async (session) => {
          const taken = Report.take(session)
          noteProblems(output, session.targetProblems)
          return taken
        },
        pointers,
      )
  try {
    return await work(report)
  } finally {
    report.close()
  }
}

/** JSON starts with a brace; no dump does. */
function isReportFile(target: string): boolean {
  if (target.startsWith('@')) return false
  try {
    if (!statSync(target).isFile()) return false
    const file = openSync(target, 'r')
    try {
      const head = Buffer.alloc(64)
      return head
        .toString('latin1', 0, readSync(file, head, 0, head.length, 0))
        .trimStart()
        .startsWith('{')
    } finally {
      closeSync(file)
    }
  } catch {
    // Whoever opens it as a target says what is wrong with it.
    return false
  }
}

export const reportTargetHelp = '@name of a guest, a dump, or the JSON file of a report'
