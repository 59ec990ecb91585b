import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Container } from '../../src/bpf/containers/container.js'
import { whole } from '../../src/problems.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import type { PointerValue } from '../../src/value/types.js'
import { bpftool, demoBuild } from './support/demo-guest.js'

const sources = fileURLToPath(new URL('containers/', import.meta.url))
const headers = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope/tools/usr/include')
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-containers-'))
const object = join(directory, 'containers.o')
const programs = ['tree', 'btree', 'heap', 'queues', 'doubles', 'work', 'machine', 'cgroups']

/** As `enum what` of common.bpf.h has them. */
const whats = [
  'tree',
  'btree',
  'heap',
  'fifo',
  'byVtime',
  'priority',
  'alternating',
  'balanced',
  'work',
  'bits',
  'topology',
  'cgroup',
  'throttled',
] as const

/** Runs each program once, and says what the programs wrote of the containers they made. */
const script = `mount -t bpf bpf /sys/fs/bpf
bpftool prog loadall /containers/containers.o /sys/fs/bpf/containers
for name in ${programs.join(' ')}; do bpftool prog run pinned /sys/fs/bpf/containers/fill_$name repeat 0; done
echo "truth $(bpftool map dump name truth | tr -d ' \\n')"
echo "containers ready"
`

interface Row {
  readonly more: number
  readonly key: bigint
  readonly value: bigint
}

function compile(): void {
  const compiled = join(directory, 'containers.bpf.o')
  const flags = ['-O2', '-g', '-w', '--target=bpf', '-mcpu=v3', '-std=gnu11', '-D__TARGET_ARCH_x86']
  const includes = ['-DBPF_NO_KFUNC_PROTOTYPES', '-I', demoBuild, '-I', headers]
  const source = join(sources, 'containers.bpf.c')
  execFileSync(process.env.CLANG ?? 'clang-19', [...flags, ...includes, '-c', source, '-o', compiled])
  execFileSync(bpftool, ['gen', 'object', object, compiled])
}

beforeAll(compile)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe.each(['6.18', '7.0'])('containers in an arena on %s', (kernel) => {
  let vm: Session
  let truth: Record<(typeof whats)[number], Row[]>

  beforeAll(async () => {
    const file = join(directory, `${kernel}.sh`)
    writeFileSync(file, script)
    vm = await boot({
      kernel,
      memoryBytes: 512 * 2 ** 20,
      run: [[bpftool, 'version']],
      files: [`${bpftool}:/usr/sbin/bpftool`, `${object}:/containers/containers.o`],
      script: file,
      waitFor: /containers ready/,
      bootTimeoutMs: 240_000,
    })
    await vm.freeze()
    truth = truthIn(vm.machine?.console.text() ?? '')
  }, 300_000)

  afterAll(async () => {
    await vm?.close()
  })

  /** Keys and values as integers; of a pointer to a task the pid. */
  const told = (container: Container): [bigint, bigint][] =>
    [...container].map(({ key, value }) => [
      key ?? 0n,
      typeof value === 'bigint' ? value : ((value as PointerValue).pid as bigint),
    ])
  const said = (rows: readonly Row[]): [bigint, bigint][] => rows.map(({ key, value }) => [key, value])
  const faultless = (container: Container, count: number): void => {
    expect(container.problems).toEqual([])
    expect(container.count).toEqual(whole(count))
  }

  it('are all found, each by what names it', () => {
    const names = vm.containers.map(({ name, kind }) => `${kind} ${name}`)
    expect(names.toSorted()).toEqual(
      [
        'atq cbw_cgrp_map[7].llc[0].btq',
        'atq queues[0]',
        'atq queues[1]',
        'bitmap idle_cpus',
        'btree ranges',
        'cgroup_bw cbw_cgrp_map',
        'dhq by_length',
        'dhq by_priority',
        'dhq in_turn',
        'lvqueue steals',
        'minheap deadlines',
        'rbtree prices',
        'topology topo_all',
      ].toSorted(),
    )
    expect(vm.arenas.flatMap(({ problems }) => problems)).toEqual([])
  })

  it('a tree is in the order in which its program walks it', () => {
    const tree = vm.container('prices')
    expect(told(tree)).toEqual(said(truth.tree))
    expect([...tree].map(({ details }) => details.isRed)).toEqual(truth.tree.map(({ more }) => more === 1))
    expect(tree.at(truth.tree[7]?.key ?? 0n)?.index).toBe(7)
    expect(tree.state).toEqual({ alloc: 'RB_ALLOC', insert: 'RB_DEFAULT' })
    faultless(tree, 40)
  })

  it('a B-tree holds what its program finds in it', () => {
    const tree = vm.container('ranges')
    expect(told(tree)).toEqual(said(truth.btree))
    expect([...tree].map(({ details }) => details.slot)).toEqual(truth.btree.map(({ more }) => more))
    expect(tree.state).toMatchObject({ levels: 2 })
    faultless(tree, 40)
  })

  it('a heap gives up its elements as a twin of it did', () => {
    const heap = vm.container('deadlines')
    expect(told(heap)).toEqual(said(truth.heap))
    faultless(heap, 20)
  })

  it.each([
    ['queues[0]', 'fifo'],
    ['queues[1]', 'byVtime'],
    ['cbw_cgrp_map[7].llc[0].btq', 'throttled'],
  ] as const)('the queue %s has the contexts of its tasks in order', (name, what) => {
    const queue = vm.container(name)
    expect(told(queue)).toEqual(said(truth[what]))
    expect([...queue].map(({ value }) => (value as PointerValue).$type)).toEqual(
      new Array(12).fill('struct task_ctx *'),
    )
    expect(queue.state).toMatchObject({ size: 12n, order: what === 'fifo' ? 'fifo' : 'vtime' })
    faultless(queue, 12)
  })

  it.each([
    ['by_priority', 'priority'],
    ['in_turn', 'alternating'],
    ['by_length', 'balanced'],
  ] as const)('the double queue %s is emptied as a twin of it was', (name, what) => {
    const queue = vm.container(name)
    expect(told(queue)).toEqual(said(truth[what]))
    expect([...queue].map(({ details }) => details.strand)).toEqual(
      truth[what].map(({ more }) => (more === 1 ? 'b' : 'a')),
    )
    expect(queue.state.mode).toBe(what)
    faultless(queue, 14)
  })

  it('a queue to steal from has its oldest value first, as it was stolen from a twin', () => {
    const queue = vm.container('steals')
    expect(told(queue)).toEqual(said(truth.work.filter(({ value }) => value !== 0n)))
    faultless(queue, 20)
  })

  it('a bitmap has the bits that its program found set, and none that lie behind it', () => {
    const bitmap = vm.container('idle_cpus')
    const bits = truth.bits.map(({ key }) => Number(key))
    const listed = [...bitmap].flatMap(({ details: { first, last } }) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, n) => Number(first) + n),
    )
    expect(listed).toEqual(bits)
    expect(bitmap.state).toMatchObject({ bits: 128 })
    faultless(bitmap, bits.length)
  })

  it('the topology has its levels, numbers and CPUs', () => {
    const topology = vm.container('topo_all')
    const levels = ['TOPO_TOP', 'TOPO_NODE', 'TOPO_LLC', 'TOPO_CORE', 'TOPO_CPU']
    const expected = truth.topology.map(({ key, value, more }) => [levels[more], key, more, rangesOf(value)])
    expect([...topology].map(({ key, depth, details }) => [details.level, key, depth, details.cpus])).toEqual(
      expected,
    )
    faultless(topology, 17)
  })

  it('cgroups have their quotas, parents before children, and the caches they have contexts for', () => {
    const cgroups = vm.container('cbw_cgrp_map')
    const max = 2n ** 63n - 1n
    expect([...cgroups].map(({ key, details }) => [key, details.quota, details.is_throttled])).toEqual(
      truth.cgroup.map(({ key, value, more }) => [key, value === max ? 'max' : value, more === 1]),
    )
    expect([...cgroups].map(({ depth }) => depth)).toEqual([0, 1, 1, 2])
    expect(cgroups.at(7)?.details.llcs).toMatchObject([
      { llc: 0, runtimeTotal: 700n },
      { llc: 1, runtimeTotal: 800n },
    ])
    faultless(cgroups, 4)
  })
})

/** What bpftool printed of the map: by container, in the order in which the programs wrote it. */
function truthIn(console: string): Record<(typeof whats)[number], Row[]> {
  const found = Object.fromEntries(whats.map((name) => [name, [] as Row[]])) as Record<
    (typeof whats)[number],
    Row[]
  >
  const [, text = ''] = /^truth (.*?)\r?$/m.exec(console) ?? []
  for (const [, what, more, key, value] of text.matchAll(
    /"what":(\d+),"more":(\d+),"key":(\d+),"value":(\d+)/g,
  )) {
    const isWritten = key !== '0' || value !== '0'
    const name = whats[Number(what)]
    if (isWritten && name !== undefined)
      found[name].push({ more: Number(more), key: BigInt(key ?? 0), value: BigInt(value ?? 0) })
  }
  return found
}

/** A word of CPUs as "0-3". */
function rangesOf(word: bigint): string {
  const bits = Array.from({ length: 64 }, (_, n) => n).filter((n) => (word >> BigInt(n)) & 1n)
  const first = bits[0] ?? 0
  return bits.length === 1 ? String(first) : `${first}-${bits.at(-1)}`
}
