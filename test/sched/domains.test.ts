import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'
import { ObjectWriter } from '../support/object-writer.js'

/** Where the mask of a domain lies: in a member, right behind the struct, or where a later kernel ends it earlier. */
type Span = 'member' | 'behind'

function typesOf(span: Span): Btf {
  const t = new Types()
  const { u32, u64, s32, pointer } = t
  t.struct('sched_domain', {
    parent: pointer,
    flags: u32,
    level: s32,
    name: pointer,
    balance_interval: u32,
    nr_balance_failed: u32,
    max_newidle_lb_cost: u64,
    lb_count: t.b.array(u32, 3),
    alb_count: u32,
    span_weight: u32,
    ...(span === 'member' ? { pad: u64, span: t.b.array(u64, 0) } : {}),
  })
  t.b.variable(
    'runqueues',
    t.struct('rq', {
      sd: pointer,
      rq_sched_info: t.struct('sched_info', { pcount: u64, run_delay: u64 }),
      rq_cpu_time: u64,
      yld_count: u32,
      sched_count: u32,
      ttwu_count: u32,
    }),
  )
  return Btf.parse(t.b.build(), { name: 'domains' })
}

/** CPUs 0 and 2 below a domain of both, CPU 0 below one of its own too. */
function world(span: Span, { weight = 2, mask = 0b101n }: { weight?: number; mask?: bigint } = {}) {
  const types = typesOf(span)
  const guest = new KernelGuest({ btf: types.bytes })
  const objects = new ObjectWriter(guest, types)
  const size = objects.sizeOf('sched_domain')
  const make = (members: Record<string, number | bigint>, bits: bigint): bigint => {
    const name = guest.alloc(8)
    guest.text(name, 'PKG')
    const at = objects.make('sched_domain', { name, balance_interval: 2, ...members }, { extra: 16 })
    guest.u64(at + BigInt(size), bits)
    return at
  }
  const top = make({ level: 1, span_weight: weight, 'lb_count[1]': 5, alb_count: 3 }, mask)
  const own = make({ level: 0, span_weight: 1, parent: top, flags: 0x3 }, 0b1n)
  const runqueues = guest.symbol('runqueues', guest.allocPerCpu(objects.sizeOf('rq')))
  objects.set('rq', guest.perCpu(runqueues, 0), {
    sd: own,
    rq_cpu_time: 77,
    'rq_sched_info.pcount': 9,
    sched_count: 4,
  })
  objects.set('rq', guest.perCpu(runqueues, 2), { sd: top })
  return { guest, objects, top, own }
}

const stats = ({ guest }: ReturnType<typeof world>) => new Sched(guest.kernel()).schedstats

describe.each(['member', 'behind'] as const)('scheduling domains, mask as %s', (span) => {
  it('have the CPUs that the mask has, from the smallest up', () => {
    const [first, second] = stats(world(span))
    expect(first).toMatchObject({ cpu: 0, cpuTime: 77n, timeslices: 9n, counts: { sched_count: 4 } })
    expect(first?.domains.map(({ level, cpus, weight, name }) => [level, cpus, weight, name])).toEqual([
      [0, [0], 1, 'PKG'],
      [1, [0, 2], 2, 'PKG'],
    ])
    expect(second?.domains.map(({ cpus }) => cpus)).toEqual([[0, 2]])
    expect(first?.domains[1]).toMatchObject({
      balancing: { lb_count: { notIdle: 0, idle: 5, newlyIdle: 0 } },
      counts: { alb_count: 3 },
    })
  })

  it.each([
    ['more CPUs than the mask has', { weight: 3 }],
    ['fewer', { weight: 1 }],
    ['none, of a mask of none', { weight: 0, mask: 0n }],
  ])('have unknown CPUs where they claim %s', (_, claim) => {
    const [, second] = stats(world(span, claim))
    expect(second?.domains.map(({ cpus }) => cpus)).toEqual([undefined])
  })
})

describe('chains of domains', () => {
  it('that go round end, and are said', () => {
    const made = world('behind')
    made.objects.set('sched_domain', made.top, { parent: made.own })
    const sched = new Sched(made.guest.kernel())
    expect(sched.schedstats[0]?.domains).toHaveLength(2)
    expect(sched.problems.map(({ where, why }) => `${where}: ${why}`).join()).toMatch(
      /sched domains of CPU 0: the chain of domains does not end/,
    )
  })
})
