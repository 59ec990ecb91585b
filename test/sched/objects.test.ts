import { expect, it } from 'vitest'
import { Problems } from '../../src/problems.js'
import { Absences } from '../../src/sched/absences.js'
import type { SchedContext } from '../../src/sched/context.js'
import { readSchedulerObjects } from '../../src/sched/objects.js'
import { KernelGuest } from '../support/kernel-guest.js'

const wild = 0xffff800000001000n

function objects(kernel: unknown) {
  const problems = new Problems()
  const absences = new Absences(undefined)
  const found = readSchedulerObjects({ kernel, problems, absences, jiffies: undefined } as SchedContext)
  return { found, problems: problems.sentences, absent: absences.list }
}

it('a kernel without BPF has no objects of schedulers, which is no problem', () => {
  for (const gone of ['map_idr', 'prog_idr', 'link_idr']) {
    const kernel = { findSymbol: (name: string) => (name === gone ? undefined : 1n) }
    const { found, problems, absent } = objects(kernel)
    expect([found.seen, found.isWhole]).toEqual([[], true])
    expect(problems).toEqual([])
    expect(absent).toEqual([
      {
        group: 'scheduler objects',
        reason: 'the kernel has no BPF maps, programs and links to look at',
      },
    ])
  }
})

it('objects of schedulers are all only where every list of BPF could be read', () => {
  const guest = new KernelGuest()
  guest.global('link_idr', guest.objects.sizeOf('idr'))
  const whole = objects(guest.kernel())
  expect([whole.found.seen, whole.found.isWhole, whole.problems, whole.absent]).toEqual([[], true, [], []])
  const broken = new KernelGuest()
  broken.global('link_idr', broken.objects.sizeOf('idr'))
  broken.maps.set(9, wild)
  const { found, problems } = objects(broken.kernel())
  expect(found.isWhole).toBe(false)
  expect(problems).toEqual([expect.stringMatching(/^map 9: page not present/)])
})
