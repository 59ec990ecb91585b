import { describe, expect, it } from 'vitest'
import { fromNote, kernelBeside, registerSources } from '../../src/session/register-sources.js'
import { sessionWith } from './support/sessions.js'

describe('registers of a note', () => {
  it('of x86-64 say by cs whether it was user code', () => {
    const registers = { rip: 1n, cs: 0x33n, orig_rax: 5n, kernel_gs_base: 7n }
    expect(fromNote({ registers, pid: 9 } as never, 4)).toEqual({
      index: 4,
      registers: { rip: 1n, cs: 0x33n, k_gs_base: 7n },
      halted: undefined,
      privilege: 3,
      pid: 9,
      tables: undefined,
    })
    expect(fromNote({ registers: { rip: 1n, cs: 0x10n } } as never, 0).privilege).toBe(0)
    expect(fromNote({ registers: { rip: 1n } } as never, 0).privilege).toBe(0)
  })

  it('of arm64 say it by the exception level', () => {
    const privilege = (pstate: bigint) => fromNote({ registers: { pc: 1n, pstate }, pid: 9 } as never, 2)
    expect(privilege(0x60000000n)).toEqual({
      index: 2,
      registers: { pc: 1n, pstate: 0x60000000n },
      halted: undefined,
      privilege: 3,
      pid: 9,
    })
    for (const level of [0x4n, 0x5n, 0x8n, 0x9n]) expect(privilege(level).privilege).toBe(0)
  })
})

describe('registers of a target', () => {
  const sources = [{ index: 0, registers: { rip: 1n }, halted: false, privilege: 0 }]

  it('are as they are, unless the kernel is one that crashed', () => {
    const { kernel } = sessionWith().vm
    expect(registerSources(sources, kernel, [{ kernel, role: 'running' }])).toBe(sources)
    expect(registerSources([], kernel, [{ kernel, role: 'crashed' }])).toEqual([])
    // Where nothing can be told of them they stay.
    expect(registerSources(sources, kernel, [{ kernel, role: 'crashed' }])).toEqual(sources)
  })

  it('are held against the capture kernel where one crashed, and against that one in it', () => {
    const { kernel } = sessionWith().vm
    const other = sessionWith().vm.kernel
    const both = [
      { kernel, role: 'crashed' },
      { kernel: other, role: 'capture' },
    ] as const
    expect(kernelBeside(kernel, both)).toEqual({ kernel: other, hasReplaced: true })
    expect(kernelBeside(other, both)).toEqual({ kernel, hasReplaced: false })
    expect(kernelBeside(kernel, [{ kernel, role: undefined }])).toBe(undefined)
    expect(
      kernelBeside(kernel, [
        { kernel, role: 'running' },
        { kernel: other, role: 'left' },
      ]),
    ).toBe(undefined)
  })
})

describe('a vCPU of a session', () => {
  const vcpus = () => [{ index: 3, registers: { rip: 1n }, halted: false, privilege: 0 }]

  it('is stepped by its number, where something runs', async () => {
    const { vm, control } = sessionWith(() => undefined, { vcpus })
    await vm.vcpus[0]?.step(5)
    await vm.vcpus[0]?.step()
    expect(control.calls).toEqual([
      ['step', 3, 5],
      ['step', 3, 1],
    ])
    const dump = sessionWith(() => undefined, { vcpus, control: undefined }).vm
    await expect(dump.vcpus[0]?.step()).rejects.toThrow('a dump does not run; step needs a guest')
  })
})
