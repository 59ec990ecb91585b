import { describe, expect, it } from 'vitest'
import { MemoryChecks } from '../../../src/bpf/recovery/memory-checks.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeTasks } from '../../support/kernel-objects.js'

function make() {
  const guest = new KernelGuest()
  const byPid = writeTasks(guest, [
    { pid: 1, comm: 'init', threads: [{ pid: 7 }] },
    { pid: 20, comm: 'shell' },
  ])
  const problems = new Problems()
  return {
    task: (pid: number) => byPid.get(pid) as bigint,
    checks: new MemoryChecks(guest.kernel(), problems),
    problems,
  }
}
const somewhere = {
  isAddress: (value: bigint) => value > 100n,
  isInUse: (value: bigint) => value % 2n === 0n,
}

describe('what a value must be to be shown as a pointer that is only supported', () => {
  it('a task that is on the list, threads included', () => {
    const { task, checks, problems } = make()
    for (const pid of [1, 7, 20]) expect(checks.passes('task', task(pid), undefined, undefined)).toBe(true)
    expect(checks.passes('task', task(1) + 8n, undefined, undefined)).toBe(false)
    expect(checks.passes('task', 0xffff888000000000n, undefined, undefined)).toBe(false)
    expect(problems.sentences).toEqual([])
  })

  it('memory of the arena that is in use; nothing where there is no arena', () => {
    const { checks } = make()
    expect(checks.passes('arena', 1000n, undefined, somewhere)).toBe(true)
    expect(checks.passes('arena', 1001n, undefined, somewhere)).toBe(false)
    expect(checks.passes('arena', 10n, undefined, somewhere)).toBe(false)
    expect(checks.passes('arena', 1000n, undefined, undefined)).toBe(false)
  })

  it('one of the two where it may lead to both, and nothing where no check is known', () => {
    const { task, checks } = make()
    expect(checks.passes('task or arena', task(7), undefined, undefined)).toBe(true)
    expect(checks.passes('task or arena', 1000n, undefined, somewhere)).toBe(true)
    expect(checks.passes('task or arena', 1001n, undefined, somewhere)).toBe(false)
    expect(checks.passes('none', task(1), undefined, somewhere)).toBe(false)
  })
})
