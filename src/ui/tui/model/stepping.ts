import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import type { Cockpit } from './cockpit.js'

/** What an instruction takes at most. */
const longestInstruction = 16
/** Registers that an effect shows; more is a whole other place (an interrupt, a return to user space). */
const mostRegisters = 6

/** Executes instructions on the selected vCPU; of a single one its text and what it changed are said. */
export function step(cockpit: Cockpit, count: number): void {
  const { vm, cpu } = cockpit
  cockpit.operate(`stepping vCPU ${cpu}`, async () => {
    const before = vcpuOf(cockpit)
    const instruction = count === 1 && before !== undefined ? instructionAt(cockpit, before)?.text : undefined
    const stop = await vm.step(cpu, count)
    const after = vcpuOf(cockpit)
    const executed = stop.steps ?? count
    const note = stop.note === undefined ? '' : ` (${stop.note})`
    const what =
      instruction === undefined
        ? `vCPU ${cpu} executed ${executed} ${executed === 1 ? 'instruction' : 'instructions'}`
        : `${instruction.replace(/\s+/g, ' ')}${effect(before, after)}`
    return `${what}, now at ${after?.where ?? 'code without a symbol'}${note}`
  })
}

/** "rax 0x1 → 0x2": what an instruction changed. The instruction pointer is said anyway. */
function effect(before: Vcpu | undefined, after: Vcpu | undefined): string {
  if (before === undefined || after === undefined) return ''
  const changed = Object.entries(after.registers).flatMap(([name, now]) => {
    const was = before.registers[name]
    if (now === was || now === undefined || was === undefined || /^(?:rip|pc)$/.test(name)) return []
    return [`${name} 0x${was.toString(16)} → 0x${now.toString(16)}`]
  })
  if (changed.length === 0) return ''
  const more = changed.length > mostRegisters ? ` and ${changed.length - mostRegisters} more` : ''
  return `: ${changed.slice(0, mostRegisters).join(', ')}${more}`
}

/** The next instruction, a call with all that it calls. */
export function stepOver(cockpit: Cockpit): void {
  const vcpu = vcpuOf(cockpit)
  const instruction = vcpu === undefined ? undefined : instructionAt(cockpit, vcpu)
  if (vcpu === undefined || instruction === undefined || !/^(?:call|bl|blr)\b/.test(instruction.text)) {
    step(cockpit, 1)
    return
  }
  const next = instruction.address + BigInt(instruction.bytes.length)
  runBackTo(
    cockpit,
    next,
    `running over ${instruction.text.replace(/\s+/g, ' ')}`,
    ({ sp }, now) => now.sp >= sp,
  )
}

/** Until the function returns to its caller. */
export function finish(cockpit: Cockpit): void {
  const vcpu = vcpuOf(cockpit)
  const caller = vcpu?.privilege === 0 ? callerOf(cockpit, vcpu) : undefined
  if (caller === undefined) {
    cockpit.say('who called this function is not certain: u runs until a place that you name', 'warning')
    return
  }
  const name = escapeText(cockpit.vm.kernel.symbolize(caller) ?? `0x${caller.toString(16)}`)
  // On arm64 a call leaves the stack pointer where it is.
  const isArm64 = vcpu?.registers.x30 !== undefined
  runBackTo(
    cockpit,
    caller,
    `running until ${name}`,
    ({ sp }, now) => now.sp > sp || (isArm64 && now.sp === sp),
  )
}

/** Where the function returns to: at its first instruction what the call has left, further on what the stack says. */
function callerOf({ vm }: Cockpit, { rip, registers, stack }: Vcpu): bigint | undefined {
  const { kernel } = vm
  if (kernel.symbolAt(rip)?.address === rip) {
    if (registers.x30 !== undefined) return registers.x30
    const { ok, bytes } = kernel.space.read(registers.rsp ?? 0n, 8)
    return ok ? Buffer.from(bytes).readBigUInt64LE() : undefined
  }
  const frame = stack?.frames[1]
  return frame?.isCertain ? frame.address : undefined
}

interface Standing {
  readonly sp: bigint
}

/** Runs until the selected vCPU is there in the same call, however often others and inner calls come by. */
function runBackTo(
  cockpit: Cockpit,
  address: bigint,
  title: string,
  isThere: (start: Standing, now: Standing) => boolean,
): void {
  const { vm, cpu } = cockpit
  const start = standing(cockpit)
  cockpit.operate(title, async (signal) => {
    const began = performance.now()
    for (;;) {
      const stop = await vm.runUntil(address, { signal })
      if (stop.reason !== 'breakpoint') return `stopped: ${stop.reason}`
      if (stop.cpu === cpu && isThere(start, standing(cockpit))) break
    }
    cockpit.rates.clock += performance.now() - began
    const { registers, where } = vcpuOf(cockpit) ?? {}
    const result = registers?.rax ?? registers?.x0
    const returned =
      result === undefined
        ? ''
        : `, ${registers?.rax === undefined ? 'x0' : 'rax'} is 0x${result.toString(16)}`
    return `vCPU ${cpu} is at ${where ?? 'code without a symbol'}${returned}`
  })
}

function standing(cockpit: Cockpit): Standing {
  const { registers } = vcpuOf(cockpit) ?? {}
  return { sp: registers?.rsp ?? registers?.sp ?? 0n }
}

function vcpuOf({ vm, cpu }: Cockpit): Vcpu | undefined {
  return vm.vcpus.find(({ index }) => index === cpu)
}

function instructionAt({ vm, disassembler }: Cockpit, { rip, privilege }: Vcpu) {
  if (privilege === 3 || disassembler === undefined) return undefined
  const { bytes } = vm.kernel.space.read(rip, longestInstruction)
  return disassembler.decode(bytes, rip, (address) => vm.kernel.symbolize(address))[0]
}
