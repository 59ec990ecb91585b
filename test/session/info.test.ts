import { describe, expect, it } from 'vitest'
import { describeInfo, describeTarget } from '../../src/session/info.js'
import type { VcpuSource } from '../../src/session/vcpu.js'
import { writeLog, writeTasks } from '../support/kernel-objects.js'
import { sessionWith } from './support/sessions.js'

const registers = { rip: 0xffffffff84200010n, rsp: 0x1000n }
const vcpu = (index: number): VcpuSource => ({ index, registers, halted: false, privilege: 0 })

describe('what a target is', () => {
  it('is told with its kernel, memory, types and CPUs', () => {
    const { vm, guest } = sessionWith((made) => writeTasks(made, [{ pid: 1 }]), {
      vcpus: () => [vcpu(0), vcpu(1)],
      problems: ['the file is odd'],
      facts: { accelerator: 'tcg' },
    })
    const info = describeTarget(vm, performance.now() - 50)
    expect(info).toMatchObject({
      target: '@test',
      kind: 'guest',
      state: 'frozen',
      release: '6.99.0-test',
      machine: null,
      version: null,
      vcpus: 2,
      memoryBytes: guest.memory.bytes.length,
      memoryRanges: [{ start: '0x0', bytes: guest.memory.bytes.length }],
      symbols: { source: 'kallsyms in the guest', count: vm.kernel.symbols.count },
      types: { source: 'vmlinux BTF in the guest', count: vm.kernel.types.typeCount },
      panic: null,
      accelerator: 'tcg',
    })
    expect(info.cpus).not.toBeNull()
    expect(info.kernels).toHaveLength(1)
    expect(info.evidence.length).toBeGreaterThan(0)
    expect(info.problems[0]).toBe('the file is odd')
    expect(info.openMilliseconds).toBeGreaterThanOrEqual(50)
    expect(info.openMilliseconds).toBeLessThan(60_000)
    expect(Math.round(info.openMilliseconds * 10) / 10).toBe(info.openMilliseconds)
  })

  it('is a dump without a control, and says that its kernel panicked', () => {
    const { vm } = sessionWith(
      (guest) => {
        writeTasks(guest, [{ pid: 1 }])
        writeLog(guest, [{ text: 'Kernel panic - not syncing: x' }])
        guest.u32(guest.global('panic_cpu', 4), 0)
      },
      { control: undefined, name: 'vmcore' },
    )
    expect(describeTarget(vm, 0)).toMatchObject({
      target: 'vmcore',
      kind: 'dump',
      state: 'dump',
      panic: { cpu: 0, message: 'x' },
    })
  })

  it('has facts, and what could not be read of them among the problems', () => {
    const { vm } = sessionWith((guest) => {
      guest.u64(guest.global('saved_command_line', 8), 0xffff888123456000n)
    })
    const info = describeInfo(vm, performance.now())
    expect(info.facts.find(({ fact }) => fact === 'release')?.value).toBe('6.99.0-test')
    expect(info.facts.find(({ fact }) => fact === 'commandLine')?.value).toBeNull()
    expect(info.problems.join('\n')).toMatch(/commandLine: .*not present/)
  })

  it('says of a list of modules that breaks that it is not whole', () => {
    const { vm } = sessionWith((guest) => guest.u64(guest.global('modules', 16), 0xffff888123456000n))
    const { facts, problems } = describeInfo(vm, performance.now())
    const modules = facts.find(({ fact }) => fact === 'modules')
    expect(modules).toMatchObject({ value: [] })
    expect(modules?.how).toMatch(/^the list "modules", which could not be read whole: modules: list breaks/)
    expect(problems.join('\n')).toMatch(/^modules: .*list breaks after 0 entries/m)
  })
})
