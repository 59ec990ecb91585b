import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { bpftool } from './support/demo-guest.js'
import { buildOf, isBuilt, kernelOfSchedulers } from './support/kernel-schedulers.js'
import { compareReady, dumped, type Ready, whoIsReady } from './support/scheduler-dump.js'
import { type Seen, type ToolAnswers, toolAnswers, whatIsSeen } from './support/scheduler-truth.js'

/**
 * The schedulers of the kernel's own tools/sched_ext, one after the other: what bpftool says of each in the guest and what it
 * prints itself, before and after a stop, and what is read at that stop. Then tasks that never sleep wait for CPUs, the kernel is
 * asked who is ready (SysRq-D), and the guest is stopped each time it begins to tell of one.
 */
const all = [
  'scx_simple',
  'scx_cpu0',
  'scx_central',
  'scx_flatcg',
  'scx_pair',
  'scx_userland',
  'scx_sdt',
  'scx_qmap',
]
/** Of these, the ones that a person who mends something asks for. */
const wanted = process.env.CRYOSCOPE_SCHEDULERS
const names = wanted === undefined || wanted === 'all' ? all : wanted.split(',')
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-schedulers-'))

/** Seconds that the guest waits for the stop between the two looks. */
const pause = 15
/** Tasks that never sleep, more than CPUs: some always wait on a queue. */
const spinners = 6

const script = `
mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
mkdir -p /tmp
for port in /dev/virtio-ports/cryoscope.out /dev/vport*p*; do [ -e "$port" ] && device=$port; done
for name in /sys/class/virtio-ports/*/name; do
	[ "$(cat $name)" = cryoscope.out ] && port=\${name%/name} && device=/dev/\${port##*/}
done
# Where libbpf looks for the kernel's configuration; of it these programs ask for one thing.
mkdir -p /boot
{ ! grep -q rcu_preempt /proc/[0-9]*/comm || echo CONFIG_PREEMPT_RCU=y; } >/boot/config-$(uname -r)
say() { echo "== $1"; cat; echo; }
look() {
	bpftool map list | sed -n 's/^\\([0-9]*\\): \\(array\\|percpu_array\\|hash\\|array_of_maps\\) .*/map dump id \\1/p' >/tmp/commands
	printf 'map list\\nprog list\\nlink list\\n' | cat - /tmp/commands >/tmp/batch
	tail -n 40 /tmp/$1.out | say "$1 $2 output" >>/tmp/all
	bpftool -j batch file /tmp/batch 2>&1 | say "$1 $2 bpftool" >>/tmp/all
	tail -n 40 /tmp/$1.out | say "$1 $2 output-then" >>/tmp/all
}
trace=/sys/kernel/tracing
ask() {
	spinning=
	for n in $(seq ${spinners}); do (while :; do :; done) & spinning="$spinning $!"; done
	echo 1 >$trace/events/sched_ext/sched_ext_dump/enable
	: >$trace/trace
	echo "schedulers: asks $1"
	sleep 5
	echo D >/proc/sysrq-trigger
	echo 0 >$trace/events/sched_ext/sched_ext_dump/enable
	cat $trace/trace | say "$1 during dump" >>/tmp/all
	kill $spinning
	wait $spinning 2>/dev/null
}
for name in ${names.join(' ')}; do
	/schedulers/$name >/tmp/$name.out 2>&1 & pid=$!
	tries=0
	while [ "$(cat /sys/kernel/sched_ext/state)" != enabled ] && kill -0 $pid 2>/dev/null && [ $tries -lt 100 ]; do
		sleep 1
		tries=$((tries + 1))
	done
	if [ "$(cat /sys/kernel/sched_ext/state)" = enabled ]; then
		sleep 2
		look $name before
		echo "schedulers: look $name"
		sleep ${pause}
		look $name after
		[ "$(cat /sys/kernel/sched_ext/state)" != enabled ] || ask $name
	fi
	kill -INT $pid 2>/dev/null
	wait $pid
	cat /tmp/$name.out | say "$name end output" >>/tmp/all
	cat /tmp/all >$device
	: >/tmp/all
	tries=0
	while [ "$(cat /sys/kernel/sched_ext/state)" != disabled ] && [ $tries -lt 60 ]; do sleep 1; tries=$((tries + 1)); done
	echo "schedulers: done $name"
done
sleep 1000
`

const title = `the schedulers of the kernel's own tree on ${kernelOfSchedulers}`

// `npm run test:schedulers` asks for them: they take ten minutes.
describe.skipIf(!isBuilt || wanted === undefined)(
  isBuilt ? title : `${title}, which are not built: scripts/fetch-schedulers builds them`,
  () => {
    let vm: Session
    let answers: ToolAnswers
    const seen = new Map<string, Seen>()
    const ready = new Map<string, readonly (readonly Ready[])[]>()
    const queued = new Map<string, number>()

    beforeAll(async () => {
      writeFileSync(join(directory, 'script.sh'), script)
      vm = await boot({
        kernel: kernelOfSchedulers,
        cpus: 2,
        memoryBytes: 2 ** 30,
        run: [
          [bpftool, 'version'],
          // For the libraries that all of them need.
          [join(buildOf, 'scx_simple'), '-h'],
        ],
        files: [`${bpftool}:/usr/sbin/bpftool`, `${buildOf}:/schedulers`],
        script: join(directory, 'script.sh'),
        waitFor: /schedulers: (look|done) /,
        bootTimeoutMs: 500_000,
      })
      const said = () => vm.machine?.console.text() ?? ''
      for (const name of names) {
        const isLooking = new RegExp(`schedulers: look ${name}\\b`)
        const isDone = new RegExp(`schedulers: done ${name}\\b`)
        while (!isLooking.test(said()) && !isDone.test(said())) await rest(50)
        if (isLooking.test(said()) && !isDone.test(said())) {
          await vm.freeze()
          seen.set(name, whatIsSeen(vm, name))
          await vm.thaw()
        }
        const asks = new RegExp(`schedulers: asks ${name}\\b`)
        while (!asks.test(said()) && !isDone.test(said())) await rest(50)
        if (asks.test(said()) && !isDone.test(said())) {
          await vm.freeze()
          const stops: Ready[][] = []
          while (stops.length < spinners) {
            await vm.runUntil('scx_dump_task', { timeoutMs: 120_000 })
            stops.push(whoIsReady(vm))
          }
          ready.set(name, stops)
          await vm.thaw()
        }
        while (!isDone.test(said())) await rest(100)
      }
      answers = toolAnswers(readFileSync(vm.machine?.outbox ?? '', 'utf8'))
    }, 3_000_000)

    afterAll(async () => {
      await vm?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    it.each(names)('%s', (name) => {
      const found = seen.get(name)
      if (found === undefined) {
        // Which is no fault of ours; that the kernel says why is.
        const why = answers.refusal(name)
        expect(why, answers.output(name, 'end')).not.toBe('')
        console.warn(`kernel ${kernelOfSchedulers} refuses ${name}: ${why}`)
        return
      }
      answers.compare(name, found)
      const stops = ready.get(name)
      if (stops === undefined) {
        // On a machine that is too busy for the guest the kernel's watchdog ends schedulers.
        expect(answers.output(name, 'end')).toMatch(/EXIT: runnable task stall/)
        console.warn(`${name} was ended by the watchdog before the kernel could be asked who is ready`)
        return
      }
      const { onQueues, held, moving } = compareReady(stops, dumped(answers.dump(name)))
      expect(onQueues + held, `${name}: waiting tasks`).toBeGreaterThan(moving)
      queued.set(name, onQueues)
    })

    it.skipIf(names.length < all.length)('of these at least six run', () => {
      expect(seen.size).toBeGreaterThanOrEqual(6)
      // The others keep the tasks themselves.
      expect([...queued.values()].filter((tasks) => tasks > 0).length).toBeGreaterThanOrEqual(4)
    })
  },
)

function rest(milliseconds: number): Promise<void> {
  return new Promise((go) => setTimeout(go, milliseconds))
}
