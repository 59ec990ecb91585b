import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Change } from '../../../src/report/diff/compare.js'
import { Report } from '../../../src/report/report.js'
import { openDump } from '../../../src/session/open.js'
import type { Session } from '../../../src/session/session.js'
import { schemaErrors } from '../../report/support/schema.js'

type Document = ReturnType<Report['toJSON']> & Report['head']

/** The story of a stalled demo names the task that waits longest, for how long, and on which DSQ. */
export function tellsOfTheStall(session: Session): void {
  const report = Report.take(session)
  const [longest] = session.sched.waiting
  const told = report.story.find(({ topic }) => topic === 'waiting')
  expect(told?.weight).toBe('trouble')
  expect(told?.sentence).toContain(`${longest?.name} (pid ${longest?.pid}) has been ready for `)
  expect(told?.sentence).toContain(' and waits on DSQ 0x79, ')
  expect(told?.facts).toMatchObject({ dsq: '0x79', runnableMs: longest?.waitingMs })
  expect(told?.about).toContainEqual({ kind: 'task', pid: longest?.pid, name: longest?.name })
  const text = report.story.map(({ sentence }) => sentence).join('\n')
  expect(text).toMatch(/No task ever left DSQ 0x79: .* does not dispatch from it/)
  expect(text).toMatch(/DSQ 0x79 holds \d+ tasks/)
  expect(text).toMatch(/The watchdog ejects scx_demo when the task has waited for 30 s/)
  report.close()
}

/** What changes in maps between two stops is what the scheduler itself counted there. */
export async function showsWhatTheDemoCounted(session: Session): Promise<void> {
  const runs = (): Map<number, number> => {
    const found = new Map<number, number>()
    for (const { key, value } of session.map('pid_stats').entries()) {
      const stats = value?.value as unknown as { readonly nr_run: number | bigint }
      found.set(Number(key.json), Number(stats.nr_run))
    }
    return found
  }
  const before = Report.take(session)
  const counted = runs()
  await session.advance({ ms: 400 })
  const after = Report.take(session)
  const now = runs()
  const diff = after.diff(before)
  expect(diff.sameBoot).toBe(true)
  const expected = new Map<string, unknown>()
  for (const [pid, runsNow] of now) {
    const then = counted.get(pid)
    if (then === undefined) expected.set(`maps.pid_stats[${pid}]`, 'added')
    else if (then !== runsNow) expected.set(`maps.pid_stats[${pid}].nr_run`, [then, runsNow])
  }
  for (const pid of counted.keys()) if (!now.has(pid)) expected.set(`maps.pid_stats[${pid}]`, 'removed')
  expect(expected.size).toBeGreaterThan(0)
  const found = new Map<string, unknown>()
  for (const change of diff.changes) if (isRuns(change)) found.set(change.path, shownAs(change))
  expect(found).toEqual(expected)
  // Clocks move, and are marked.
  expect(diff.changes.find(({ path }) => path === 'time.jiffies')).toMatchObject({ volatile: true })
  expect(diff.lasting.some(({ section }) => section === 'time')).toBe(false)
  expect(after.diff(after).changes).toEqual([])
}

function isRuns({ path }: Change): boolean {
  return /^maps\.pid_stats\[\d+\](\.nr_run)?$/.test(path)
}

function shownAs({ change, before, after }: Change): unknown {
  return change === 'changed' ? [before, after] : change
}

/** A dump of a frozen guest gives the same report, apart from what tells of the target and how long it took. */
export async function isTheSameFromADump(session: Session): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-report-test-'))
  try {
    const file = join(directory, 'vmcore')
    await session.dump(file)
    const dump = openDump(file)
    const ours = documentOf(session)
    const theirs = documentOf(dump)
    await dump.close()
    expect(theirs).toEqual(ours)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function documentOf(session: Session): unknown {
  const report = Report.take(session)
  const document = JSON.parse([...report.json()].join('')) as Document
  report.close()
  expect(schemaErrors(document)).toEqual([])
  const { target: _, milliseconds: __, sections, environment, vcpus, ...rest } = document
  const about = new Set(['memoryBytes', 'vcpus', 'release', 'buildId', 'kernelOffset', 'proof'])
  return {
    ...rest,
    sections: Object.entries(sections).map(([name, section]) => ({ name, ...section, milliseconds: 0 })),
    facts: environment?.facts.map(({ fact, value, how }) =>
      about.has(fact) ? { fact } : { fact, value, how },
    ),
    vcpus: vcpus.map(({ cpu, rip, where, privilege, task, stack }) => ({
      cpu,
      rip,
      where,
      privilege,
      task,
      stack,
    })),
  }
}
