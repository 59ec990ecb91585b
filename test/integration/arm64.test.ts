import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knownKernels } from '../../src/machine/kernels.js'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { cryoscope } from '../fuse/support.js'
import { missingForArm64 } from './support/arm64.js'
import { basicComparisons } from './support/compare.js'
import { type DemoGuest, frozenDemo } from './support/demo-guest.js'

/** The scheduler and the maps of the demo; what the usual start does besides needs programs built for arm64. */
const load = `
pins=/sys/fs/bpf
echo 0 >/proc/sys/kernel/kptr_restrict
echo '# empty packet' >/tmp/packet
bpftool struct_ops register /demo/scx_demo.o $pins/scx
bpftool prog loadall /demo/gallery.o $pins/gallery pinmaps $pins/gallery_maps
bpftool prog run pinned $pins/gallery/gallery_fill data_in /tmp/packet data_out /dev/null
cat /sys/kernel/sched_ext/state`

/** The part of the ground truth that is compared here; the rest takes emulated CPUs long. */
const write = `
set -e
sh /demo/control.sh pause
sleep 1
mkdir -p /tmp/gt/map /tmp/gt/btf.d
cd /tmp/gt
cp /sys/kernel/btf/vmlinux btf
for module in /sys/kernel/btf/*; do [ "\${module##*/}" = vmlinux ] || cp "$module" btf.d/; done
cat /proc/kallsyms >kallsyms
cat /proc/1/stack >stack
bpftool -j map list >maps.json
bpftool -j prog list >progs.json
for id in $(bpftool map list | sed -n 's/^\\([0-9]*\\): [a-z_]*\\(array\\|hash\\)  .*/\\1/p'); do
  bpftool -j map dump id $id >map/$id.json 2>/dev/null || true
done
grep -l '(unsupported-kind' map/*.json | while read -r file; do sed -i 's/,"formatted":.*/}]/' "$file"; done
tar -c . >/dev/virtio-ports/cryoscope.out
echo 'cryoscope: ground truth written'`

const missing = missingForArm64()
if (missing !== undefined) console.warn(`skipped: ${missing}; run scripts/setup`)

describe.skipIf(missing !== undefined)('an arm64 guest', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-arm64-'))
  let guest: DemoGuest
  let vm: Session

  beforeAll(async () => {
    guest = await frozenDemo(
      { kernel: knownKernels().default, arch: 'arm64', memoryBytes: 320 * 2 ** 20 },
      { load, write },
    )
    vm = guest.session
  })
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  it.each(basicComparisons)('%s', (_, compare) => compare(guest))

  it('unwinds the stack of init as /proc/1/stack shows it', () => {
    const shown = guest.truth.text('stack').trim().split('\n')
    const expected = shown.map((line) => /^\[<0>\] (\S+)\/0x/.exec(line)?.[1])
    expect(expected.length).toBeGreaterThan(3)
    const { method, frames, problem } = vm.sched.stack(1)
    expect({ method, problem }).toEqual({ method: 'frame-records', problem: undefined })
    // The kernel leaves out the scheduler's own functions, which are the innermost.
    expect(frames.map(({ symbol }) => symbol).slice(-expected.length)).toEqual(expected)
  })

  it('shows the machine code of programs as its own instructions', async () => {
    const { stdout, code } = await cryoscope('prog', vm.target.name, 'demo_enqueue', '--jited')
    expect(code).toBe(0)
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^bpf_prog_\w+_demo_enqueue at 0xffff[0-9a-f]{12}, \d+ bytes:$/)
    const instructions = lines.filter((line) => /^ +[0-9a-f]+: [a-z]/.test(line))
    expect(instructions.filter((line) => /: stp +x29, x30, /.test(line)).length).toBeGreaterThan(0)
    expect(instructions.filter((line) => /: ret$/.test(line)).length).toBeGreaterThan(0)
    // A call leads to a function of the kernel by its name, or through a register.
    expect(instructions.some((line) => /: (bl|blr) /.test(line))).toBe(true)
  })

  it('schedules by the scheduler that was written for any machine', () => {
    expect(vm.sched.snapshot()).toMatchObject({ state: 'enabled', problems: [] })
    expect(vm.tasks.find(({ pid }) => pid === 1)?.comm).toBe('init')
    expect([...vm.allocators].length).toBeGreaterThan(0)
  })

  it('shows the same maps, registers and tasks from its dumps', async () => {
    const expected = mapsOf(vm)
    expect(expected.length).toBeGreaterThan(40)
    for (const format of ['elf', 'kdump'] as const) {
      const file = join(directory, format)
      await vm.dump(file, format)
      await using dump = openDump(file)
      expect(dump.problems).toEqual([])
      expect(mapsOf(dump)).toEqual(expected)
      expect(dump.tasks.map(({ pid, comm }) => [pid, comm])).toEqual(
        vm.tasks.map(({ pid, comm }) => [pid, comm]),
      )
      if (format === 'elf') {
        expect(dump.vcpus.map(({ where, rip, privilege }) => [where, rip, privilege])).toEqual(
          vm.vcpus.map(({ where, rip, privilege }) => [where, rip, privilege]),
        )
      }
      rmSync(file)
    }
  })

  // It runs from here on: what was compared is no more.
  it('runs, steps and stops where it is told to', async () => {
    await vm.advance({ ms: 20 })
    const before = vm.vcpus.map(({ rip }) => rip)
    const stop = await vm.runUntil('schedule', { timeoutMs: 60_000 })
    expect(stop.reason).toBe('breakpoint')
    const vcpu = vm.vcpus[stop.cpu ?? 0]
    expect(vcpu?.where).toBe('schedule')
    expect(vcpu?.registers).toMatchObject({ pc: vcpu?.rip })
    await vcpu?.step()
    expect(vm.vcpus[stop.cpu ?? 0]?.rip).toBe((vcpu?.rip ?? 0n) + 4n)
    expect(before).toHaveLength(2)
  })
})

function mapsOf(vm: Session): unknown[] {
  return vm.maps.map((map) => [map.id, map.name, map.type, map.info.address, [...map.json()]])
}
