import { beforeAll, describe, expect, it } from 'vitest'
import { basicComparisons, compareTypes } from './support/compare.js'
import { environmentComparisons } from './support/compare-environment.js'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'

describe.each(testedKernels)('kernel $kernel, KASLR $kaslr', ({ kernel }) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
  })

  it.each([...basicComparisons, ...environmentComparisons])('%s', (_, compare) => compare(guest))

  it('reads BTF of modules', () => {
    const modules = compareTypes(guest)
    // Debian packs the modules of newer kernels apart from their image.
    if (kernel === '6.18') expect(modules).toEqual(['dummy'])
  })
})
