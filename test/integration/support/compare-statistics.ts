import { expect } from 'vitest'
import type { Session } from '../../../src/session/session.js'
import type { Comparison, Truth } from './demo-guest.js'
import { grown, raise } from './grown.js'

/** Statistics of CPUs against /proc/schedstat and /proc/stat. */
export const statisticsComparisons: readonly Comparison[] = [
  ['counts what /proc/schedstat counts', schedstat],
  ['counts what the domain lines of /proc/schedstat count', domains],
  ['has the CPU time of /proc/stat and what passed since', cpuTime],
  ['counts the allocations of NUMA nodes as numastat does', numa],
]

function schedstat({ session, truth }: Truth): void {
  const lines = truth.text('schedstat').trim().split('\n')
  const cpuLines = lines.filter((line) => line.startsWith('cpu'))
  const stats = session.sched.schedstats
  expect(stats).toHaveLength(cpuLines.length)
  for (const [i, line] of cpuLines.entries()) {
    const [yields, , scheds, goidle, wakeups, local, time, delay, slices] = line
      .split(' ')
      .slice(1)
      .map(BigInt)
    const { counts, cpuTime, runDelay, timeslices } = stats[i] ?? raise(`no CPU ${i}`)
    const ours = [
      counts.yld_count,
      counts.sched_count,
      counts.sched_goidle,
      counts.ttwu_count,
      counts.ttwu_local,
    ].map((count) => BigInt(count ?? -1))
    grown([...ours, timeslices], [yields, scheds, goidle, wakeups, local, slices], 100_000n)
    grown([cpuTime, runDelay], [time, delay], 10n ** 12n)
  }
}

function domains({ session, truth }: Truth): void {
  const lines = truth
    .text('schedstat')
    .split('\n')
    .filter((line) => line.startsWith('domain'))
  const version = Number(/^version (\d+)/.exec(truth.text('schedstat'))?.[1])
  const domains = session.sched.schedstats.flatMap((stat) => stat.domains)
  expect(domains).toHaveLength(lines.length)
  for (const [i, line] of lines.entries()) {
    const words = line.split(' ').slice(1)
    const domain = domains[i] ?? raise(`no domain ${i}`)
    if (version >= 17) expect(domain.name).toBe(words.shift())
    const [mask = '', ...numbers] = words
    expect(domain.cpus?.reduce((bits, cpu) => bits | (1 << cpu), 0)).toBe(Number.parseInt(mask, 16))
    // show_schedstat in kernel/sched/stats.c: each kind of idleness with these, then the rest.
    const ours = ['notIdle', 'idle', 'newlyIdle'].flatMap((kind) =>
      (version >= 17 ? printed : printedBefore).map((counter) => domain.balancing[counter]?.[kind] ?? -1),
    )
    grown([...ours, ...Object.values(domain.counts)].map(BigInt), numbers.map(BigInt), 100_000n)
  }
}

function cpuTime({ session, truth }: Truth): void {
  const { sched } = session
  const elapsed = ticksSince(session, truth.text('schedstat'))
  const names = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice']
  const lines = truth
    .text('stat')
    .split('\n')
    .filter((line) => /^cpu\d/.test(line))
  expect(lines).toHaveLength(sched.cpuTimes.length)
  for (const [i, line] of lines.entries()) {
    const { nanoseconds, softirqs } = sched.cpuTimes[i] ?? raise(`no CPU ${i}`)
    for (const [at, text] of line.split(' ').slice(1).entries()) {
      const name = names[at] ?? raise(line)
      const ours = Number(nanoseconds[name]) / 1e7
      // An idle period that goes on counts up to the last tick of the kernel's clock.
      const behind = name === 'idle' || name === 'iowait' ? 1 : 0
      expect(ours, `${name} of CPU ${i}`).toBeGreaterThanOrEqual(Number(text) - behind)
      expect(ours, `${name} of CPU ${i}`).toBeLessThanOrEqual(Number(text) + 1 + elapsed)
    }
    const total = Object.values(nanoseconds).reduce((sum, value) => sum + Number(value), 0) / 1e9
    expect(total).toBeGreaterThan(1)
    expect(softirqs.TIMER).toBeGreaterThan(0)
  }
  // The first number is the sum over all types, then each type over all CPUs.
  const softirq = /^softirq (.*)$/m.exec(truth.text('stat'))?.[1]?.split(' ').map(Number) ?? []
  const sums = Object.values(sched.cpuTimes[0]?.softirqs ?? {}).map((_, type) =>
    sched.cpuTimes.reduce((sum, cpu) => sum + (Object.values(cpu.softirqs)[type] ?? 0), 0),
  )
  grown(sums.map(BigInt), softirq.slice(1).map(BigInt), 1_000_000n)
}

function numa({ session, truth }: Truth): void {
  const nodes = truth.list('.').filter((name) => name.startsWith('numastat.'))
  expect(session.sched.numa.map(({ node }) => `numastat.${node}`)).toEqual(nodes.sort())
  for (const { node, events } of session.sched.numa) {
    const lines = truth.text(`numastat.${node}`).trim().split('\n')
    // sysfs has names of its own for what it calls interleave_hit, local_node and other_node.
    const ours = ['hit', 'miss', 'foreign', 'interleave_hit', 'local', 'other'].map(
      (name) => events[name] ?? -1n,
    )
    const theirs = lines.map((line) => BigInt(line.split(' ')[1] ?? ''))
    grown(ours, theirs, 10_000_000n)
    // All memory is on the first node.
    if (node === 0) expect(ours[0]).toBeGreaterThan(1000n)
  }
}

/** Before version 17 of the file there was one kind of imbalance, and domains had no names. */
const printedBefore = [
  'lb_count',
  'lb_balanced',
  'lb_failed',
  'lb_imbalance',
  'lb_gained',
  'lb_hot_gained',
  'lb_nobusyq',
  'lb_nobusyg',
]

const printed = [
  'lb_count',
  'lb_balanced',
  'lb_failed',
  'lb_imbalance_load',
  'lb_imbalance_util',
  'lb_imbalance_task',
  'lb_imbalance_misfit',
  'lb_gained',
  'lb_hot_gained',
  'lb_nobusyq',
  'lb_nobusyg',
]

/** Hundredths of seconds since /proc/schedstat was written, which starts with jiffies. */
function ticksSince(session: Session, schedstat: string): number {
  const then = BigInt(/^timestamp (\d+)/m.exec(schedstat)?.[1] ?? raise('no timestamp'))
  const perSecond = 250
  const now = session.kernel.space.u64(session.kernel.symbol('jiffies_64'))
  expect(now).toBeGreaterThanOrEqual(then)
  return (Number(now - then) * 100) / perSecond
}
