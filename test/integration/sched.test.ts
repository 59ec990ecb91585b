import { beforeAll, describe, it } from 'vitest'
import { saysLessWhenDamaged } from './support/compare-damage.js'
import { schedComparisons } from './support/compare-sched.js'
import { stackComparisons } from './support/compare-stacks.js'
import { statisticsComparisons } from './support/compare-statistics.js'
import { taskContextComparisons } from './support/compare-task-context.js'
import { taskComparisons } from './support/compare-tasks.js'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'

describe.each(testedKernels)('scheduler of kernel $kernel', ({ kernel }) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
  })

  it.each([
    ...schedComparisons,
    ...statisticsComparisons,
    ...taskComparisons,
    ...taskContextComparisons,
    ...stackComparisons,
  ])('%s', (_, compare) => compare(guest))

  it('is told less of, and never otherwise, where pages are lost', () =>
    saysLessWhenDamaged(guest.session, 15))
})
