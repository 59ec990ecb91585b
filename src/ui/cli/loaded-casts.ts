import { btfIdentity } from '../../bpf/cast/object/identity.js'
import { type CastObject, type CastReport, reportFormat } from '../../bpf/cast/report.js'
import type { Output } from './output.js'
import { withTarget } from './target.js'

/** What the loaded programs of a target keep where; programs with the same types are one object. */
export async function castsOfTarget(target: string, output: Output): Promise<CastReport> {
  return await withTarget(target, output, async ({ recovery }) => {
    const objects = recovery.loaded().map(({ types, programs }): CastObject => {
      const { object, reason } = recovery.of(types)
      const [first] = programs
      const more = programs.length > 1 ? ` and ${programs.length - 1} more` : ''
      const name = `${first?.name ?? ''}${more}`
      if (object !== undefined) return { ...object, name }
      return {
        name,
        btf: btfIdentity(types),
        functions: 0,
        instructions: 0,
        findings: [],
        withheld: [],
        problems: [],
        incomplete: reason ?? null,
      }
    })
    return { format: reportFormat, sha256: '', objects, problems: recovery.unread }
  })
}
