import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatLog } from '../../src/kernel/dmesg.js'
import { currentTask } from '../../src/kernel/tasks.js'
import { commandLine } from '../../src/machine/host-process.js'
import { connectToMonitors } from '../../src/machine/monitors.js'
import { Problems } from '../../src/problems.js'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { cryoscope } from '../fuse/support.js'
import { type CapturedGuest, captureCrash } from './support/capture-kernel.js'

/** More of them with `npm run test:capture`: half a minute each. */
const all = process.env.CRYOSCOPE_CAPTURE === 'all'

const sysrq = { kernel: '6.18', panic: 'echo c >/proc/sysrq-trigger' }
const nmi = {
  kernel: '7.0',
  panic: 'echo 1 >/proc/sys/kernel/unknown_nmi_panic; echo "capture: waits for an NMI"',
  trigger: injectNmi,
}

const arm64 = { ...sysrq, arch: 'arm64' as const }

async function injectNmi(session: Session): Promise<void> {
  const words = commandLine(session.machine?.qemuPid ?? 0).join(' ')
  const monitors = [...words.matchAll(/path=(\S*?qmp\.\d+),/g)].map(([, path]) => path ?? '')
  while (!session.machine?.console.text().includes('waits for an NMI')) {
    await new Promise((go) => setTimeout(go, 100))
  }
  const qmp = await connectToMonitors(monitors)
  try {
    await qmp.execute('inject-nmi')
  } finally {
    qmp.close()
  }
}

describe.each([
  ['that was told to crash', sysrq] as const,
  ...(all ? [['that an NMI made panic', nmi] as const, ['of arm64', arm64] as const] : []),
])('a kernel %s with CPU 1 offline', (_how, options) => {
  let guest: CapturedGuest
  let vm: Session
  /** What the crashed kernel said. In an NMI that comes to its log, and not to the console any more. */
  let said: string

  beforeAll(async () => {
    // With level 8 in -d Debian's makedumpfile leaves out slabs of this kernel, tasks among them; on arm64 it does not know
    // virtual addresses of 52 bits.
    const saves =
      'arch' in options
        ? { save: 'cat /proc/vmcore' }
        : { save: 'makedumpfile -F -c -d 17 /proc/vmcore', program: 'makedumpfile' }
    guest = await captureCrash({ ...options, ...saves, cpus: 4, offline: [1] })
    vm = guest.session
    await vm.freeze()
    said = `${guest.printed}${formatLog(vm.dmesg)}`
  })
  afterAll(async () => {
    await guest?.close()
  })

  /** Where it panicked, as it printed. */
  const panicked = (): { cpu: number; pid: number } => {
    const [, cpu, pid] = /CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm/.exec(said) ?? []
    expect(said).toContain('Kernel panic - not syncing')
    return { cpu: Number(cpu), pid: Number(pid) }
  }

  /** As the kernel has it: those that a crash stops on arm64 leave (ipi_cpu_crash_stop, arch/arm64/kernel/smp.c). */
  const online = (): boolean[] =>
    [0, 1, 2, 3].map((cpu) => ('arch' in options ? cpu === panicked().cpu : cpu !== 1))

  /**
   * Each runs the task that spun on it or what panicked there, by what the kernel said itself; else one that the kernel's own
   * structure has on that CPU, for threads of the kernel come in between.
   */
  const expectOwnTasks = (session: Session, online: readonly number[]): void => {
    const { cpu, pid } = panicked()
    const of = new Map([...guest.spinners, [cpu, pid] as const].map(([each, task]) => [task, each]))
    expect(session.vcpus.map((vcpu) => vcpu.cpu).filter((each) => each !== 1)).toEqual(online)
    let known = 0
    for (const each of online) {
      const task = currentTask(session.kernel, each, new Problems())
      expect(task.cpu).toBe(each)
      if (!of.has(task.pid)) continue
      known++
      expect([task.pid, of.get(task.pid)]).toEqual([task.pid, each])
    }
    expect(known).toBeGreaterThan(1)
  }

  const runs = (session: Session) =>
    new Map(session.vcpus.map(({ cpu = -1 }) => [cpu, currentTask(session.kernel, cpu, new Problems()).pid]))

  it('is told apart from its capture kernel while that runs', async () => {
    expect(vm.kernels.map(({ role }) => role)).toEqual(['crashed', 'capture'])
    const [, capture] = vm.kernels
    expect(capture?.kernel.info.kernelOffset).not.toBe(vm.kernel.info.kernelOffset)
    // CPU 1 rests where it went offline, and its vCPU has registers of it.
    expectOwnTasks(vm, [0, 2, 3])
    expect(runs(vm).get(1)).toBe(0)
    expect(vm.cpus.map(({ online }) => online)).toEqual(online())
    expect(vm.cpuProblems).toEqual([])
    const { cpu } = panicked()
    const own = vm.vcpus.find((vcpu) => vcpu.cpu === cpu)
    // Its processor runs the capture kernel: these registers are what the kernel kept.
    expect(own).toMatchObject({ index: cpu, where: expect.stringContaining('crash_kexec') })
    expect(own?.identity?.evidence.at(-1)).toBe('its processor runs the capture kernel by now')
    const name = vm.target.name
    const other = await cryoscope('vcpus', name, '--kernel-at', 'capture', '--json')
    expect(other.stderr).toContain('two kernels are in this memory')
    const listed = JSON.parse(other.stdout) as { index: number | null; cpu: number; problem: string | null }[]
    expect(listed.filter(({ index }) => index !== null).map((each) => each.cpu)).toEqual(
      [0, 1, 2, 3].map((index) => (index === cpu ? 0 : null)),
    )
    const none = await cryoscope('info', name, '--kernel-at', '0x1000')
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('there is the crashed kernel') })
  })

  it.each(['elf', 'kdump'] as const)(
    'is told apart in the %s that QEMU writes of that moment',
    async (format) => {
      const file = join(guest.directory, `during.${format}`)
      await vm.machine?.dump(file, format)
      const dump = openDump(file)
      expect(dump.kernels.map(({ role }) => role)).toEqual(['crashed', 'capture'])
      expect(runs(dump)).toEqual(runs(vm))
      await dump.close()
      const capture = openDump(file, { kernelAt: 'capture' })
      expect(capture.kernel.info.physical).toBe(vm.kernels[1]?.kernel.noteAt)
      expect(capture.tasks.map(({ name }) => name)).toContain('capturing')
      expect(capture.vcpus.filter((vcpu) => vcpu.cpu !== undefined)).toMatchObject([
        { index: panicked().cpu, cpu: 0 },
      ])
      await capture.close()
      rmSync(file)
    },
  )

  it('has its registers at their CPUs in what the capture kernel saves', async () => {
    await vm.thaw()
    const file = join(guest.directory, 'vmcore')
    copyFileSync(await guest.saved(), file)
    const dump = openDump(file)
    expect(dump.kernels).toHaveLength(1)
    expect(dump.vcpus.map(({ index }) => index)).toEqual([0, 1, 2])
    expectOwnTasks(dump, [0, 2, 3])
    for (const { cpu, identity } of dump.vcpus) {
      expect(identity?.evidence).toEqual([`it is the note that the kernel kept of CPU ${cpu}`])
    }
    expect(dump.cpus.map((each) => each.online)).toEqual(online())
    expect(dump.cpus.map(({ vcpu }) => vcpu?.index)).toEqual([0, undefined, 1, 2])
    expect(dump.cpuProblems).toEqual([])
    const { cpu, pid } = panicked()
    expect(dump.panic).toMatchObject({ cpu, task: { pid } })
    expect(dump.vcpus.find((vcpu) => vcpu.cpu === cpu)?.where).toContain('crash_kexec')
    // Its stack leads out of the function that kept the registers, to user space, as the panic printed it.
    if (!said.includes('<NMI>')) {
      const isArm64 = 'arch' in options
      const [begin, end] = isArm64 ? ['Call trace:', 'SMP: stopping'] : ['<TASK>', 'RIP: 0033:0x']
      const [, trace = ''] = said.split(`${begin}\n`)
      const lines = [
        ...(trace.split(end)[0] ?? '').matchAll(/^\[ *[\d.]+\] {1,2}([\w.]+\+0x[0-9a-f]+)\/0x/gm),
      ].map(([, symbol]) => symbol)
      const { stack } = dump.vcpus.find((vcpu) => vcpu.cpu === cpu) ?? {}
      const symbols = stack?.frames.map(({ symbol }) => symbol) ?? []
      // Of what calls panic, which does not return, arm64 prints where it would return to.
      const first = isArm64 ? 'sysrq_handle_crash+' : 'panic+'
      const from = (list: readonly (string | undefined)[]) =>
        list.slice(list.findIndex((symbol) => symbol?.startsWith(first)))
      expect(lines.length).toBeGreaterThan(6)
      expect(from(symbols)).toEqual(from(lines))
      expect(stack).toMatchObject({ method: isArm64 ? 'frame-records' : 'orc', problem: undefined })
      const [, user] = /RIP: 0033:0x([0-9a-f]+)/.exec(said) ?? []
      if (isArm64) expect(stack?.userAddress).toBeLessThan(2n ** 48n)
      else expect(stack?.userAddress).toBe(BigInt(`0x${user}`))
    }
    // A task that spun in user space is said to be there, and where CPU 1's idle task is nobody knows.
    for (const [each, spinner] of guest.spinners) {
      if (each === cpu || runs(dump).get(each) !== spinner) continue
      const { rip = 0n } = dump.vcpus.find((vcpu) => vcpu.cpu === each)?.registers ?? {}
      if (rip < 2n ** 63n) expect(() => dump.stack(spinner)).toThrow(`runs in user space on CPU ${each}`)
      // Stopped in an interrupt, it goes back there.
      else expect(dump.stack(spinner).userAddress).toBeLessThan(2n ** 63n)
    }
    await dump.close()
    const { stdout } = await cryoscope('vcpus', file)
    expect(stdout).toContain('vCPU 1 (CPU 2)')
    expect(stdout).toContain('CPU 1: offline, no registers')
  })
})
