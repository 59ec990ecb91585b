import { describe, expect, it } from 'vitest'
import { Sched } from '../../src/sched/sched.js'
import { explain } from '../../src/sched/why.js'
import { SchedGuest } from './sched-guest.js'
import type { Shape } from './sched-types.js'

const absent = 0xffff800000001000n

/** A task in the frozen cgroup /jobs/night, and the kernfs nodes of that path. */
function world(shape: Shape) {
  const guest = new SchedGuest(shape)
  const { objects } = guest
  const parent = shape === 'late' ? '__parent' : 'parent'
  const node = (name: string, above: bigint): bigint => {
    const text = guest.guest.alloc(16)
    guest.guest.text(text, name)
    return objects.make('kernfs_node', { name: text, [parent]: above })
  }
  const root = node('', 0n)
  const jobs = node('jobs', root)
  const night = node('night', jobs)
  const cgroup = objects.make('cgroup', { kn: night, 'freezer.e_freeze': 1 })
  const cgroups = objects.make('css_set', { dfl_cgrp: cgroup })
  guest.addTask(7, { cgroups, __state: 0x8000, on_rq: 0 })
  return { guest, objects, parent, root, jobs, night, cgroup, cgroups }
}

const cgroupOf = ({ guest }: ReturnType<typeof world>) => {
  const sched = new Sched(guest.kernel())
  const { cgroup } = sched.task(7)
  return { cgroup, problems: sched.problems.map(({ where, why }) => `${where}: ${why}`).join('\n') }
}

describe.each(['early', 'late'] as const)('the cgroup of a task, %s', (shape) => {
  it('has the path that /proc/PID/cgroup shows, and whether it is frozen', () => {
    const made = world(shape)
    expect(cgroupOf(made)).toMatchObject({
      cgroup: { address: made.cgroup, path: '/jobs/night', isFrozen: true },
    })
    expect(explain(made.guest.guest.kernel(), 7).toString()).toMatch(
      /It is frozen with its cgroup \/jobs\/night\./,
    )
  })

  it('is / for the root', () => {
    const made = world(shape)
    made.objects.set('cgroup', made.cgroup, { kn: made.root })
    expect(cgroupOf(made).cgroup?.path).toBe('/')
  })

  it.each([
    [
      'a name in the middle',
      (made: ReturnType<typeof world>) => made.objects.set('kernfs_node', made.jobs, { name: absent }),
    ],
    [
      'what is above',
      (made: ReturnType<typeof world>) =>
        made.objects.set('kernfs_node', made.jobs, { [made.parent]: absent }),
    ],
  ])('has no path where %s is missing, and the rest stays', (_, ruin) => {
    const made = world(shape)
    ruin(made)
    const { cgroup, problems } = cgroupOf(made)
    expect(cgroup).toEqual({ address: made.cgroup, path: undefined, isFrozen: true })
    expect(problems).toMatch(/path of the cgroup at 0x[0-9a-f]+: .*not present/)
    expect(explain(made.guest.guest.kernel(), 7).toString()).toMatch(
      /with its cgroup, whose path could not be read/,
    )
  })

  it('has no path where that goes round', () => {
    const made = world(shape)
    made.objects.set('kernfs_node', made.jobs, { [made.parent]: made.night })
    const { cgroup, problems } = cgroupOf(made)
    expect(cgroup?.path).toBeUndefined()
    expect(problems).toMatch(/it goes round at/)
  })

  it('is unknown where what leads there is missing', () => {
    const made = world(shape)
    made.objects.set('task_struct', made.guest.task(7), { cgroups: absent })
    const { cgroup, problems } = cgroupOf(made)
    expect(cgroup).toBeUndefined()
    expect(problems).toMatch(/cgroup of the task at/)
  })
})
