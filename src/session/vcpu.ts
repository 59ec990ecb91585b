import { withJson } from '../contract/shape.js'
import { stackJson } from '../contract/stacks.js'
import { taskJson } from '../contract/tasks.js'
import { type VcpuJson, vcpuJson } from '../contract/vcpus.js'
import { CryoscopeError, quietly } from '../errors.js'
import type { CpuIdentity } from '../kernel/cpu-signs.js'
import type { Kernel } from '../kernel/kernel.js'
import { currentTask, type Task } from '../kernel/tasks.js'
import { type KernelStack, stackOfRegisters } from '../sched/stack.js'

/** By gdb's names; undefined where the source does not say. */
export type Registers = Readonly<Record<string, bigint | undefined>>

/** What a source knows of a vCPU that stands still. */
export interface VcpuSource {
  /** What the engine numbers it by, or the place of its note in a dump. */
  readonly index: number
  readonly registers: Registers
  /** It executed HLT and waits for an interrupt; undefined where the source does not say. */
  readonly halted: boolean | undefined
  /** Current privilege level: 0 kernel, 3 user. */
  readonly privilege: number
  /** The pid of its task, of dumps that Linux wrote. */
  readonly pid?: number | undefined
  /** Why these registers stand for others, in a clause. */
  readonly origin?: string | undefined
  /** Where TR and GDTR of an x86-64 processor point. */
  readonly tables?: { readonly tr: bigint; readonly gdt: bigint } | undefined
}

/** Moves one vCPU alone, by its index; absent for dumps. */
export type Step = (index: number, count: number) => Promise<unknown>

/** A vCPU of a frozen guest or of a dump. */
export class Vcpu {
  /** What the engine numbers it by, or the place of its note in a dump: what `step` takes. */
  readonly index: number
  readonly registers: Registers
  readonly halted: boolean | undefined
  readonly privilege: number
  readonly tables: VcpuSource['tables']
  readonly #origin: string | undefined
  readonly #kernel: () => Kernel
  readonly #identity: () => CpuIdentity
  readonly #step: Step | undefined

  /** `identity` tells which of Linux's CPUs it is. */
  constructor(source: VcpuSource, kernel: () => Kernel, identity: () => CpuIdentity, step: Step | undefined) {
    this.index = source.index
    this.registers = source.registers
    this.halted = source.halted
    this.privilege = source.privilege
    this.tables = source.tables
    this.#origin = source.origin
    this.#kernel = kernel
    this.#identity = identity
    this.#step = step
  }

  /** Which of Linux's CPUs it is; undefined where no kernel is found, or where nothing tells. */
  get cpu(): number | undefined {
    return this.identity?.cpu
  }

  /** How that is known, and why not; undefined where no kernel is found. */
  get identity(): CpuIdentity | undefined {
    const identity = quietly(() => this.#identity())
    if (identity === undefined || this.#origin === undefined) return identity
    return { ...identity, evidence: [...identity.evidence, this.#origin] }
  }

  /** The instruction pointer: rip, or pc on arm64. */
  get rip(): bigint {
    return this.registers.rip ?? this.registers.pc ?? 0n
  }

  /** "schedule+0x1c"; undefined in user code and where no kernel is found. */
  get where(): string | undefined {
    return this.#quietly((kernel) => (this.#isForeign ? undefined : kernel.symbolize(this.rip)))
  }

  /** The task it runs. */
  get task(): Task | undefined {
    const { cpu } = this
    return cpu === undefined
      ? undefined
      : this.#quietly((kernel) => withJson(currentTask(kernel, cpu, kernel.problems), taskJson))
  }

  /** The kernel stack that it is on; undefined in user space. Throws where there is none to follow. */
  get stack(): KernelStack | undefined {
    if (this.privilege !== 0) return undefined
    if (this.#isForeign)
      throw new CryoscopeError('unreadable', `vCPU ${this.index}: ${this.identity?.problem}`)
    return withJson(stackOfRegisters(this.#kernel(), this.registers, this.task?.address), stackJson)
  }

  /** Executes `count` instructions on this vCPU while every other one stands still. */
  async step(count = 1): Promise<void> {
    if (this.#step === undefined) throw new CryoscopeError('state', 'a dump does not run; step needs a guest')
    await this.#step(this.index, count)
  }

  toJSON(): VcpuJson {
    return vcpuJson(this)
  }

  get #isForeign(): boolean {
    return this.identity?.isForeign === true
  }

  /** Registers are shown even where the kernel behind them cannot be read. */
  #quietly<T>(read: (kernel: Kernel) => T): T | undefined {
    return quietly(() => read(this.#kernel()))
  }
}
