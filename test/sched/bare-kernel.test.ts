import { describe, expect, it } from 'vitest'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { SchedGuest } from './sched-guest.js'

describe('a kernel without sched_ext', () => {
  const sched = new Sched(new KernelGuest().kernel())
  const facts = sched.facts()

  it('says once what it does not have, group by group', () => {
    expect(facts.absent.map(({ group, reason }) => [group, reason])).toEqual([
      ['jiffies', 'the kernel has no symbol jiffies_64'],
      ['DSQ tasks', 'task_struct.scx, sched_ext_entity.dsq_list or its node is missing in BTF'],
      ['runqueues', 'the kernel has no per-CPU runqueues, or no struct rq in its BTF'],
      ['scx_enable_state_var', 'the kernel has no symbol scx_enable_state_var or scx_ops_enable_state_var'],
      ['__scx_switched_all', 'the kernel has no symbol __scx_switched_all'],
      ['scx_enable_seq', 'the kernel has no symbol scx_enable_seq'],
      ['scx_hotplug_seq', 'the kernel has no symbol scx_hotplug_seq'],
      ['scx_nr_rejected', 'the kernel has no symbol scx_nr_rejected'],
      ['scheduler', 'the kernel has neither scx_root nor scx_ops: it is built without sched_ext'],
      ['scheduler objects', 'the kernel has no BPF maps, programs and links to look at'],
      ['watchdog timeout', 'neither scx_sched.watchdog_timeout nor scx_watchdog_timeout is there'],
      ['DSQs', 'the kernel has no struct scx_dispatch_q: it is built without sched_ext'],
      ['events', 'the kernel has no struct scx_event_stats'],
      ['scx_tasks', 'the kernel has no list scx_tasks of sched_ext_entity.tasks_node'],
      ['cids', 'this kernel numbers CPUs in one way (no scx_cid_tables)'],
      ['exit log', 'the kernel has no prb'],
    ])
    // All its types are there: what is not in them is not there.
    expect(facts.absent.every(({ unsure }) => unsure === undefined)).toBe(true)
    expect(facts.problems).toEqual([])
  })

  it('has no schedulers, queues and events, and that is all', () => {
    const { schedulers, objects, queues, events, departed } = facts
    for (const found of [schedulers, objects, queues, events, departed])
      expect([found.isWhole, found.seen]).toEqual([true, []])
    // A kernel has a log, if not one that is known.
    expect(facts.exitLog.missing).toBe('the kernel has no log that is known here')
    expect([facts.state, facts.switchedAll, facts.enableSequence, facts.taskList, facts.cids]).toEqual(
      Array(5).fill(undefined),
    )
    expect(facts.watchdog).toEqual({
      timeoutMs: undefined,
      ageMs: undefined,
      intervalMs: undefined,
      timeoutAddress: undefined,
    })
  })

  it('counts nothing for its CPUs, and says why', () => {
    const own = new Sched(new KernelGuest().kernel())
    expect(own.schedstats).toEqual([])
    expect(own.absent.map(({ group, reason }) => `${group}: ${reason}`)).toContain(
      'schedstat: the kernel has no per-CPU runqueues',
    )
  })

  it('may have runqueues that nobody can count', () => {
    expect(sched.snapshot().counts).toEqual({ schedulers: 0, runqueues: null, queues: 0, waiting: null })
  })
})

describe('counters of events', () => {
  it('are the sum of all CPUs, with what each counts', () => {
    const guest = new SchedGuest('late')
    const kernel = guest.kernel()
    const [own] = new Sched(kernel).facts().events.seen
    expect(own?.scheduler).toBe(guest.sched)
    for (const { total, cpus } of own?.counters ?? []) {
      expect(cpus.map(({ cpu }) => cpu)).toEqual([...kernel.cpus.possible])
      expect(total).toBe(cpus.reduce((sum, { value }) => sum + value, 0n))
    }
    expect(own?.counters.length).toBeGreaterThan(0)
  })
})

describe('flags of a task', () => {
  const flags = (value: number, shape: 'early' | 'late' = 'late') => {
    const guest = new SchedGuest(shape)
    guest.addTask(9, { 'scx.flags': value })
    const { schedExt } = new Sched(guest.kernel()).task(9)
    return [schedExt?.flags, schedExt?.state, schedExt?.reenqueue]
  }

  it('hold a state and a reason, which are no flags', () => {
    expect(flags(0)).toEqual([[], 'NONE', 'NONE'])
    expect(flags(0x1305)).toEqual([['QUEUED', 'RESET_RUNNABLE_AT'], 'ENABLED', 'KFUNC'])
    expect(flags(0x2201)).toEqual([['QUEUED'], 'READY', expect.stringContaining('8192')])
    expect(flags(0x305, 'early')).toEqual([['QUEUED', 'RESET_RUNNABLE_AT'], 'ENABLED', undefined])
  })
})

describe('a task that is ready', () => {
  it('is boosted where sched_ext has queued it and another class has it', () => {
    const boosted = (flags: number, members: (guest: SchedGuest) => Record<string, bigint>) => {
      const guest = new SchedGuest('late')
      guest.addTask(9, { 'scx.flags': flags, ...members(guest) })
      return new Sched(guest.kernel()).task(9).isBoosted
    }
    const inClass = (name: string) => (guest: SchedGuest) => ({
      sched_class: guest.symbol(`${name}_sched_class`),
    })
    expect(boosted(0x301, inClass('ext'))).toBe(false)
    expect(boosted(0x301, inClass('rt'))).toBe(true)
    expect(boosted(0x300, inClass('rt'))).toBe(false)
    expect(boosted(0x301, () => ({ sched_class: 0xffff_dead_0000_0000n }))).toBeUndefined()
  })
})
