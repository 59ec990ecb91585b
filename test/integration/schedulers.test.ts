import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tellStory } from '../../src/report/story.js'
import type { Scheduler } from '../../src/sched/schedulers.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { bpftool } from './support/demo-guest.js'

const kernel = '7.3'
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope/kernels')
const isCached = existsSync(join(cache, kernel))
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-schedulers-'))

/** Where an object has the number that stands for the cgroup's id (CGROUP_ID in ops.h). */
function compile(name: 'root' | 'sub'): number {
  const source = fileURLToPath(new URL(`schedulers/${name}.bpf.c`, import.meta.url))
  const object = join(directory, `${name}.o`)
  const flags = ['-O2', '-g', '--target=bpf', '-mcpu=v4', '-Wall', '-Werror']
  execFileSync(process.env.CLANG ?? 'clang-19', [...flags, '-c', source, '-o', object])
  const mark = Buffer.alloc(8)
  mark.writeBigUInt64LE(0x1122334455667788n)
  return readFileSync(object).indexOf(mark)
}

/** A root, a task that waits for the sub-scheduler of its cgroup, one that runs; then what sysfs says of both. */
const script = (root: number, sub: number): string => `
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
mkdir -p /sys/fs/cgroup/part /tmp
id=$(stat -c %i /sys/fs/cgroup/part)
cp /schedulers/*.o /tmp/
byte() { printf "\\\\$(printf %03o $((id >> $1 & 255)))"; }
patch() { (for shift in 0 8 16 24 32 40 48 56; do byte $shift; done) | dd of=$1 bs=1 seek=$2 conv=notrunc 2>/dev/null; }
patch /tmp/root.o ${root}
patch /tmp/sub.o ${sub}
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
mkdir -p /sys/fs/bpf/root /sys/fs/bpf/sub
bpftool struct_ops register /tmp/root.o /sys/fs/bpf/root
(while :; do :; done) & waits=$!
echo $waits >/sys/fs/cgroup/part/cgroup.procs
(while :; do :; done) & runs=$!
bpftool struct_ops register /tmp/sub.o /sys/fs/bpf/sub
ids=$(bpftool btf dump file /sys/kernel/btf/vmlinux | sed -n "s/^\\[\\([0-9]*\\)\\] FUNC 'vfs_\\(read\\|write\\)'.*/\\1/p")
/schedulers/trace-multi $ids &
sleep 3
for file in $(find /sys/kernel/sched_ext/root -type f); do sed "s#^#truth $file #" $file; done
echo "schedulers: $waits waits, $runs runs"
sleep 1000
`

describe.skipIf(!isCached)(
  `a root and a sub-scheduler on ${kernel}${isCached ? '' : `, which is not cached: scripts/fetch-kernel ${kernel} gets it`}`,
  () => {
    let vm: Session
    let truth: readonly string[]
    let waits = 0
    let runs = 0

    beforeAll(async () => {
      const tracer = fileURLToPath(new URL('schedulers/trace-multi.c', import.meta.url))
      execFileSync('cc', ['-O2', '-static', '-Wall', '-o', join(directory, 'trace-multi'), tracer])
      writeFileSync(join(directory, 'script.sh'), script(compile('root'), compile('sub')))
      vm = await boot({
        kernel,
        cpus: 2,
        memoryBytes: 2 ** 29,
        run: [[bpftool, 'version']],
        files: [`${bpftool}:/usr/sbin/bpftool`, `${directory}:/schedulers`],
        script: join(directory, 'script.sh'),
        waitFor: /schedulers: \d+ waits, \d+ runs/,
        bootTimeoutMs: 240_000,
      })
      await vm.freeze()
      const said = vm.machine?.console.text() ?? ''
      truth = said.split(/\r?\n/).filter((line) => line.startsWith('truth '))
      const [, first, second] = /schedulers: (\d+) waits, (\d+) runs/.exec(said) ?? []
      waits = Number(first)
      runs = Number(second)
    }, 300_000)

    afterAll(async () => {
      await vm?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    /** What sysfs says in a file of the root, or of the sub-scheduler. */
    const sysfs = (isRoot: boolean, file: string): string[] =>
      truth
        .map((line) => /^truth \/sys\/kernel\/sched_ext\/root\/(sub\/[^/]+\/)?(\w+) (.*)$/.exec(line))
        .filter((match) => match !== null && (match[1] === undefined) === isRoot && match[2] === file)
        .map((match) => match?.[3] ?? '')

    const of = (isRoot: boolean): Scheduler => {
      const found = vm.sched.schedulers.find((one) => one.isRoot === isRoot)
      if (found === undefined) throw new Error('it was not found')
      return found
    }

    it.each([true, false])('has the names and capabilities that sysfs has (root: %s)', (isRoot) => {
      const scheduler = of(isRoot)
      expect([scheduler.name]).toEqual(sysfs(isRoot, 'ops'))
      expect(scheduler).toMatchObject({ form: 'cid', timeoutMs: isRoot ? 25_000 : 29_000 })
      expect(scheduler.watchdogMs).toBe(scheduler.timeoutMs)
      const told = scheduler.caps?.map(({ name, cids }) => `${name}: ${cids.join('-')}`.trim())
      expect(told).toEqual(sysfs(isRoot, 'caps').map((line) => line.trim()))
      expect(told?.length).toBeGreaterThan(3)
    })

    it('counts the events of each, which only grow', () => {
      for (const isRoot of [true, false]) {
        const { address } = of(isRoot)
        const counters = vm.sched.events.find(({ scheduler }) => scheduler === address)?.counters ?? []
        const expected = sysfs(isRoot, 'events').map((line) => line.split(' '))
        expect(counters.map(({ name }) => name)).toEqual(expected.map(([name]) => name))
        for (const [i, [name, value]] of expected.entries())
          expect(Number(counters[i]?.total), name).toBeGreaterThanOrEqual(Number(value))
      }
      // The task of the sub-scheduler stands still, and the root goes on.
      const last = (isRoot: boolean, name: string): string | undefined =>
        sysfs(isRoot, 'events').find((line) => line.startsWith(name))
      expect(last(true, 'SCX_EV_DISPATCH_KEEP_LAST')).not.toBe(last(false, 'SCX_EV_DISPATCH_KEEP_LAST'))
    })

    it('numbers CPUs as the root told the kernel to', () => {
      expect(vm.sched.cids).toEqual({
        cids: [
          { cid: 0, cpu: 1, shard: 0 },
          { cid: 1, cpu: 0, shard: 0 },
        ],
        shards: [{ shard: 0, firstCid: 0, cids: 2, node: 0 }],
      })
    })

    it('knows of what each is made', () => {
      const objects = vm.sched.objects
      expect(objects.map(({ name, isActive }) => [name, isActive]).toSorted()).toEqual([
        ['test_root', true],
        ['test_sub', true],
      ])
      for (const isRoot of [true, false]) {
        const object = objects.find(({ scheduler }) => scheduler === of(isRoot).address)
        expect(object?.name).toBe(of(isRoot).name)
        const members = isRoot ? ['init_cids', 'running', 'sub_attach', 'sub_detach'] : ['running']
        expect(object?.members.map(({ member }) => member).toSorted()).toEqual(members)
      }
    })

    it('says of queues whose they are', () => {
      const globals = vm.sched.queues.filter(({ kind }) => kind === 'global')
      expect(globals.map(({ owner }) => owner)).toEqual(['test_root', 'test_sub'])
      expect(globals[1]?.tasks.map(({ pid }) => pid)).toEqual([waits])
      expect(vm.sched.queues.filter(({ kind }) => kind === 'reject' || kind === 'rescue')).toHaveLength(4)
    })

    it('says why a task of the sub-scheduler waits, and lays no task of the root to it', () => {
      const { verdict, reasons, problems } = vm.why(waits)
      expect({ verdict, problems }).toEqual({ verdict: 'queued', problems: [] })
      const sentences = reasons.map(({ sentence }) => sentence)
      expect(sentences[0]).toMatch(/is first of 1 on DSQ global of node 0 of test_sub/)
      expect(sentences[1]).toMatch(
        /^test_sub is the scheduler of cgroup \/part and may queue tasks \(capability enq\) on no CPU at all/,
      )
      expect(sentences.join('\n')).not.toMatch(/dispatches others/)
      expect(sentences.join('\n')).toMatch(/ejects test_sub when the task has waited for 29 s/)
      expect(vm.sched.task(runs).schedExt?.scheduler).toBe(of(true).address)
      expect(vm.sched.task(waits).schedExt?.scheduler).toBe(of(false).address)
    })

    it('names what a link of several traced functions is attached to', () => {
      const link = vm.links.find(({ type }) => type === 'tracing_multi')
      expect(link?.target).toMatchObject({ kind: 'functions', count: 2 })
      const { functions } = JSON.parse(JSON.stringify(link?.target)) as { functions: { name: string }[] }
      // Behind the landing pad that calls through pointers need.
      expect(functions.map(({ name }) => name.replace(/\+0x4$/, '')).toSorted()).toEqual([
        'vfs_read',
        'vfs_write',
      ])
    })

    it('is put into one context and one story', () => {
      const [queue] = vm.context(waits).items.seen.filter(({ kind }) => kind === 'dsq')
      expect(queue).toMatchObject({ position: 0, queue: { owner: 'test_sub' } })
      const told = tellStory(vm)
        .sentences.filter(({ topic }) => topic === 'scheduler')
        .map(({ sentence }) => sentence)
        .join('\n')
      expect(told).toMatch(/test_root is loaded and schedules every ordinary task that is in no other/)
      expect(told).toMatch(/test_sub is loaded and schedules the tasks of cgroup \/part/)
    })
  },
)
