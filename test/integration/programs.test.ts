import { beforeAll, describe, it } from 'vitest'
import { programComparisons } from './support/compare-programs.js'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'

describe.each(testedKernels)('programs of kernel $kernel', ({ kernel }) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
  })

  it.each(programComparisons)('%s', (_, compare) => compare(guest))
})
