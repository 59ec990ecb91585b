import { Report } from '../src/report/report.js'
import { tellStory } from '../src/report/story.js'
import { boot } from '../src/session/guest.js'
import type { Session } from '../src/session/session.js'
import { demoGuest } from '../src/ui/demo-guest.js'
import { print, repeat, timed } from './measure.js'

const runs = 7

/** Reports of a frozen demo. */
export async function measureReports(): Promise<void> {
  const demo = await boot(await demoGuest({}))
  try {
    await demo.freeze()
    measure(demo)
  } finally {
    await demo.close()
  }
}

/** Takes the whole report, each time with nothing known of what changes when a guest runs. */
function measure(demo: Session): void {
  const taken = Report.take(demo)
  const { maps, tasks } = taken.head
  const what = `report of the demo: ${maps.length} maps, ${tasks.length} tasks`
  const take = (): number => {
    demo.kernel.invalidate()
    return timed(() => Report.take(demo).close())
  }
  print('report', [
    { what, times: repeat(runs, take), goal: 500 },
    { what: 'the same as JSON', times: repeat(runs, () => timed(() => lengthOf(taken.json()))) },
    {
      what: 'as text, 20 entries of each map',
      times: repeat(runs, () => timed(() => lengthOf(taken.text()))),
    },
    { what: 'as a page', times: repeat(runs, () => timed(() => lengthOf(taken.html()))) },
    { what: 'compared with itself', times: repeat(runs, () => timed(() => taken.diff(taken))) },
    { what: 'the story alone', times: repeat(runs, () => timed(() => tellStory(demo))) },
  ])
  taken.close()
}

function lengthOf(texts: Iterable<string>): number {
  let length = 0
  for (const text of texts) length += text.length
  if (length < 10_000) throw new Error('the report is not whole')
  return length
}
