import type { CType } from '../btf/types.js'
import { hexAddress } from '../contract/json.js'
import { recordJson } from '../contract/log.js'
import { eachWithJson, withJson } from '../contract/shape.js'
import { kernelSymbolJson } from '../contract/symbols.js'
import { panicJson } from '../contract/target.js'
import { taskJson } from '../contract/tasks.js'
import { CryoscopeError, quietly } from '../errors.js'
import { type Listed, listed } from '../frame/list.js'
import { identifyCpus } from '../kernel/cpu-identity.js'
import type { CpuIdentity } from '../kernel/cpu-signs.js'
import { dmesg, type LogRecord } from '../kernel/dmesg.js'
import type { KernelSymbol } from '../kernel/image/kallsyms.js'
import type { Kernel } from '../kernel/kernel.js'
import { chosenKernel, type KernelInMemory, kernelsAround, kernelsIn } from '../kernel/kernels.js'
import { findPanic, type Panic, panicText } from '../kernel/panic.js'
import { findTask, type Task, tasks } from '../kernel/tasks.js'
import { Sched } from '../sched/sched.js'
import type { KernelStack } from '../sched/stack.js'
import { type Explanation, explain } from '../sched/why.js'
import { findType } from '../value/find-type.js'
import type { AnyMembers, Value } from '../value/types.js'
import { makeValue } from '../value/value.js'
import { entryValues } from './arguments.js'
import { BpfObjects } from './bpf-objects.js'
import { type CpuState, cpuProblems, cpuStates } from './cpus.js'
import { helpText } from './help.js'
import { addressIn } from './lookup.js'
import { missingRamText } from './missing-ram.js'
import { chooseType, type NamedType, severalSymbols, symbolsNamed, typesNamed } from './names.js'
import { placeOf } from './places.js'
import { kernelBeside, registerSources } from './register-sources.js'
import { type TaskContext, taskContext } from './task-context.js'
import { findVariable, variableValue } from './variables.js'
import { Vcpu, type VcpuSource } from './vcpu.js'
import {
  type IndexedEntry,
  type RangeEntry,
  type Walk,
  type WalkStart,
  walkLinked,
  walkMaple,
  walkXarray,
} from './walks.js'

/**
 * One target and all that can be asked of it: what the REPL, the views and scripts hold as `vm`. Control is async;
 * looking is plain properties and calls. While the guest runs, what is read may be torn: freeze first.
 */
export class Session extends BpfObjects {
  #kernel: Kernel | undefined
  #kernels: readonly KernelInMemory[] = []
  /** Of a dump that may lack memory: what its kernel says. */
  #lacking: string | undefined
  #epoch = -1

  /** Sentences about what could not be read so far. */
  get problems(): readonly string[] {
    const own = [...this.unread.sentences, ...(this.#kernel?.problems.sentences ?? [])]
    return [...new Set([...this.targetProblems, ...own])]
  }

  /** Those that are about the target as a whole; what a dump lacks is known once its kernel was found. */
  get targetProblems(): readonly string[] {
    const { memory, problems } = this.target
    const { lost } = memory
    const lacking = this.#lacking === undefined ? [] : [this.#lacking]
    return [...(lost === undefined ? [] : [lost]), ...problems, ...lacking]
  }

  /** The vCPUs of a frozen guest or a dump. */
  get vcpus(): Listed<Vcpu> {
    const { control } = this.target
    const step =
      control === undefined ? undefined : (index: number, count: number) => control.step(index, count)
    const given = this.target.vcpus()
    // Without registers no kernel has to be looked for.
    if (given.length === 0) return listed([])
    const sources = quietly(() => registerSources(given, this.kernel, this.kernels)) ?? given
    let identities: readonly CpuIdentity[] | undefined
    const identity = (i: number): CpuIdentity => {
      identities ??= identifyCpus(this.kernel, sources, kernelBeside(this.kernel, this.kernels))
      return identities[i] as CpuIdentity
    }
    return listed(
      sources.map(
        (source, i) =>
          new Vcpu(
            source,
            () => this.kernel,
            () => identity(i),
            step,
          ),
      ),
    )
  }

  /** Every possible CPU of the kernel: whether it runs tasks, and its vCPU where the target has registers of it. */
  get cpus(): Listed<CpuState> {
    return listed(cpuStates(this.kernel, this.vcpus))
  }

  /** What the kernel says of its CPUs and the registers that there are do not agree on, in sentences. */
  get cpuProblems(): readonly string[] {
    return cpuProblems(this.kernel, this.vcpus, this.kernels.length === 1)
  }

  override get kernel(): Kernel {
    this.#refresh()
    this.#kernel ??= this.#choose()
    return this.#kernel
  }

  #choose(): Kernel {
    const { memory, kernelAt, found } = this.target
    this.#kernels = kernelsIn(memory, this.target, this.#registers)
    const { kernel } = chosenKernel(this.#kernels, kernelAt)
    if (this.target.mayLack === true) this.#lacking = missingRamText(kernel, memory)
    if (this.#kernels.length === 1 && kernel.info.physical !== undefined) found?.(kernel.info.physical)
    return kernel
  }

  /** Nothing while the guest runs. */
  get #registers(): readonly VcpuSource[] {
    return quietly(() => this.target.vcpus()) ?? []
  }

  /**
   * The kernels in memory. There are two while a capture kernel saves what is left of one that crashed, and where one was
   * started by kexec; `kernel` is one of them.
   */
  get kernels(): readonly KernelInMemory[] {
    const { kernel } = this
    // A capture kernel may have started since; once it has, that does not change any more.
    if (this.#kernels.length === 1) this.#kernels = kernelsAround(kernel, this.#registers)
    return this.#kernels
  }

  /** Every thread, idle tasks (pid 0) first. */
  get tasks(): Listed<Task> {
    const { kernel } = this
    return listed(eachWithJson([...tasks(kernel, this.unread)], taskJson))
  }

  /** The task_struct with this pid. */
  task(pid: number): Value {
    return this.at(findTask(this.kernel, pid, this.unread).address, 'struct task_struct')
  }

  /** The kernel stack of a task; of one that runs, the stack that its vCPU is on. Of the idle tasks, CPU 0's. */
  stack(pid: number): KernelStack {
    const found = findTask(this.kernel, pid)
    if (!found.isRunning) return this.sched.stack(pid)
    const { vcpus } = this
    const running = vcpus.find(({ task }) => task?.address === found.address)
    if (running === undefined) {
      const why =
        vcpus.length === 0
          ? `${this.target.name} has no registers of its CPUs`
          : `there are no registers of CPU ${found.cpu ?? '?'}, on which it runs`
      throw new CryoscopeError('not-found', `the stack of task ${pid} cannot be followed: ${why}`)
    }
    const { stack } = running
    if (stack !== undefined) return stack
    throw new CryoscopeError(
      'not-found',
      `task ${pid} runs in user space on CPU ${running.cpu}: the kernel has no stack of it`,
    )
  }

  /** The kernel log, oldest record first. */
  get dmesg(): Listed<LogRecord> {
    const { kernel } = this
    return listed(eachWithJson(dmesg(kernel, this.unread), recordJson))
  }

  /** That the kernel panicked: where, and what it said; undefined while it has not. */
  get panic(): Panic | undefined {
    const panic = findPanic(this.kernel, () => this.dmesg)
    return panic === undefined ? undefined : withJson(panic, (found) => panicJson(found, panicText(found)))
  }

  /** The scheduler: sched_ext, runqueues, dispatch queues, events, statistics. */
  get sched(): Sched {
    return new Sched(this.kernel)
  }

  /** Why a task is not running: sentences with the facts they rest on. */
  why(pid: number): Explanation {
    return explain(this.kernel, pid)
  }

  /**
   * All that BPF keeps of a task: its task storage, entries of maps whose keys are its pid or its address, its allocations in
   * arenas, its dispatch queue. Throws 'not-found'.
   */
  context(pid: number): TaskContext {
    const { kernel, unread } = this
    return taskContext(this, findTask(kernel, pid, unread), unread)
  }

  /** `$bpf` of a task value: `context` of the task that lies there. Throws 'not-found' for one that is on no list of tasks. */
  protected override keptOf(struct: string, address: bigint): TaskContext | undefined {
    if (struct !== 'task_struct') return undefined
    const { kernel, unread } = this
    for (const task of tasks(kernel, unread))
      if (task.address === address) return taskContext(this, task, unread)
    throw new CryoscopeError(
      'not-found',
      `no task of the kernel's list lies at ${hexAddress(address)}; it may have ended.`,
    )
  }

  /** A symbol by name, or the one that covers an address. Throws 'usage' with their addresses where several have the name. */
  symbol(nameOrAddress: string | bigint): KernelSymbol {
    const { kernel } = this
    const address = addressIn(nameOrAddress)
    if (address === undefined) {
      const name = nameOrAddress as string
      const found = symbolsNamed(kernel, name)
      if (found.length > 1) throw severalSymbols(name, found)
      return withJson(found[0] ?? missing(kernel, name), kernelSymbolJson)
    }
    const symbol = kernel.symbolAt(address)
    if (symbol !== undefined) return withJson(symbol, kernelSymbolJson)
    throw new CryoscopeError(
      'not-found',
      `0x${address.toString(16)} lies in no symbol of the kernel, its modules or BPF programs`,
    )
  }

  /** A global variable of the kernel; a per-CPU one for the given CPU, or as an array over all CPUs. */
  variable(name: string, cpu?: number): Value | Value[] {
    const { kernel } = this
    const variable = findVariable(kernel, this.valueContext, name)
    if (!variable.isPerCpu || cpu !== undefined)
      return variableValue(kernel, this.valueContext, variable, cpu ?? 0)
    return kernel.cpus.possible.map((number) => variableValue(kernel, this.valueContext, variable, number))
  }

  /**
   * A type by its C name: `struct rq`, `u64`, `struct list_head *`; of modules and programs where the kernel has none of
   * that name. Throws 'usage' where several different ones have it; `id`, which that sentence names, chooses.
   */
  type(name: string, id?: number | string): CType {
    const chosen = chooseType(name, this.typesNamed(name), id === undefined ? undefined : String(id))
    return chosen?.type ?? findType(this.valueContext, this.kernel.types, name)
  }

  /** Every type of that name, where they differ: those of the kernel, else those of modules and programs. */
  typesNamed(name: string): readonly NamedType[] {
    const { kernel } = this
    return typesNamed(kernel, name, this.unread)
  }

  /** What lies at an address, as a type. */
  at(address: bigint | string, type: string | CType): Value {
    const place = placeOf(this, address)
    return makeValue(this.valueContext, typeof type === 'string' ? this.type(type) : type, place.address)
  }

  /**
   * The structs on a list_head, linked by their member: `vm.list(vm.task(1).children, 'struct task_struct', 'sibling')`.
   * It ends whatever the list holds; how a broken one ended is in `problems`.
   */
  list(head: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.unread, 'list', head, type, member)
  }

  /** The structs on an hlist_head. */
  hlist(head: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.unread, 'hlist', head, type, member)
  }

  /** The structs in an rb_root or rb_root_cached, in order. */
  rbtree(root: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.unread, 'rbtree', root, type, member)
  }

  /** The structs in an rhashtable. */
  rhashtable(table: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.unread, 'rhashtable', table, type, member)
  }

  /** What an xarray or idr points at, by index: `vm.xarray('map_idr', 'struct bpf_map')`. */
  xarray(array: WalkStart, type: string | CType): Walk<IndexedEntry> {
    return walkXarray(this, this.unread, array, type)
  }

  /** What a maple tree points at, by range: `vm.maple(vm.task(1).mm.mm_mt, 'struct vm_area_struct')`. */
  maple(tree: WalkStart, type: string | CType): Walk<RangeEntry> {
    return walkMaple(this, this.unread, tree, type)
  }

  /**
   * The arguments of the function at whose first instruction a vCPU stands, typed by its BTF: `vm.args().p.pid`. Without an
   * index of the only vCPU that stands at one. Throws 'state' where none does.
   */
  args(vcpu?: number): AnyMembers {
    return entryValues(this, vcpu)
  }

  help(topic?: string): string {
    return helpText(topic)
  }

  /** Drops what was read before the guest ran. While it runs, nothing read is kept. */
  #refresh(): void {
    const { control } = this.target
    if (control === undefined || (control.state === 'frozen' && control.epoch === this.#epoch)) return
    this.dropObjects(control.epoch !== this.#epoch)
    this.#epoch = control.epoch
    this.#kernel?.invalidate()
  }

  protected override forget(): void {
    this.#epoch = -1
  }
}

/** Throws with names that are near. */
function missing(kernel: Kernel, name: string): never {
  kernel.symbol(name)
  throw new CryoscopeError('not-found', `there is no symbol ${name}`)
}
