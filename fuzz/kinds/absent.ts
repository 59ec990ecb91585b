import { Report } from '../../src/report/report.js'
import { Session } from '../../src/session/session.js'
import { allowed, checkJson } from '../check.js'
import { type Claim, claims, type Document } from '../compare.js'
import { type Kind, Wrong } from '../kind.js'
import { checkProblem } from '../nouns.js'
import { Overlay } from '../overlay.js'
import type { Random } from '../random.js'
import { everyWorld } from '../worlds.js'

const shownClaims = 3

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

/** Throws for a leaf that is another than in the whole document, without a word of it. */
export function compareReports(before: Document, after: Document): void {
  const found = claims(before, after)
  if (found.length > 0) throw new Wrong(found.slice(0, shownClaims).map(text).join('; '))
}

function text({ path, before, after, fault }: Claim): string {
  return `${path} ${fault}: was ${brief(before)}, is ${brief(after)}`
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 120)
}
