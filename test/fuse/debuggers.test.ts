import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import type { Session } from '../../src/session/session.js'
import { type Mount, mount } from '../../src/ui/fuse/mount.js'
import { sharedDemo } from '../integration/support/demo-guest.js'
import { cryoscope, isInstalled, output, run, said, scratch, whyNoFuse } from './support.js'

const reason = await whyNoFuse()

type Core = 'made by a mount' | 'written as ELF' | 'written as kdump'
const cores: readonly Core[] = ['made by a mount', 'written as ELF', 'written as kdump']
// gdb reads ELF alone.
const elfCores = cores.filter((core) => core !== 'written as kdump')

describe('a core of a frozen guest', () => {
  const place = scratch()
  let guest: Session
  let mounted: Mount | undefined
  const files = new Map<Core, string>()

  beforeAll(async () => {
    guest = (await sharedDemo('6.18')).session
    if (!said(reason)) {
      const directory = join(place.path, 'mount')
      mkdirSync(directory)
      mounted = await mount(guest, directory)
      files.set('made by a mount', join(directory, 'memory/vmcore'))
    }
    for (const format of ['elf', 'kdump'] as const) {
      const file = join(place.path, format)
      await guest.dump(file, format)
      files.set(format === 'elf' ? 'written as ELF' : 'written as kdump', file)
    }
  })

  afterAll(async () => {
    await mounted?.unmount()
    place.remove()
  })

  const fileOf = (core: Core, { skip }: TestContext): string => files.get(core) ?? skip(reason)

  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const init = () => {
    const address = guest.symbol('init_task').address
    return { address, bytes: hex(guest.kernel.space.bytes(address, 64)) }
  }

  it.skipIf(said(isInstalled('/usr/bin/gdb') ? undefined : 'gdb is not installed')).for(elfCores)(
    '%s opens in gdb: registers of every vCPU, and init_task',
    async (which, context) => {
      const core = fileOf(which, context)
      const { address, bytes } = init()
      const words = ['-nx', '-batch', '-ex', 'set pagination off']
      for (const vcpu of guest.vcpus) {
        words.push('-ex', `thread ${vcpu.index + 1}`, '-ex', 'printf "rip %lx\\nrsp %lx\\n", $rip, $rsp')
      }
      words.push('-ex', `x/64xb 0x${address.toString(16)}`, '--core', core)
      const { stdout } = await run('/usr/bin/gdb', words)
      for (const { rip, registers } of guest.vcpus) {
        expect(stdout).toContain(`rip ${rip.toString(16)}\n`)
        expect(stdout).toContain(`rsp ${(registers.rsp ?? 0n).toString(16)}\n`)
      }
      const read = [...stdout.matchAll(/\t0x([0-9a-f]{2})/g)].map(([, byte]) => byte).join('')
      expect(read).toBe(bytes)
    },
  )

  it.for(cores)(
    '%s opens in drgn: the kernel by VMCOREINFO, memory through its page tables',
    async (which, context) => {
      const core = fileOf(which, context)
      const python = '/usr/bin/python3'
      const there = isInstalled(python) && (await run(python, ['-c', 'import drgn'])).code === 0
      if (said(there ? undefined : 'python3-drgn is not installed')) return context.skip()
      const { address, bytes } = init()
      // A page of vmalloc space, which only page tables lead to: the stack of a task.
      const task = guest.tasks.find(({ pid }) => pid === 1)
      const stack = guest.kernel.struct('task_struct', task?.address ?? 0n).pointer('stack')
      const script = `
import drgn, sys
prog = drgn.Program()
prog.set_core_dump(sys.argv[1])
print(bool(prog.flags & drgn.ProgramFlags.IS_LINUX_KERNEL))
for address in sys.argv[2:]: print(prog.read(int(address), 64).hex())
`
      const answer = await output(python, '-c', script, core, String(address), String(stack))
      expect(answer.trim().split('\n')).toEqual(['True', bytes, hex(guest.kernel.space.bytes(stack, 64))])
    },
  )

  it.for(cores)('%s opens in cryoscope, and shows what the guest shows', async (which, context) => {
    const core = fileOf(which, context)
    const shown = async (target: string, ...words: string[]) => {
      const { code, stdout } = await cryoscope(words[0] ?? '', target, ...words.slice(1), '--json')
      expect(code).toBe(0)
      return JSON.parse(stdout) as unknown
    }
    const name = guest.target.name
    expect(await shown(core, 'maps')).toEqual(await shown(name, 'maps'))
    expect(await shown(core, 'map', 'pid_stats')).toEqual(await shown(name, 'map', 'pid_stats'))
    const vcpus = (found: unknown) =>
      (found as { rip: string; task: unknown; registers: Record<string, string> }[]).map(
        ({ rip, task, registers }) => ({
          rip,
          task,
          rsp: registers.rsp,
          gs_base: registers.gs_base,
          cr3: registers.cr3,
        }),
      )
    expect(vcpus(await shown(core, 'vcpus'))).toEqual(vcpus(await shown(name, 'vcpus')))
  })
})
