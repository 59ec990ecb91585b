import { countText } from '../sched/words.js'
import type { ReportHead } from './document.js'
import type { SectionName } from './schema.js'

/** How many a section has, for a title: "85"; where that is not all, "81 of 83", "at least 81", "unknown". */
export function sectionCount({ sections }: ReportHead, name: SectionName, found: number): string {
  const { status, expected } = sections[name] ?? { status: 'unavailable', expected: null }
  if (status === 'complete' || expected === found) return String(found)
  if (expected !== null && expected > found) return `${found} of ${expected}`
  return countText(found === 0 ? null : { atLeast: found })
}
