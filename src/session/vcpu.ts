import { CryoscopeError, quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { currentTask, type Task } from '../kernel/tasks.js'
import { type KernelStack, stackOfRegisters } from '../sched/stack.js'

/** By gdb's names; undefined where the source does not say. */
export type RegisterSet = Readonly<Record<string, bigint | undefined>>

/** What a source knows of a vCPU that stands still. */
export interface VcpuSource {
  readonly cpu: number
  readonly registers: RegisterSet
  /** It executed HLT and waits for an interrupt; undefined where the source does not say. */
  readonly halted: boolean | undefined
  /** Current privilege level: 0 kernel, 3 user. */
  readonly privilege: number
}

/** Moves one vCPU alone; absent for dumps. */
export type Step = (cpu: number, count: number) => Promise<unknown>

/** A vCPU of a frozen guest or of a dump. */
export class Vcpu {
  readonly cpu: number
  readonly registers: RegisterSet
  readonly halted: boolean | undefined
  readonly privilege: number
  readonly #kernel: () => Kernel
  readonly #step: Step | undefined

  constructor(source: VcpuSource, kernel: () => Kernel, step: Step | undefined) {
    this.cpu = source.cpu
    this.registers = source.registers
    this.halted = source.halted
    this.privilege = source.privilege
    this.#kernel = kernel
    this.#step = step
  }

  /** The instruction pointer: rip, or pc on arm64. */
  get rip(): bigint {
    return this.registers.rip ?? this.registers.pc ?? 0n
  }

  /** "schedule+0x1c"; undefined in user code and where no kernel is found. */
  get where(): string | undefined {
    return this.#quietly((kernel) => kernel.symbolize(this.rip))
  }

  /** The task it runs. */
  get task(): Task | undefined {
    return this.#quietly((kernel) => currentTask(kernel, this.cpu))
  }

  /** The kernel stack that it is on; undefined in user space. Throws where there is none to follow. */
  get stack(): KernelStack | undefined {
    if (this.privilege !== 0) return undefined
    return stackOfRegisters(this.#kernel(), this.registers)
  }

  /** Executes `count` instructions on this vCPU while every other one stands still. */
  async step(count = 1): Promise<void> {
    if (this.#step === undefined) throw new CryoscopeError('usage', 'a dump does not run; step needs a guest')
    await this.#step(this.cpu, count)
  }

  toJSON(): Record<string, unknown> {
    const { cpu, halted, privilege, task, where } = this
    const registers = Object.entries(this.registers).filter(([, value]) => value !== undefined)
    return {
      cpu,
      rip: hex(this.rip),
      where: where ?? null,
      halted: halted ?? null,
      privilege,
      task: task === undefined ? null : { pid: task.pid, comm: task.comm, name: task.name },
      registers: Object.fromEntries(registers.map(([name, value]) => [name, hex(value as bigint)])),
    }
  }

  /** Registers are shown even where the kernel behind them cannot be read. */
  #quietly<T>(read: (kernel: Kernel) => T): T | undefined {
    return quietly(() => read(this.#kernel()))
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
