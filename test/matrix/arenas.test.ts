import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Allocation } from '../../src/bpf/allocators/allocator.js'
import type { BootOptions } from '../../src/machine/options.js'
import { boot } from '../../src/session/guest.js'
import { bpftool, demoBuild } from '../integration/support/demo-guest.js'
import { steppedThrough, watchWhileRunning } from '../integration/support/watch-allocations.js'

const cases = [
  { kernel: '7.0', count: 1 },
  { kernel: '6.18', count: 600 },
  { kernel: '6.18', count: 20_000 },
  { kernel: '7.0', count: 20_000 },
]

/** How long the load stands still, in the guest's time. */
const stillSeconds = 8

describe.each(cases)('$count tasks on kernel $kernel', ({ kernel, count }) => {
  it('are all read, below inner levels that are full and ones that are not', async () => {
    const isWatched = count <= 1000
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-many-'))
    try {
      const script = join(directory, 'script.sh')
      writeFileSync(
        script,
        [
          'echo 65536 >/proc/sys/kernel/pid_max; echo 65536 >/proc/sys/kernel/threads-max',
          `sh /demo/start.sh ${isWatched ? 4 : 0}; killall -STOP load; sleep 1`,
          `/demo/load --tasks ${count} >/tmp/many &`,
          'until grep -q "^load:" /tmp/many; do sleep 1; done; cat /tmp/many',
          // Started before the pause, since what is started later is not logged.
          `(sleep ${stillSeconds}; killall -CONT load) &`,
          'sh /demo/control.sh pause; sleep 1; echo "demo: all there"',
        ].join('\n'),
      )
      const options: BootOptions = {
        kernel,
        cpus: 2,
        memoryBytes: count > 1000 ? 4 * 2 ** 30 : 2 ** 29,
        run: [[bpftool, 'version']],
        files: [`${bpftool}:/usr/sbin/bpftool`, `${demoBuild}:/demo`],
        script,
        waitFor: /demo: all there/,
        bootTimeoutMs: 500_000,
      }
      await using session = await boot(options)
      await session.freeze()
      const allocator = session.allocator('scx_task_allocator')
      const byAddress = new Map(allocator.live.map((each) => [each.address, each]))
      expect(allocator.live.length).toBeGreaterThan(count)
      expect(allocator.problems).toEqual([])
      let compared = 0
      for (const { key, value } of session.map('pid_stats').entries()) {
        const logged = Buffer.from(value?.bytes ?? [])
        const slot = byAddress.get(logged.readBigUInt64LE(32)) as Allocation
        expect([slot.index, slot.generation]).toEqual([logged.readInt32LE(16), logged.readInt32LE(20)])
        expect(slot.value).toMatchObject({ pid: key.json, task: logged.readBigUInt64LE(24) })
        compared++
      }
      expect(compared).toBe(allocator.live.length)
      expect(allocator.leaks).toEqual([])
      expect([...allocator.json()].length).toBeGreaterThanOrEqual(compared)
      const arena = session.arena('arena')
      expect(arena.allocatedPages).toBe(arena.pages.length)
      if (!isWatched) return
      await session.advance({ ms: stillSeconds * 1000 })
      await watchWhileRunning(session)
      expect(await steppedThrough(session, 'sdt_alloc_locked')).toEqual(['+0', '+0 in flight', '+1'])
      expect(await steppedThrough(session, 'scx_free')).toEqual(['+0', '-1 in flight', '-1'])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
