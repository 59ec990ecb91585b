import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Report } from '../../src/report/report.js'
import { tellStory } from '../../src/report/story.js'
import type { Scheduler } from '../../src/sched/schedulers.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { cpuList } from '../../src/value/mask.js'
import { bpftool } from './support/demo-guest.js'

const kernel = '7.3'
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope/kernels')
const isCached = existsSync(join(cache, kernel))
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-schedulers-'))

const cgroups = { part: 0x1122334455667788n, rescued: 0x1122334455667799n } as const

/** Compiles one, and says where the object has the numbers that stand for the ids of cgroups (ops.h). */
function compile(name: 'root' | 'sub' | 'rescue'): string {
  const source = fileURLToPath(new URL(`schedulers/${name}.bpf.c`, import.meta.url))
  const object = join(directory, `${name}.o`)
  const flags = ['-O2', '-g', '--target=bpf', '-mcpu=v4', '-Wall', '-Werror']
  execFileSync(process.env.CLANG ?? 'clang-19', [...flags, '-c', source, '-o', object])
  const bytes = readFileSync(object)
  return Object.entries(cgroups)
    .flatMap(([cgroup, id]) => {
      const mark = Buffer.alloc(8)
      mark.writeBigUInt64LE(id)
      const at = bytes.indexOf(mark)
      return at < 0 ? [] : [`patch /tmp/${name}.o ${at} $(stat -c %i /sys/fs/cgroup/${cgroup})`]
    })
    .join('\n')
}

/** The kernel's ids of two functions: found here, for emulated guests take a minute to print their types. */
function tracedIds(): number[] {
  const vmlinux = join(directory, 'vmlinux')
  const extract = fileURLToPath(new URL('../../scripts/extract-vmlinux', import.meta.url))
  execFileSync(extract, [join(cache, kernel, 'vmlinuz'), vmlinux])
  const types = execFileSync(bpftool, ['btf', 'dump', 'file', vmlinux], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  rmSync(vmlinux)
  return [...types.matchAll(/^\[(\d+)\] FUNC 'vfs_(?:read|write)' /gm)].map(([, id]) => Number(id))
}

/**
 * A root; a sub-scheduler whose only task waits; another whose tasks the kernel rescues; a task of the root that runs. Then what
 * sysfs says of each, and what the kernel told them.
 */
const script = (patches: readonly string[], ids: readonly number[]): string => `
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
mkdir -p /sys/fs/cgroup/part /sys/fs/cgroup/rescued /tmp /sys/fs/bpf/root /sys/fs/bpf/sub /sys/fs/bpf/rescue
cp /schedulers/*.o /tmp/
byte() { printf "\\\\$(printf %03o $(($1 >> $2 & 255)))"; }
patch() { (for shift in 0 8 16 24 32 40 48 56; do byte $3 $shift; done) | dd of=$1 bs=1 seek=$2 conv=notrunc 2>/dev/null; }
${patches.join('\n')}
/schedulers/trace-multi ${ids.join(' ')} &
spin() { (while :; do :; done) & spinner=$!; [ -z "$1" ] || echo $spinner >/sys/fs/cgroup/$1/cgroup.procs; }
bpftool struct_ops register /tmp/root.o /sys/fs/bpf/root
spin; runs=$spinner
bpftool struct_ops register /tmp/rescue.o /sys/fs/bpf/rescue
spin rescued; rescued=$spinner
spin rescued; rescued=$rescued-$spinner
spin rescued; rescued=$rescued-$spinner
sleep 1
bpftool -j map dump name root.bss | sed 's/^/told root /'
bpftool -j map dump name rescue.bss | sed 's/^/told rescue /'
bpftool struct_ops register /tmp/sub.o /sys/fs/bpf/sub
spin part; waits=$spinner
sleep 4
grep -r '' /sys/kernel/sched_ext/root | sed 's/^/truth /'
echo "schedulers: $waits waits, $runs runs, $rescued rescued"
sleep 1000
`

describe.skipIf(!isCached)(
  `a root and two sub-schedulers on ${kernel}${isCached ? '' : `, which is not cached: scripts/fetch-kernel ${kernel} gets it`}`,
  () => {
    let vm: Session
    let said: string
    let waits = 0
    let runs = 0
    let rescued: number[] = []

    beforeAll(async () => {
      const tracer = fileURLToPath(new URL('schedulers/trace-multi.c', import.meta.url))
      execFileSync('cc', ['-O2', '-static', '-Wall', '-o', join(directory, 'trace-multi'), tracer])
      writeFileSync(
        join(directory, 'script.sh'),
        script([compile('root'), compile('sub'), compile('rescue')], tracedIds()),
      )
      vm = await boot({
        kernel,
        cpus: 2,
        memoryBytes: 2 ** 29,
        run: [[bpftool, 'version']],
        files: [`${bpftool}:/usr/sbin/bpftool`, `${directory}:/schedulers`],
        script: join(directory, 'script.sh'),
        waitFor: /schedulers: \d+ waits, .* rescued/,
        bootTimeoutMs: 500_000,
      })
      await vm.freeze()
      said = vm.machine?.console.text() ?? ''
      const [, first, second, rest] = /schedulers: (\d+) waits, (\d+) runs, ([\d-]+) rescued/.exec(said) ?? []
      waits = Number(first)
      runs = Number(second)
      rescued = (rest ?? '').split('-').map(Number)
    }, 600_000)

    afterAll(async () => {
      await vm?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    /** What sysfs says in a file of each scheduler, by the scheduler's name. */
    const sysfs = (scheduler: string, file: string): string[] => {
      const lines = said.split(/\r?\n/).flatMap((line) => {
        const match = /^truth \/sys\/kernel\/sched_ext\/root\/((?:sub\/[^/]+\/)?)(\w+):(.*)$/.exec(line)
        return match === null ? [] : [{ place: match[1], name: match[2], text: match[3] ?? '' }]
      })
      const of = lines.find(({ name, text }) => name === 'ops' && text === scheduler)?.place
      return lines.filter(({ place, name }) => place === of && name === file).map(({ text }) => text)
    }

    /** What the kernel told a scheduler, which keeps it in a variable. */
    const told = <T>(object: string, variable: string): T => {
      const line = said.split(/\r?\n/).find((each) => each.startsWith(`told ${object} `)) ?? ''
      const [entry] = JSON.parse(line.replace(/^told \w+ /, '')) as [
        { formatted: { value: Record<string, Record<string, unknown>[]> } },
      ]
      const [section = []] = Object.values(entry.formatted.value)
      return section.find((each) => variable in each)?.[variable] as T
    }

    const of = (name: string): Scheduler => {
      const found = vm.sched.schedulers.find((one) => one.name === name)
      if (found === undefined) throw new Error(`${name} was not found:\n${said}`)
      return found
    }

    const all = ['test_root', 'test_sub', 'test_rescue']

    it.each(all)('has the names and capabilities that sysfs has of %s', (name) => {
      const scheduler = of(name)
      const isRoot = name === 'test_root'
      expect([name]).toEqual(sysfs(name, 'ops'))
      expect(scheduler).toMatchObject({ form: 'cid', isRoot, timeoutMs: isRoot ? 25_000 : 29_000 })
      expect(scheduler.watchdogMs).toBe(scheduler.timeoutMs)
      const granted = scheduler.caps?.map((cap) => `${cap.name}: ${cpuList(cap.cids)}`.trim())
      expect(granted).toEqual(sysfs(name, 'caps').map((line) => line.trim()))
      expect(granted?.length).toBeGreaterThan(3)
    })

    it('knows what is in force on which CPU, as the kernel told the scheduler', () => {
      expect(of('test_root').ecaps).toBeUndefined()
      const { caps, ecaps } = of('test_rescue')
      expect(caps?.filter(({ cids }) => cids.length > 0)).toEqual([{ name: 'preempt', cids: [1] }])
      // Who may preempt may queue. cid 1 is CPU 0.
      expect(ecaps?.map(({ name, cpus }) => [name, ...cpus])).toEqual([
        ['enq_immed', 0],
        ['enq', 0],
        ['preempt', 0],
        ['perf'],
      ])
      const words = told<number[]>('rescue', 'ecaps')
      for (const [cap, { cpus }] of (ecaps ?? []).entries())
        for (const { cid, cpu } of vm.sched.cids?.cids ?? [])
          expect((Number(words[cid]) >> cap) & 1, `${cap} on cid ${cid}`).toBe(cpus.includes(cpu) ? 1 : 0)
    })

    it('counts the events of each, which only grow', () => {
      for (const name of all) {
        const { address } = of(name)
        const counters = vm.sched.events.find(({ scheduler }) => scheduler === address)?.counters ?? []
        const expected = sysfs(name, 'events').map((line) => line.split(' '))
        expect(counters.map((counter) => counter.name)).toEqual(expected.map(([event]) => event))
        for (const [i, [event, value]] of expected.entries())
          expect(Number(counters[i]?.total), event).toBeGreaterThanOrEqual(Number(value))
        const rescues = counters.find((counter) => counter.name === 'SCX_EV_SUB_RESCUE')?.total
        expect(rescues === 0n, `${name} ${rescues}`).toBe(name !== 'test_rescue')
      }
    })

    it('numbers CPUs as the root told the kernel to', () => {
      const cids = vm.sched.cids
      expect(cids?.cids.map(({ cid, cpu, shard }) => ({ cid, cpu, shard }))).toEqual([
        { cid: 0, cpu: 1, shard: 0 },
        { cid: 1, cpu: 0, shard: 0 },
      ])
      expect(cids?.shards).toEqual([{ shard: 0, firstCid: 0, cids: 2, node: 0 }])
      const topology = told<Record<string, number>[]>('root', 'told')
      const known = (index: number | undefined) => (index === undefined || index < 0 ? undefined : index)
      for (const { cid, core, llc, node, shard } of cids?.cids ?? []) {
        const { core_idx, llc_idx, node_idx, shard_idx } = topology[cid] ?? {}
        expect({ core, llc, node, shard }).toEqual({
          core: known(core_idx),
          llc: known(llc_idx),
          node: known(node_idx),
          shard: known(shard_idx),
        })
      }
    })

    it('knows of what each is made', () => {
      const objects = vm.sched.objects
      expect(objects.map(({ name, isActive }) => [name, isActive]).toSorted()).toEqual(
        all.map((name) => [name, true]).toSorted(),
      )
      const members: Record<string, string[]> = {
        test_root: ['init_cids', 'running', 'sub_attach', 'sub_detach'],
        test_sub: ['running'],
        test_rescue: ['enqueue', 'sub_ecaps_updated'],
      }
      for (const name of all) {
        const object = objects.find(({ scheduler }) => scheduler === of(name).address)
        expect(object?.name).toBe(name)
        expect(object?.members.map(({ member }) => member).toSorted()).toEqual(members[name])
      }
    })

    it('says of queues whose they are, in tables too', () => {
      const globals = vm.sched.queues.filter(({ kind }) => kind === 'global')
      expect(globals.map(({ owner }) => owner).toSorted()).toEqual(all.toSorted())
      const own = globals.find(({ owner }) => owner === 'test_sub')
      expect(own?.name).toBe('global of node 0 of test_sub')
      expect(own?.tasks.map(({ pid }) => pid)).toEqual([waits])
      expect(vm.sched.queue(own?.id ?? 0n, 'test_sub')?.address).toBe(own?.address)
      expect(() => vm.sched.queue(own?.id ?? 0n)).toThrow(
        /3 queues have the id .*'global of node 0 of test_sub'/,
      )
      expect(vm.sched.queues.filter(({ kind }) => kind === 'reject' || kind === 'rescue')).toHaveLength(4)
      const names = vm.sched.queues.map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      using report = Report.take(vm)
      const [text, page] = [report.text(), report.html()].map((lines) => [...lines].join('\n'))
      for (const form of [text, page]) {
        expect(form).toContain('global of node 0 of test_sub')
        expect(form).toMatch(/enq_immed: CPUs 0; enq: CPUs 0; preempt: CPUs 0; perf: none/)
        expect(form).toMatch(/SCX_EV_SUB_RESCUE of test_rescue/)
        expect(form).toMatch(/0 is CPU 1.*, 1 is CPU 0/)
      }
    })

    it('shows whom the kernel rescues, one at a time', () => {
      const rescues = vm.sched.queues.find(({ name }) => name === 'rescue of CPU 1')
      const { schedExt } = vm.sched.runqueues.find(({ cpu }) => cpu === 1) ?? {}
      const waiting = rescues?.tasks.map(({ pid }) => pid) ?? []
      expect(waiting.length).toBe(rescues?.depth)
      expect(waiting.length).toBeGreaterThanOrEqual(2)
      const { task } = schedExt?.rescue ?? {}
      expect([...waiting, ...(task === undefined ? [] : [task.pid])].toSorted()).toEqual(
        task === undefined && waiting.length < 3 ? expect.anything() : rescued.toSorted(),
      )
      const { verdict, reasons } = vm.why(waiting[0] ?? 0)
      const sentences = reasons.map(({ sentence }) => sentence).join('\n')
      expect(verdict).toBe('queued')
      expect(sentences).toMatch(
        /test_rescue may not queue tasks on CPU 1 and asked for rescue \(SCX_ENQ_RESCUE\): the kernel runs such tasks itself/,
      )
      expect(sentences).not.toMatch(/none of the CPUs that this task may use was granted/)
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
      expect(sentences.join('\n')).toMatch(
        /ejects test_sub when the task has waited for 29 s|the watchdog allows \(29 s\): it ejects test_sub/,
      )
      expect(vm.sched.task(runs).schedExt?.scheduler).toBe(of('test_root').address)
      expect(vm.sched.task(waits).schedExt?.scheduler).toBe(of('test_sub').address)
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

    it('names what a program around a function is attached to', () => {
      const program = vm.progs.find(({ name }) => name === 'traces_session')
      const link = vm.links.find(({ programId }) => programId === program?.id)
      expect(program?.type).toBe('tracing')
      expect(link).toMatchObject({ type: 'tracing', attachType: 'trace_fsession' })
      expect(JSON.stringify(link?.target)).toContain('vfs_read')
      expect(vm.links.find(({ type }) => type === 'tracing_multi')?.attachType).toBe('trace_fentry_multi')
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
