import { Disassembler } from '../../../../src/present/machine-code/disassembler.js'
import type { Session } from '../../../../src/session/session.js'
import type { Stop } from '../../../../src/session/target.js'
import type { VcpuSource } from '../../../../src/session/vcpu.js'
import { parts } from '../../../../src/ui/tui/panes/tabs.js'
import { openedOn, type RecordingControl } from '../../../session/support/sessions.js'
import { addArray, addHash } from '../../../support/bpf-objects.js'
import { KernelGuest } from '../../../support/kernel-guest.js'
import { writeLog, writeTasks } from '../../../support/kernel-objects.js'
import { kernelTypes, kernelTypesBuilder } from '../../../support/kernel-types.js'
import { type ScreenOptions, TestScreen } from '../support/screen.js'

/** Where the instructions of the two functions stand, from the start of each. */
export const caller = { call: 4n, behind: 9n, end: 13n }

export interface CodeWorld {
  readonly vm: Session
  readonly control: RecordingControl
  /** Registers of its only vCPU, to be changed by what a test lets run. */
  readonly registers: Record<string, bigint>
  readonly callerAt: bigint
  readonly calledAt: bigint
  readonly task: bigint
  /** A word of data: `counter`, which holds the task's address. */
  readonly counter: bigint
}

/**
 * A frozen guest with two functions of code, demo_caller and demo_called(struct task_struct *p, int flags), a vCPU that stands at the
 * call of the second, a task, two maps, a kernel log, and a global variable.
 */
export function codeWorld(): CodeWorld {
  const b = kernelTypesBuilder
  const int = kernelTypes.find('int')?.id ?? 0
  const taskType = kernelTypes.find('task_struct', 'struct')?.id ?? 0
  b.function(
    'demo_called',
    b.prototype(int, [
      { name: 'p', type: b.pointer(taskType) },
      { name: 'flags', type: int },
    ]),
  )
  const guest = new KernelGuest({ btf: b.build() })
  const task =
    writeTasks(guest, [
      { pid: 1, comm: 'init' },
      { pid: 7, comm: 'demo_task' },
    ]).get(7) ?? 0n
  const callerAt = guest.symbol('demo_caller', guest.image(16, 16), 't')
  const calledAt = guest.symbol('demo_called', guest.image(16, 16), 't')
  const distance = Buffer.alloc(4)
  distance.writeInt32LE(Number(calledAt - (callerAt + caller.behind)))
  // push rbp; mov rbp, rsp; call demo_called; mov ebx, eax; pop rbp; ret
  guest.write(callerAt, Buffer.from([0x55, 0x48, 0x89, 0xe5, 0xe8, ...distance, 0x89, 0xc3, 0x5d, 0xc3]))
  // mov eax, [rdi]; ret
  guest.write(calledAt, Buffer.from([0x8b, 0x07, 0xc3]))
  const counter = guest.global('counter', 8)
  guest.u64(counter, task)
  const value = Buffer.alloc(8)
  value.writeBigUInt64LE(12n)
  addArray(guest, { id: 3, name: 'counters', valueSize: 8, maxEntries: 4 }, [value])
  const runs = Buffer.alloc(8)
  runs.writeBigUInt64LE(99n)
  addHash(guest, { id: 4, name: 'by_pid', valueSize: 8, maxEntries: 4 }, [
    { key: Uint8Array.of(7, 0, 0, 0), value: runs },
  ])
  writeLog(guest, [{ text: 'the first line' }, { text: 'BUG: it broke' }])
  const stack = guest.alloc(4096, 4096)
  guest.finish()
  const registers: Record<string, bigint> = {
    rax: 1n,
    rbx: 2n,
    rdi: task,
    rsi: 5n,
    rdx: 0n,
    rcx: 0n,
    r8: 0n,
    r9: counter,
    rsp: stack + 2048n,
    rip: callerAt + caller.call,
    eflags: 0x246n,
  }
  const vcpus = (): VcpuSource[] => [{ index: 0, registers: { ...registers }, halted: false, privilege: 0 }]
  const { vm, control } = openedOn(guest, { vcpus })
  return { vm, control, registers, callerAt, calledAt, task, counter }
}

/** What the guest does next, one after the other, each as a change of registers and why it stopped. */
export function willDo(
  world: CodeWorld,
  ...moves: { change: Record<string, bigint>; stop?: Partial<Stop> }[]
): void {
  const next = async (): Promise<Stop> => {
    const { change = {}, stop = {} } = moves.shift() ?? {}
    Object.assign(world.registers, change)
    world.control.epoch++
    return { reason: 'breakpoint', cpu: 0, ...stop }
  }
  const { control } = world
  control.step = async (...args: unknown[]) => {
    control.calls.push(['step', ...args])
    return await next()
  }
  control.runUntil = async (...args: unknown[]) => {
    control.calls.push(['runUntil', ...args])
    return await next()
  }
}

/** The terminal UI as it is, on a session. */
export async function screenOf(
  vm: Session,
  { columns = 120, rows = 40, settings = {} }: Pick<ScreenOptions, 'columns' | 'rows' | 'settings'> = {},
): Promise<TestScreen> {
  const screen = new TestScreen(parts.tabs, { session: vm, open: parts.open, columns, rows, settings })
  screen.cockpit.disassembler = await Disassembler.load('x86_64')
  return screen
}
