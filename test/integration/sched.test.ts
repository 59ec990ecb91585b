import { beforeAll, describe, it } from 'vitest'
import { schedComparisons } from './support/compare-sched.js'
import { statisticsComparisons } from './support/compare-statistics.js'
import { taskComparisons } from './support/compare-tasks.js'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'

describe.each(testedKernels)('scheduler of kernel $kernel', ({ kernel }) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
  })

  it.each([...schedComparisons, ...statisticsComparisons, ...taskComparisons])('%s', (_, compare) =>
    compare(guest),
  )
})
