import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Sched } from '../../src/sched/sched.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'
import { ObjectWriter } from '../support/object-writer.js'

/** Where the mask of a domain lies: in a member, right behind the struct, or where a later kernel ends it earlier. */
type Span = 'member' | 'behind' | 'within'

interface Release {
  /** Counters of new idleness, since Linux 6.18. */
  readonly isNew?: boolean
  /** The names of flags are in its types. */
  readonly isNamed?: boolean
}

function typesOf(span: Span, { isNew = false, isNamed = false }: Release = {}): Btf {
  const t = new Types()
  const { u32, u64, s32, pointer } = t
  t.b.enum('', { OTHER: 1 })
  if (isNamed) t.b.enum('', { SD_BALANCE_NEWIDLE: 1, SD_BALANCE_EXEC: 2, SD_LAST: 2n ** 31n })
  t.struct('sched_domain', {
    parent: pointer,
    flags: u32,
    level: s32,
    name: pointer,
    balance_interval: u32,
    nr_balance_failed: u32,
    max_newidle_lb_cost: u64,
    lb_count: t.b.array(u32, 4),
    lb_imbalance: u32,
    alb_count: u32,
    sbe_count: u32,
    ttwu_wake_remote: u32,
    other_count: u32,
    ...(isNew ? { newidle_call: u32, newidle_success: u32, newidle_ratio: u32 } : {}),
    span_weight: u32,
    ...(span === 'member' ? { pad: u64, span: t.b.array(u64, 0) } : {}),
    ...(span === 'within' ? { mask: u64 } : {}),
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
function world(
  span: Span,
  { weight = 2, mask = 0b101n, ...release }: { weight?: number; mask?: bigint } & Release = {},
) {
  const types = typesOf(span, release)
  const guest = new KernelGuest({ btf: types.bytes })
  const objects = new ObjectWriter(guest, types)
  const size = objects.sizeOf('sched_domain')
  const make = (members: Record<string, number | bigint>, bits: bigint): bigint => {
    const name = guest.alloc(8)
    guest.text(name, 'PKG')
    const at = objects.make('sched_domain', { name, balance_interval: 2, ...members }, { extra: 16 })
    guest.u64(at + BigInt(span === 'within' ? objects.offsetOf('sched_domain', 'mask') : size), bits)
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

describe.each(['member', 'behind', 'within'] as const)('scheduling domains, mask as %s', (span) => {
  it('have the CPUs that the mask has, from the smallest up', () => {
    const [first, second] = stats(world(span))
    expect(first).toMatchObject({ cpu: 0, cpuTime: 77n, timeslices: 9n, counts: { sched_count: 4 } })
    expect(first?.domains.map(({ level, cpus, weight, name }) => [level, cpus, weight, name])).toEqual([
      [0, [0], 1, 'PKG'],
      [1, [0, 2], 2, 'PKG'],
    ])
    expect(second?.domains.map(({ cpus }) => cpus)).toEqual([[0, 2]])
    expect(first?.domains[1]).toMatchObject({
      balancing: { lb_count: { notIdle: 0, idle: 5, newlyIdle: 0, 'idle 3': 0 } },
      counts: { alb_count: 3, sbe_count: 0, ttwu_wake_remote: 0 },
      balanceInterval: 2,
      failedBalances: 0,
      newidle: undefined,
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

describe('what a domain says of itself', () => {
  const domain = (release: Release, members: Record<string, number | bigint>) => {
    const made = world('behind', release)
    made.objects.set('sched_domain', made.own, members)
    return stats(made)[0]?.domains[0]
  }

  it('flags, by their names where the kernel has them', () => {
    const flags = (value: number, isNamed = true) => domain({ isNamed }, { flags: value })?.flags
    expect(flags(0)).toEqual([])
    expect(flags(3)).toEqual(['BALANCE_NEWIDLE', 'BALANCE_EXEC'])
    expect(flags(0x8000_0004)).toEqual(['0x4', 'LAST'])
    expect(flags(3, false)).toEqual(['0x1', '0x2'])
  })

  it('new idleness, where the kernel counts it', () => {
    expect(
      domain({ isNew: true }, { newidle_call: 7, newidle_success: 3, newidle_ratio: 512 })?.newidle,
    ).toEqual({
      calls: 7,
      successes: 3,
      ratio: 512,
    })
    expect(domain({}, {})?.newidle).toBeUndefined()
  })

  it('its costs and failures, and no name where there is none', () => {
    const found = domain({}, { max_newidle_lb_cost: 900, nr_balance_failed: 4, name: 0 })
    expect(found).toMatchObject({ maxNewidleCost: 900n, failedBalances: 4, name: '' })
    const made = world('behind')
    const name = made.guest.alloc(80)
    made.guest.text(name, 'N'.repeat(70))
    made.objects.set('sched_domain', made.own, { name })
    made.objects.set('sched_domain', made.top, { name: 0xffff800000001000n })
    // A name that is none ends, and one that is not there costs nothing else.
    expect(stats(made)[0]?.domains.map((each) => each.name)).toEqual(['N'.repeat(64), ''])
  })
})

describe('a kernel', () => {
  const lacking = (leave: (t: Types) => void): string[] => {
    const t = new Types()
    leave(t)
    const guest = new KernelGuest({ btf: t.b.build() })
    guest.symbol('runqueues', guest.allocPerCpu(4096))
    const sched = new Sched(guest.kernel())
    expect(sched.schedstats.flatMap(({ domains }) => domains)).toEqual([])
    return sched.absent.map(({ group, reason }) => `${group}: ${reason}`)
  }

  it('without statistics, or for one CPU, is said to be so', () => {
    const bare = (t: Types) => t.b.variable('runqueues', t.struct('rq', { nr_running: t.u32 }))
    expect(lacking(bare)).toContain(
      'schedstat: struct rq has no statistics: the kernel is built without CONFIG_SCHEDSTATS',
    )
    const single = (t: Types) =>
      t.b.variable(
        'runqueues',
        t.struct('rq', {
          rq_sched_info: t.struct('sched_info', { pcount: t.u64, run_delay: t.u64 }),
          rq_cpu_time: t.u64,
          sched_count: t.u32,
        }),
      )
    expect(lacking(single)).toContain('sched domains: struct rq has no sd: the kernel is built for one CPU')
  })
})
