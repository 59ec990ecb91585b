import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../src/session/guest.js'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import type { StructValue } from '../../src/value/types.js'

/** Control and looking together: what is read must follow what the guest did. */
describe('a session on a guest that runs and stops', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-session-'))
  let vm: Session

  beforeAll(async () => {
    const script = join(directory, 'busy.sh')
    writeFileSync(
      script,
      'while :; do cat /proc/uptime >/dev/null; done &\nwhile :; do :; done &\n(while :; do head -c 4096 /proc/kallsyms >/dev/null; sleep 0.05; done) &\n(while :; do echo "panic=$(cat /proc/sys/kernel/panic) name=$(hostname)"; sleep 0.05; done) &\necho busy\n',
    )
    vm = await boot({ kernel: '7.0', memoryBytes: 2 ** 28, script, waitFor: /^busy$/m })
  })

  afterAll(async () => {
    await vm?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const jiffies = (): bigint => vm.variable('jiffies_64') as bigint

  it('reads the same twice while it is frozen, and something else after it ran', async () => {
    await vm.freeze()
    const before = jiffies()
    expect(jiffies()).toBe(before)
    await vm.advance({ ms: 100 })
    const ran = Number(jiffies() - before)
    // 250 ticks a second.
    expect(ran).toBeGreaterThanOrEqual(20)
    expect(ran).toBeLessThan(100)
  })

  it('runs until a symbol is reached', async () => {
    const stop = await vm.runUntil('schedule', { timeoutMs: 20_000 })
    expect(stop.reason).toBe('breakpoint')
    expect(vm.vcpus[stop.cpu ?? -1]?.where).toBe('schedule')
    const again = await vm.runUntil('schedule', { timeoutMs: 20_000 })
    expect(vm.vcpus[again.cpu ?? -1]?.where).toBe('schedule')
  })

  it('runs until whichever function of a name is reached, and asks where one is needed', async () => {
    // vmlinux has several of that name; reading /proc/kallsyms calls the one of kernel/kallsyms.c.
    expect(() => vm.symbol('s_next')).toThrow(/^[2-9] symbols are called s_next; give the address of one: 0x/)
    const stop = await vm.runUntil('s_next', { timeoutMs: 60_000 })
    expect(stop.reason).toBe('breakpoint')
    const vcpu = vm.vcpus[stop.cpu ?? -1]
    expect(vcpu?.where).toBe('s_next')
    expect(vcpu?.task?.comm).toBe('head')
    expect(vcpu?.stack?.frames.map(({ symbol }) => symbol).join(' ')).toMatch(/seq_read/)
  })

  it('runs until memory is written, and shows what was written', async () => {
    const before = jiffies()
    const stop = await vm.runUntil({ write: 'jiffies_64' }, { timeoutMs: 20_000 })
    expect(stop.reason).toBe('watchpoint')
    // One write may make up for several ticks.
    expect(jiffies()).toBeGreaterThan(before)
  })

  it('runs until a member of a value is written', async () => {
    const [rq] = vm.variable('runqueues') as StructValue[]
    const before = rq?.nr_switches as bigint
    const member = rq?.$member('nr_switches')
    const stop = await vm.runUntil({ write: member as unknown as bigint }, { timeoutMs: 20_000 })
    expect(stop.reason).toBe('watchpoint')
    expect((vm.variable('runqueues') as StructValue[])[0]?.nr_switches).toBe(before + 1n)
  })

  it('steps one vCPU by the instruction while the other stands still', async () => {
    const before = vm.vcpus.map(({ rip }) => rip)
    const cpu = vm.vcpus.findIndex(({ halted }) => halted === false)
    await vm.step(cpu)
    const after = vm.vcpus.map(({ rip }) => rip)
    const length = Number((after[cpu] ?? 0n) - (before[cpu] ?? 0n))
    expect(length).not.toBe(0)
    expect(after.filter((_, i) => i !== cpu)).toEqual(before.filter((_, i) => i !== cpu))
  })

  it('knows what each vCPU runs', async () => {
    // In the middle of a switch the scheduler's word and the CPU's own differ, as they should.
    const switching = (): boolean => vm.sched.runqueues.some(({ changing }) => changing)
    do await vm.advance({ ms: 5 })
    while (switching())
    for (const vcpu of vm.vcpus) {
      const { task } = vcpu
      const rq = vm.variable('runqueues', vcpu.cpu) as StructValue
      expect(task?.address).toBe(rq.curr.$value)
      expect(task?.isRunning).toBe(true)
    }
  })

  it('writes memory that the guest then sees, and takes it back', async () => {
    expect(() => vm.write('panic_timeout', 5)).toThrow('the type of panic_timeout is not known')
    const write = vm.write('panic_timeout', 4711, 'int')
    expect(write).toMatchObject({ before: -1, after: 4711, type: 'int' })
    const names = vm.variable('init_uts_ns') as StructValue
    vm.write(names.name, { nodename: 'frozen' })
    expect(vm.written.map(({ place }) => place)).toEqual([
      'panic_timeout',
      `0x${names.name.$address.toString(16)}`,
    ])
    expect(names.name.release).toBe(vm.kernel.release)
    await vm.thaw()
    expect(() => vm.write('panic_timeout', 1, 'int')).toThrow('freeze it first')
    await vm.machine?.console.waitFor('panic=4711 name=frozen', { signal: AbortSignal.timeout(20_000) })
    await vm.freeze()
    expect(vm.undo().place).toMatch(/^0x/)
    expect(vm.undo().place).toBe('panic_timeout')
    expect(() => vm.undo()).toThrow('nothing was written')
    const seen = vm.machine?.console.text().length ?? 0
    await vm.advance({ ms: 1000 })
    expect(vm.machine?.console.text().slice(seen)).toMatch(/^panic=-1 name=cryoscope$/m)
  })

  it('says the same in a dump', async () => {
    const file = join(directory, 'vmcore')
    await vm.dump(file)
    await using dump = openDump(file)
    expect(dump.vcpus.map((vcpu) => [vcpu.rip, vcpu.task?.pid])).toEqual(
      vm.vcpus.map((vcpu) => [vcpu.rip, vcpu.task?.pid]),
    )
    expect(dump.variable('jiffies_64')).toBe(jiffies())
    expect(dump.tasks).toEqual(vm.tasks)
    expect(() => dump.write('panic_timeout', 1, 'int')).toThrow('is a dump')
    await expect(dump.advance({ ms: 1 })).rejects.toThrow('is a dump and does not run')
  })
})
