import type { Allocator } from '../bpf/allocators/allocator.js'
import { allocatorNamed } from '../bpf/allocators/named.js'
import type { Arena } from '../bpf/arena/arena.js'
import { arenaOfMap, listArenas } from '../bpf/arena/arenas.js'
import type { KnownTypes } from '../bpf/arena/context.js'
import { btfIdentity } from '../bpf/cast/object/identity.js'
import { BpfMap } from '../bpf/map.js'
import { listMaps, type MapInfo } from '../bpf/map-info.js'
import { type BpfProgram, listPrograms } from '../bpf/program.js'
import { type BpfLink, listLinks } from '../bpf/programs/links.js'
import { Program } from '../bpf/programs/program-object.js'
import { recoveringContext } from '../bpf/recovery/context.js'
import { ObjectFile } from '../bpf/recovery/object-file.js'
import { Recovery } from '../bpf/recovery/recovery.js'
import type { CType } from '../btf/types.js'
import { linkJson } from '../contract/links.js'
import { recordJson } from '../contract/log.js'
import { progJson } from '../contract/programs.js'
import { eachWithJson, withJson } from '../contract/shape.js'
import { kernelSymbolJson } from '../contract/symbols.js'
import { panicJson } from '../contract/target.js'
import { taskJson } from '../contract/tasks.js'
import { CryoscopeError, quietly } from '../errors.js'
import { type CpuIdentity, identifyCpus } from '../kernel/cpu-identity.js'
import { dmesg, type LogRecord } from '../kernel/dmesg.js'
import type { KernelSymbol } from '../kernel/kallsyms.js'
import type { Kernel } from '../kernel/kernel.js'
import { chosenKernel, type KernelInMemory, kernelsAround, kernelsIn } from '../kernel/kernels.js'
import { findPanic, type Panic, panicText } from '../kernel/panic.js'
import { findTask, type Task, tasks } from '../kernel/tasks.js'
import type { Checkpoint, CheckpointOptions, Machine } from '../machine/machine.js'
import { Problems } from '../problems.js'
import { Sched } from '../sched/sched.js'
import type { KernelStack } from '../sched/stack.js'
import { type Explanation, explain } from '../sched/why.js'
import type { ValueContext } from '../value/context.js'
import { findType } from '../value/find-type.js'
import type { Value } from '../value/types.js'
import { makeValue } from '../value/value.js'
import { type CpuState, cpuProblems, cpuStates } from './cpus.js'
import { helpText } from './help.js'
import { addressIn, one } from './lookup.js'
import { chooseType, type NamedType, severalSymbols, symbolsNamed, typesNamed } from './names.js'
import { codePlaces, placeOf, typedPlace } from './places.js'
import { registerSources } from './register-sources.js'
import type {
  Control,
  DumpOptions,
  SessionState,
  Stop,
  StopCondition,
  Target,
  WaitOptions,
  WriteTarget,
} from './target.js'
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
import { type Write, Writes } from './writes.js'

/**
 * One target and all that can be asked of it: what the REPL, the views and scripts hold as `vm`. Control is async;
 * looking is plain properties and calls. While the guest runs, what is read may be torn: freeze first.
 */
export class Session implements AsyncDisposable {
  readonly target: Target
  #kernel: Kernel | undefined
  #kernels: readonly KernelInMemory[] = []
  #context: ValueContext | undefined
  #maps: readonly BpfMap[] | undefined
  #arenas: readonly Arena[] | undefined
  #recovery: Recovery | undefined
  readonly #objects: ObjectFile[] = []
  #onlyProven = false
  #epoch = -1
  #problems = new Problems()
  readonly #writes = new Writes()

  constructor(target: Target) {
    this.target = target
  }

  /** The guest behind the session, when it is one of ours. */
  get machine(): Machine | undefined {
    return this.target.machine
  }

  get state(): SessionState {
    return this.target.control?.state ?? 'dump'
  }

  /** Sentences about what could not be read so far. */
  get problems(): readonly string[] {
    const own = [...this.#problems.sentences, ...(this.#kernel?.problems.sentences ?? [])]
    const { lost } = this.target.memory
    return [...new Set([...(lost === undefined ? [] : [lost]), ...this.target.problems, ...own])]
  }

  // Control

  /** Stops all vCPUs; resolves when none runs. */
  async freeze(options: { signal?: AbortSignal } = {}): Promise<Stop> {
    return await this.#control('freeze').freeze(options)
  }

  /** Lets all vCPUs run. */
  async thaw(): Promise<void> {
    await this.#control('thaw').thaw()
  }

  /** Lets the guest run for about that long, then freezes it. */
  async advance(time: { ms?: number; us?: number }, options: { signal?: AbortSignal } = {}): Promise<Stop> {
    return await this.#control('advance').advance(time, options)
  }

  /** Executes `count` instructions on one vCPU while the others stand still. */
  async step(cpu: number, count = 1): Promise<Stop> {
    return await this.#control('step').step(cpu, count)
  }

  /**
   * Runs until a symbol or address is reached, or memory is written: `vm.runUntil('schedule')`,
   * `vm.runUntil({ write: 'jiffies' })`, `vm.runUntil({ write: vm.map('x').get(1) })`. Of a name that several functions
   * have, whichever is reached first; the stop says which.
   */
  async runUntil(condition: StopCondition, options: WaitOptions = {}): Promise<Stop> {
    const control = this.#control('runUntil')
    if (typeof condition === 'object' && condition !== null) {
      const { address, size } = placeOf(this, condition.write)
      return await control.runUntil({ write: address, length: condition.length ?? size }, options)
    }
    return await control.runUntil({ addresses: codePlaces(this, condition) }, options)
  }

  /**
   * Writes the whole memory as a dump that `open`, crash and drgn read. A running guest stands still meanwhile. Of a guest
   * in which no kernel is found QEMU writes one, without VMCOREINFO.
   */
  async dump(file: string, format: 'elf' | 'kdump' = 'elf', options: DumpOptions = {}): Promise<void> {
    const control = this.#control('dump')
    const look = await control.hold()
    try {
      if (this.#hasKernel()) {
        const { writeCoreFile } = await import('./core-file.js')
        await writeCoreFile(this, file, undefined, { ...options, format })
      } else {
        await control.dump(file, format, options)
      }
    } finally {
      await look?.release()
    }
  }

  #hasKernel(): boolean {
    try {
      return this.kernel.release !== ''
    } catch (error) {
      if (error instanceof CryoscopeError) return false
      throw error
    }
  }

  /**
   * Saves the state of the guest (memory, registers, devices) under a name, c1, c2, … unless told. A running guest
   * stands still meanwhile. It lasts as long as the guest.
   */
  async checkpoint(name?: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
    const checkpoint = await this.#guest('checkpoint').checkpoint(name, options)
    this.#writes.remember(checkpoint.name)
    return checkpoint
  }

  /** Brings a saved state back; the guest is frozen then, in the state that it had. */
  async restore(name: string): Promise<Checkpoint> {
    const checkpoint = await this.#guest('restore').restore(name)
    this.#writes.recall(name)
    return checkpoint
  }

  /** Saved states, oldest first. */
  async checkpoints(): Promise<readonly Checkpoint[]> {
    return await this.#guest('checkpoints').checkpoints()
  }

  async deleteCheckpoint(name: string): Promise<void> {
    await this.#guest('deleteCheckpoint').deleteCheckpoint(name)
  }

  /**
   * Writes to the memory of a frozen guest: a value with a place, a typed global by name, a map entry, or an address
   * with a type. Members that the value leaves out stay: `vm.write({ map: 'control', key: 0 }, { pause: 1 })`.
   */
  write(where: WriteTarget, value: unknown, type?: string | CType): Write {
    const { kernel } = this
    if (this.#control('write').state === 'running') {
      throw new CryoscopeError('usage', 'the guest runs and would write too; freeze it first')
    }
    const write = this.#writes.write(kernel.space, this.context, typedPlace(this, where, type), value)
    // What was read before is read anew: the write may have changed a list, an allocator, a page table.
    this.#epoch = -1
    return write
  }

  /** What was written in this session and not taken back. */
  get writes(): readonly Write[] {
    return this.#writes.list
  }

  /** Takes the newest write back; `force` even where the guest has written since. */
  undo({ force = false }: { force?: boolean } = {}): Write {
    if (this.#control('undo').state === 'running') {
      throw new CryoscopeError('usage', 'the guest runs and would write too; freeze it first')
    }
    const undone = this.#writes.undo(this.kernel.space, force)
    this.#epoch = -1
    return undone
  }

  /** Lets go of the target. A guest that this session started ends; one that it connected to goes on. */
  async close(): Promise<void> {
    await this.target.control?.close()
    this.target.memory.close()
  }

  /** Ends the guest. */
  async stop(): Promise<void> {
    await this.#control('stop').stop()
    this.target.memory.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // Looking

  /** The vCPUs of a frozen guest or a dump. */
  get vcpus(): readonly Vcpu[] {
    const { control } = this.target
    const step =
      control === undefined ? undefined : (index: number, count: number) => control.step(index, count)
    const sources = registerSources(this.target.vcpus(), () => {
      const { kernel } = this
      return { kernel, role: this.kernels.find((each) => each.kernel === kernel)?.role }
    })
    let identities: readonly CpuIdentity[] | undefined
    const identity = (i: number): CpuIdentity => {
      identities ??= identifyCpus(this.kernel, sources)
      return identities[i] as CpuIdentity
    }
    return sources.map(
      (source, i) =>
        new Vcpu(
          source,
          () => this.kernel,
          () => identity(i),
          step,
        ),
    )
  }

  /** Every possible CPU of the kernel: whether it runs tasks, and its vCPU where the target has registers of it. */
  get cpus(): readonly CpuState[] {
    return cpuStates(this.kernel, this.vcpus)
  }

  /** What the kernel says of its CPUs and the registers that there are do not agree on, in sentences. */
  get cpuProblems(): readonly string[] {
    return cpuProblems(this.kernel, this.vcpus, this.kernels.length === 1)
  }

  /** The Linux kernel in memory: symbols, types, page tables. */
  get kernel(): Kernel {
    this.#refresh()
    this.#kernel ??= this.#choose()
    return this.#kernel
  }

  #choose(): Kernel {
    const { memory, kernelAt } = this.target
    this.#kernels = kernelsIn(memory, this.target, this.#registers)
    return chosenKernel(this.#kernels, kernelAt).kernel
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

  /** Every BPF map, by id. */
  get maps(): readonly BpfMap[] {
    const { kernel } = this
    this.#maps ??= this.#noting((problems) => listMaps(kernel, problems)).map(
      (info) => new BpfMap(kernel, info, this.#problems, () => this.#contextOfMap(info)),
    )
    return this.#maps
  }

  /** Values of a map whose programs use an arena may point into it. */
  #contextOfMap(info: MapInfo): ValueContext {
    return arenaOfMap(this.arenas, info)?.context ?? this.context
  }

  /** Which integers hold pointers, by the loaded programs and the object files that were added. */
  get recovery(): Recovery {
    const { kernel } = this
    const options = { onlyProven: this.#onlyProven }
    this.#recovery ??= new Recovery(kernel, this.#objects, () => this.arenas, this.#problems, options)
    return this.#recovery
  }

  /** Whether integers are shown as pointers only where that is proven, not where it is supported and has been checked. */
  get onlyProven(): boolean {
    return this.#onlyProven
  }

  set onlyProven(value: boolean) {
    if (value !== this.#onlyProven) this.#recovery = undefined
    this.#onlyProven = value
  }

  /** What is known when somebody asks: objects may be added, and the guest may run. */
  readonly #knownTypes: KnownTypes = {
    pointerAt: (type, offset, arena) => this.recovery.pointerAt(type, offset, arena),
    complete: (type) => this.recovery.complete(type),
  }

  /**
   * Adds the file that programs were loaded from, an executable or an object, to recover pointers from. True when it has
   * the types of loaded programs. Throws 'not-found' and 'unreadable'.
   */
  addObject(path: string): boolean {
    const file = new ObjectFile(path)
    this.#objects.push(file)
    this.#recovery = undefined
    return this.recovery.loaded().some(({ types }) => file.objects.has(btfIdentity(types)))
  }

  /** One BPF map by name or id. */
  map(nameOrId: string | number): BpfMap {
    const { maps } = this
    const isId = typeof nameOrId === 'number' || /^\d+$/.test(nameOrId)
    const found = maps.filter((map) => (isId ? map.id === Number(nameOrId) : map.name === nameOrId))
    return one(found, 'map', nameOrId, maps)
  }

  /** Every BPF program, by id. Counters are those of this moment. */
  get progs(): readonly BpfProgram[] {
    const { kernel } = this
    return eachWithJson(
      this.#noting((problems) => listPrograms(kernel, problems)),
      progJson,
    )
  }

  /** One BPF program by name or id, with what can be read of it: instructions, machine code, links. */
  prog(nameOrId: string | number): Program {
    const { kernel, progs } = this
    const isId = typeof nameOrId === 'number' || /^\d+$/.test(nameOrId)
    const found = progs.filter((prog) => (isId ? prog.id === Number(nameOrId) : prog.name === nameOrId))
    return new Program(kernel, one(found, 'program', nameOrId, progs))
  }

  /** Every BPF link, by id: what keeps programs attached, and to what. */
  get links(): readonly BpfLink[] {
    const { kernel } = this
    return eachWithJson(
      this.#noting((problems) => listLinks(kernel, problems)),
      linkJson,
    )
  }

  /** Every BPF arena, by id. */
  get arenas(): readonly Arena[] {
    const { kernel, maps } = this
    const infos = maps.map(({ info }) => info)
    this.#arenas ??= this.#noting((problems) => listArenas(kernel, infos, problems, this.#knownTypes))
    return this.#arenas
  }

  /** One BPF arena by name or id. */
  arena(nameOrId: string | number): Arena {
    const { arenas } = this
    const isId = typeof nameOrId === 'number' || /^\d+$/.test(nameOrId)
    const found = arenas.filter((arena) => (isId ? arena.id === Number(nameOrId) : arena.name === nameOrId))
    return one(found, 'arena', nameOrId, arenas)
  }

  /** Every allocator that hands out memory of an arena. */
  get allocators(): readonly Allocator[] {
    return this.arenas.flatMap(({ allocators }) => allocators)
  }

  /** One allocator by the name of its variable, `ARENA/NAME` where arenas have allocators of the same name. */
  allocator(name: string): Allocator {
    return allocatorNamed(this.allocators, name)
  }

  /** Every thread, idle tasks (pid 0) first. */
  get tasks(): readonly Task[] {
    const { kernel } = this
    return eachWithJson(
      this.#noting((problems) => [...tasks(kernel, problems)]),
      taskJson,
    )
  }

  /** The task_struct with this pid. */
  task(pid: number): Value {
    return this.at(findTask(this.kernel, pid, this.#problems).address, 'struct task_struct')
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
  get dmesg(): readonly LogRecord[] {
    const { kernel } = this
    return eachWithJson(
      this.#noting((problems) => dmesg(kernel, problems)),
      recordJson,
    )
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
    const variable = findVariable(kernel, this.context, name)
    if (!variable.isPerCpu || cpu !== undefined)
      return variableValue(kernel, this.context, variable, cpu ?? 0)
    return kernel.cpus.possible.map((number) => variableValue(kernel, this.context, variable, number))
  }

  /**
   * A type by its C name: `struct rq`, `u64`, `struct list_head *`; of modules and programs where the kernel has none of
   * that name. Throws 'usage' where several different ones have it; `id`, which that sentence names, chooses.
   */
  type(name: string, id?: number | string): CType {
    const chosen = chooseType(name, this.typesNamed(name), id === undefined ? undefined : String(id))
    return chosen?.type ?? findType(this.context, this.kernel.types, name)
  }

  /** Every type of that name, where they differ: those of the kernel, else those of modules and programs. */
  typesNamed(name: string): readonly NamedType[] {
    const { kernel } = this
    return this.#noting((problems) => typesNamed(kernel, name, problems))
  }

  /** What lies at an address, as a type. */
  at(address: bigint | string, type: string | CType): Value {
    const place = placeOf(this, address)
    return makeValue(this.context, typeof type === 'string' ? this.type(type) : type, place.address)
  }

  /**
   * The structs on a list_head, linked by their member: `vm.list(vm.task(1).children, 'struct task_struct', 'sibling')`.
   * It ends whatever the list holds; how a broken one ended is in `problems`.
   */
  list(head: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.#problems, 'list', head, type, member)
  }

  /** The structs on an hlist_head. */
  hlist(head: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.#problems, 'hlist', head, type, member)
  }

  /** The structs in an rb_root or rb_root_cached, in order. */
  rbtree(root: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.#problems, 'rbtree', root, type, member)
  }

  /** The structs in an rhashtable. */
  rhashtable(table: WalkStart, type: string | CType, member: string): Walk<Value> {
    return walkLinked(this, this.#problems, 'rhashtable', table, type, member)
  }

  /** What an xarray or idr points at, by index: `vm.xarray('map_idr', 'struct bpf_map')`. */
  xarray(array: WalkStart, type: string | CType): Walk<IndexedEntry> {
    return walkXarray(this, this.#problems, array, type)
  }

  /** What a maple tree points at, by range: `vm.maple(vm.task(1).mm.mm_mt, 'struct vm_area_struct')`. */
  maple(tree: WalkStart, type: string | CType): Walk<RangeEntry> {
    return walkMaple(this, this.#problems, tree, type)
  }

  /** How values of this target are read. */
  get context(): ValueContext {
    const { kernel } = this
    this.#context ??= recoveringContext(kernel, this.#knownTypes)
    return this.#context
  }

  help(topic?: string): string {
    return helpText(topic)
  }

  #guest(what: string): Machine {
    const { machine } = this
    if (machine !== undefined) return machine
    throw new CryoscopeError(
      'usage',
      `${what} needs a guest that QEMU runs; ${this.target.name} is ${this.state === 'dump' ? 'a dump and does not run' : 'none'}`,
    )
  }

  #control(what: string): Control {
    if (this.target.control === undefined) {
      throw new CryoscopeError(
        'usage',
        `${what} needs a guest; ${this.target.name} is a dump and does not run`,
      )
    }
    return this.target.control
  }

  /** Drops what was read before the guest ran. While it runs, nothing read is kept. */
  #refresh(): void {
    const { control } = this.target
    if (control === undefined || (control.state === 'frozen' && control.epoch === this.#epoch)) return
    // Programs are analysed once while the guest runs on, not for each value that is read.
    if (control.epoch !== this.#epoch) this.#recovery = undefined
    this.#epoch = control.epoch
    this.#kernel?.invalidate()
    this.#maps = undefined
    this.#arenas = undefined
    this.#problems = new Problems()
  }

  /** What cannot be read is the same each time it is asked for, and said once. */
  #noting<T>(look: (problems: Problems) => T): T {
    return look(this.#problems)
  }
}

/** Throws with names that are near. */
function missing(kernel: Kernel, name: string): never {
  kernel.symbol(name)
  throw new CryoscopeError('not-found', `there is no symbol ${name}`)
}
