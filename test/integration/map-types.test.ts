import { beforeAll, describe, expect, it } from 'vitest'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'
import { mapComparisons } from './support/map-comparisons.js'

describe.each(testedKernels)('maps of kernel $kernel', ({ kernel }) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
  })

  it.each(mapComparisons)('%s', (_, compare) => compare(guest))

  it('read the same twice: looking changes nothing', () => {
    const once = () => guest.session.map('ring').json().next().value
    expect(once()).toBe(once())
  })
})
