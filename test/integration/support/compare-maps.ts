import { expect } from 'vitest'
import type { BpfMap, MapEntry } from '../../../src/bpf/map.js'
import type { SpecialValue } from '../../../src/bpf/special-values.js'
import { detailsJson } from '../../../src/contract/details.js'
import { Problems } from '../../../src/problems.js'
import type { Session } from '../../../src/session/session.js'
import type { GroundTruth } from './demo-guest.js'

/**
 * Maps of every type against bpftool, and where bpftool cannot look against what the demo is known to write there
 * (examples/scx_demo/README.md). Arrays and hashes are compared in compare.ts.
 */

interface ToolEntry {
  readonly key: readonly string[]
  readonly value?: readonly string[] | { readonly error: string }
  readonly values?: readonly { readonly cpu: number; readonly value: readonly string[] }[]
}

export interface JsonEntry {
  readonly key: { readonly hex: string; readonly value?: unknown; readonly owner?: Named }
  readonly value?: { readonly hex: string; readonly value?: unknown; readonly target?: Named }
  readonly cpus?: readonly { readonly cpu: number; readonly hex: string }[]
  readonly notes?: Readonly<Record<string, unknown>>
}

export interface Named {
  readonly kind: string
  readonly [name: string]: unknown
}

/** Types that bpftool dumps, besides arrays and hashes; the last two are not in every kernel. */
const dumpedTypes = [
  'array_of_maps',
  'cgroup_storage',
  'cpumap',
  'devmap',
  'devmap_hash',
  'hash_of_maps',
  'lpm_trie',
  'percpu_cgroup_storage',
  'prog_array',
  'reuseport_sockarray',
  'sockhash',
  'sockmap',
  'stack_trace',
  'struct_ops',
  'insn_array',
  'rhash',
]

/** Entries as JSON; that they can all be read is part of every comparison. */
export function entriesOf(session: Session, name: string): JsonEntry[] {
  const problems = new Problems()
  const entries = [...session.map(name).json(Number.POSITIVE_INFINITY, problems)]
  expect(problems.list, name).toEqual([])
  return entries.map((text) => JSON.parse(text) as JsonEntry)
}

export function stateOf(session: Session, name: string): Record<string, unknown> {
  const problems = new Problems()
  const state = detailsJson(session.map(name).state(problems))
  expect(problems.list, name).toEqual([])
  return state
}

/** `map` against bpftool map dump: the same keys and bytes in the same order. Slots that bpftool shows as errors are empty. */
export function compareDumpedTypes(session: Session, truth: GroundTruth): void {
  const kernelHas = (type: string): boolean =>
    session.kernel.layouts.find(type === 'rhash' ? 'bpf_rhtab' : 'bpf_insn_array') !== undefined
  const expectedTypes = dumpedTypes.filter((type, i) => i < dumpedTypes.length - 2 || kernelHas(type))
  const compared = new Map<string, number>()
  for (const map of session.maps) {
    if (!dumpedTypes.includes(map.type)) continue
    const tool = truth.json<ToolEntry[]>(`map/${map.id}.json`)
    const expected = tool.filter(({ value }) => value === undefined || Array.isArray(value)).map(toolEntry)
    const found = entriesOf(session, String(map.id)).map(({ key, value, cpus }) => ({
      key: key.hex,
      values: cpus?.map(({ hex }) => hex) ?? [value?.hex],
    }))
    expect(found, `${map.id} ${map.name} (${map.type})`).toEqual(expected)
    compared.set(map.type, (compared.get(map.type) ?? 0) + found.length)
  }
  expect(
    [...compared]
      .filter(([, entries]) => entries > 0)
      .map(([type]) => type)
      .sort(),
  ).toEqual(expectedTypes.sort())
}

function toolEntry({ key, value, values }: ToolEntry): { key: string; values: string[] } {
  const hex = (bytes: readonly string[]): string => bytes.map((byte) => byte.slice(2)).join('')
  return {
    key: hex(key),
    values: values?.map((cpu) => hex(cpu.value)) ?? [hex((value ?? []) as readonly string[])],
  }
}

/** Any key of any dumped map is found by key, too. */
export function compareLookups(session: Session): void {
  for (const map of session.maps) {
    if (!dumpedTypes.includes(map.type)) continue
    const entries = [...map.entries()]
    for (const entry of [entries[0], entries.at(-1)]) {
      if (entry === undefined) continue
      expect(bytesOf(map.entry(entry.key.bytes)), `${map.name} (${map.type})`).toEqual(bytesOf(entry))
    }
  }
}

function bytesOf(entry: MapEntry | undefined): unknown {
  return [entry?.key.bytes, entry?.value?.bytes, entry?.cpus?.map(({ bytes }) => bytes)]
}

/** What slots point at, by name. */
export function compareTargets(session: Session, truth: GroundTruth): void {
  const targets = (name: string): unknown[] =>
    entriesOf(session, name).map(({ key, value }) => [
      Buffer.from(key.hex, 'hex').readUInt32LE(),
      value?.target,
    ])
  const map = (name: string): Named =>
    ({ kind: 'map', id: session.map(name).id, name, type: 'array' }) as Named
  const like = (expected: object): unknown => expect.objectContaining(expected)

  expect(targets('outer_array')).toEqual([
    [0, like(map('inner_a'))],
    [2, like(map('inner_b'))],
  ])
  expect(targets('outer_hash').sort()).toEqual([
    [1, like(map('inner_b'))],
    [3, like(map('inner_a'))],
  ])
  expect(session.map('outer_hash').inner(3)?.get(1)).toBe(0x5001)

  const progs = truth.json<{ id: number; name?: string; type: string }[]>('progs.json')
  const program = (name: string): Named => {
    const found = progs.find((prog) => prog.name === name)
    return { kind: 'program', id: found?.id, name, type: found?.type }
  }
  expect(targets('tails')).toEqual([[1, like(program('count_tail'))]])

  const lo = { kind: 'net_device', ifindex: 1, name: 'lo' }
  expect(targets('devices')).toEqual([[1, like(lo)]])
  expect(targets('device_hash')).toEqual([[77, like(lo)]])
  expect(targets('rare_devices')).toEqual([[3, like({ ...lo, program: like(program('rare_device')) })]])

  const thread = (name: string): unknown =>
    like({ kind: 'task', comm: `cpumap/0/map:${session.map(name).id}` })
  expect(targets('cpu_targets')).toEqual([
    [0, like({ kind: 'cpu', cpu: 0, queueSize: 192, thread: thread('cpu_targets') })],
  ])
  expect(targets('rare_targets')).toEqual([
    [0, like({ kind: 'cpu', queueSize: 64, program: like(program('rare_target')) })],
  ])

  const event = { kind: 'perf_event', type: 'software', config: 'bpf_output' }
  const cpus = session.kernel.cpus.possible.slice(0, 2)
  expect(targets('perf_events')).toEqual(cpus.map((cpu) => [cpu, like({ ...event, cpu })]))
  expect(targets('cgroups')).toEqual([[0, like({ kind: 'cgroup', id: 1, path: '/' })]])
}

/** Sockets, by family and by what they are connected to. */
export function compareSockets(session: Session): void {
  const targets = (name: string): (Named | undefined)[] =>
    entriesOf(session, name).map(({ value }) => value?.target)
  const [client, server] = targets('sockets')
  expect(client).toMatchObject({
    kind: 'sk',
    family: 'inet',
    protocol: 'TCP',
    type: 'stream',
    state: 'established',
  })
  expect(client?.local).toMatch(/^127\.0\.0\.1:\d+$/)
  expect([server?.local, server?.remote]).toEqual([client?.remote, client?.local])
  expect(targets('socket_hash')).toEqual([client])
  expect(targets('reuse_sockets')).toMatchObject([
    { kind: 'sk', family: 'inet', protocol: 'UDP', type: 'dgram' },
  ])
  expect(targets('xdp_sockets')).toMatchObject([{ kind: 'sk', family: 'xdp', protocol: 'XDP' }])
  expect(
    targets('rare_sockets').sort((a, b) => String(a?.family).localeCompare(String(b?.family))),
  ).toMatchObject([
    { family: 'inet6', type: 'stream', state: 'listen', local: '[::1]:4242' },
    { family: 'unix', type: 'stream', state: 'established', local: '/tmp/rare_maps.socket' },
  ])
}

/** Local storages, whose values bpftool cannot list: what the scheduler, populate and rare_maps stored, and for whom. */
export function compareStorages(session: Session, truth: GroundTruth): void {
  const note = (name: string): unknown => {
    const [entry] = entriesOf(session, name)
    return { owner: entry?.key.owner, value: entry?.value?.value, entries: entriesOf(session, name).length }
  }
  const like = (owner: object, number: number, text: string): unknown => ({
    owner: expect.objectContaining(owner),
    value: { number, cpu: 0, text },
    entries: 1,
  })
  const init = truth.text('tasks/comm').match(/^1\/task\/1\/comm:(.*)$/m)?.[1]
  expect(note('task_notes')).toEqual(like({ kind: 'task', pid: 1, comm: init, exited: false }, 3, 'a task'))
  expect(note('cgroup_notes')).toEqual(like({ kind: 'cgroup', id: 1, path: '/' }, 2, 'a cgroup'))
  expect(note('inode_notes')).toEqual(like({ kind: 'inode', path: '/' }, 4, 'an inode'))
  const [client] = entriesOf(session, 'sockets')
  expect(note('socket_notes')).toEqual(like(client?.value?.target ?? {}, 1, 'a socket'))
  expect(session.map('task_notes').get(1)).toMatchObject({ number: 3 })
  expect(session.map('cgroup_notes').get(1)).toMatchObject({ number: 2 })

  const [old] = entriesOf(session, 'rare_cgroup')
  expect(old).toMatchObject({
    key: { owner: { kind: 'cgroup', path: '/rare_maps' } },
    notes: { attachType: 'cgroup_inet_egress' },
  })
  const numbers = entriesOf(session, 'rare_cgroup_cpu')[0]?.cpus?.map(({ hex }) => hex.slice(0, 16))
  const { possible } = session.kernel.cpus
  expect(numbers).toEqual(possible.map((cpu) => `06000000${cpu.toString(16).padStart(2, '0')}000000`))

  // The scheduler stores each task's address and pid in that task's own storage, and mirrors it in a hash.
  const recorded = new Set([...session.map('pid_stats').entries()].map(({ key }) => key.json))
  const owners = entriesOf(session, 'scx_task_map')
  expect(owners.length).toBeGreaterThan(20)
  for (const { key, value } of owners) {
    const { owner } = key
    const stored = value?.value as { pid: number }
    // An integer to C; the scheduler's programs show that it is a pointer.
    const tptr = { pointer: String(owner?.address), type: 'struct task_struct *' }
    expect(stored).toMatchObject({ pid: owner?.pid, tptr })
    // A task that has exited left the hash, and its storage goes with its task_struct.
    if (owner?.exited === false) expect(recorded).toContain(owner.pid)
  }
}

/** Locks, kptrs, lists and trees in values. */
export function compareSpecialFields(session: Session): void {
  const special = (map: BpfMap, key: number, member: string) =>
    map.entry(key)?.value?.special.find((field) => field.member === member)
  expect(special(session.map('locked_totals'), 0, 'lock')).toMatchObject({
    kind: 'spin_lock',
    details: { locked: false },
  })
  expect(special(session.map('timers'), 0, 'timer')).toMatchObject({ kind: 'timer', size: 16 })
  expect(special(session.map('watched'), 0, 'task')).toMatchObject({
    kind: 'kptr_ref',
    type: 'struct task_struct',
    details: { target: { kind: 'task', pid: 1 } },
  })
  const mask = (key: number) => special(session.map('cpumasks'), key, 'mask')
  expect(mask(0)).toMatchObject({ kind: 'kptr_ref', type: 'struct bpf_cpumask' })
  expect(mask(0)?.pointee).toMatchObject({ cpumask: { cpus: evenCpus(session) } })
  expect(mask(2)).toMatchObject({ details: { address: '0x0' }, pointee: undefined })

  compareNewestFields(session, special)
  const graph = session.map('.data.GRAPH')
  const members = (member: string) => special(graph, 0, member)?.elements?.map(({ value }) => value)
  expect(members('graph_list')).toMatchObject([100n, 200n, 300n, 400n].map((number) => ({ number })))
  expect(members('graph_tree')).toMatchObject([1n, 5n, 7n, 9n].map((key) => ({ key, value: key * key })))
}

/** Fields that some kernels have: what fields.bpf.c and populate.c put there. */
function compareNewestFields(
  session: Session,
  special: (map: BpfMap, key: number, member: string) => SpecialValue | undefined,
): void {
  const works = session.map('works')
  expect(works.get(0)).toMatchObject({ number: 5, runs: 1 })
  expect(special(works, 0, 'work')).toMatchObject({
    kind: 'workqueue',
    details: {
      set: true,
      program: { name: 'fields_fill' },
      callback: expect.stringMatching(/work_runs/),
    },
  })
  expect(special(works, 1, 'work')?.details).toEqual({ set: false })

  const [shared] = [...session.map('shared_words').entries()]
  const [words] = shared?.value?.special ?? []
  expect(words).toMatchObject({ kind: 'uptr', member: 'words', type: 'struct user_words' })
  expect(words?.pointee).toMatchObject({ first: 11n, second: 22n, text: 'of user space' })

  const taskWorks = session.map('task_works')
  const pid = session.tasks.find(({ name }) => name === 'demo_populate')?.pid
  expect(taskWorks.get(0)).toMatchObject({ pid, runs: 0 })
  const known = session.kernel.layouts.find('bpf_task_work_ctx') !== undefined
  const work = special(taskWorks, 0, 'work')
  if (!known) {
    expect(work).toBeUndefined()
    return
  }
  expect(work).toMatchObject({
    kind: 'task_work',
    details: {
      state: 'scheduled',
      task: { pid, comm: 'demo_populate' },
      program: { name: 'fields_fill' },
      callback: expect.stringMatching(/task_work_runs/),
    },
  })
  expect(special(taskWorks, 1, 'work')?.details).toEqual({ set: false })
}

function evenCpus(session: Session): number[] {
  return session.kernel.cpus.possible.filter((cpu) => cpu % 2 === 0)
}

/** String literals of the gallery. */
export function compareLiterals(session: Session): void {
  const { strings } = stateOf(session, '.rodata.str1.1')
  expect(strings).toContain('name-')
}

/** Instruction arrays and resizable hashes, where the kernel has them; parameters of arenas. */
export function compareNewTypes(session: Session): void {
  const has = (name: string): boolean => session.maps.some((map) => map.name === name)
  expect(has('rare_jumps')).toBe(session.kernel.layouts.find('bpf_insn_array') !== undefined)
  if (has('rare_jumps')) {
    const jumps = entriesOf(session, 'rare_jumps')
    expect(jumps.map(({ notes }) => notes?.original)).toEqual([0, 2, 5])
    for (const { value } of jumps) {
      expect(value?.target).toMatchObject({
        kind: 'instruction',
        symbol: expect.stringMatching(/^bpf_prog_[0-9a-f]{16}_rare_jumper\+0x/),
      })
    }
  }
  expect(has('rare_rhash')).toBe(session.kernel.layouts.find('bpf_rhtab') !== undefined)
  if (has('rare_rhash')) {
    for (const name of ['rare_rhash', 'rare_rhash_wide']) {
      const squares = entriesOf(session, name).map(({ key, value }) => [
        Buffer.from(key.hex, 'hex').readUInt32LE(),
        Buffer.from(value?.hex ?? '', 'hex').readUInt32LE(),
      ])
      squares.sort(([a = 0], [b = 0]) => a - b)
      expect(squares).toEqual(Array.from({ length: 300 }, (_, n) => [n, n * n]))
    }
  }
  expect(stateOf(session, 'arena')).toMatchObject({
    userStartAddress: '0x100000000000',
    maxPages: 2 ** 20,
  })
}

/** Hash maps hold as many entries as the kernel counted while it put them there. */
export function compareCounts(session: Session): void {
  let compared = 0
  for (const map of session.maps.filter(({ type }) => /hash$|^hash_of_maps$/.test(type))) {
    const { elements } = map.state()
    if (elements === undefined) continue
    expect({ map: map.name, elements: Number(elements) }).toEqual({
      map: map.name,
      elements: [...map.entries()].length,
    })
    compared++
  }
  expect(compared).toBeGreaterThan(8)
}

/** No type of the demo is unknown, and none has a state that cannot be read. */
export function compareNothingUnknown(session: Session): void {
  for (const map of session.maps) {
    expect(map.unsupported, map.type).toBeUndefined()
    const problems = new Problems()
    map.state(problems)
    for (const _ of map.json(Number.POSITIVE_INFINITY, problems)) {
      // Reading is the test.
    }
    expect(problems.list, `${map.name} (${map.type})`).toEqual([])
  }
}
