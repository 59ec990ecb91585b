import { Report } from '../../src/report/report.js'
import { Session } from '../../src/session/session.js'
import { allowed, checkJson } from '../check.js'
import { type Difference, differences } from '../compare.js'
import { type Kind, Wrong } from '../kind.js'
import { checkProblem } from '../nouns.js'
import { Overlay } from '../overlay.js'
import type { Random } from '../random.js'
import { everyWorld } from '../worlds.js'

/** What is not the target's: how long it took, and what the file holds. */
const notCompared = new Set([
  'milliseconds',
  'openMilliseconds',
  'sections',
  'problems',
  'target',
  'environment',
])
const shownDifferences = 3

interface Document {
  readonly sections: Readonly<Record<string, { readonly status: string }>>
  readonly problems: readonly { readonly section?: string }[]
}

/** Single missing pages: each leaf of the report is as in the whole dump, or said to be unreadable. */
export const absentKind: Kind = {
  name: 'absent',
  room: 'report',
  weight: 2,
  prepare() {
    const targets = everyWorld().map((world) => {
      const overlay = new Overlay(world.guest.memory)
      const document = reportOf(overlay)
      return { name: world.name, overlay, document, frames: overlay.held() }
    })
    return {
      bases: targets.map(({ name }) => name),
      damage(random) {
        const base = random.below(targets.length)
        return { base, patches: [], absent: absentFrames(random, targets[base]?.frames ?? []) }
      },
      read({ base, absent }) {
        const target = targets[base]
        if (target === undefined) throw new Error('there is no such base')
        target.overlay.damage({ patches: [], absent })
        const document = allowed(() => reportOf(target.overlay))
        if (document !== undefined) compareReports(target.document, document)
      },
    }
  },
}

/** One frame for the most part. */
export function absentFrames(random: Random, frames: readonly number[]): number[] {
  const count = random.once(4) ? 1 + random.below(4) : 1
  return [...new Set(Array.from({ length: count }, () => random.pick(frames)))]
}

export function reportOf(overlay: Overlay): Document {
  const session = new Session({
    name: 'made',
    memory: overlay,
    control: undefined,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
  const report = Report.take(session)
  try {
    for (const problem of report.head.problems) checkProblem(problem)
    return checkJson([...report.json()].join('')) as Document
  } finally {
    report.close()
  }
}

/** Throws for a value that is another than in the whole document, where nothing says that its section is not whole. */
export function compareReports(before: Document, after: Document): void {
  const claims = differences(before, after, notCompared).filter(
    ({ section }) => after.sections[section]?.status === 'complete',
  )
  if (claims.length > 0)
    throw new Wrong(`differs without a word: ${claims.slice(0, shownDifferences).map(text).join('; ')}`)
}

function text({ path, before, after }: Difference): string {
  return `${path} was ${brief(before)}, is ${brief(after)}`
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 120)
}
