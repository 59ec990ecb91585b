import { strip } from '../btf/layout.js'
import { quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'

/** Functions that a tracer can hold of one task at a time; the kernel's own stacks are of a page. */
const heldLimit = 4096
/** FGRAPH_FRAME_OFFSET_MASK (kernel/trace/fgraph.c): how many words below the last word of an entry it starts. */
const offsetMask = 0x3ffn

/**
 * Where kretprobes keep what they replaced: since Linux 5.18 on x86 in rethook nodes, before and on other machines in
 * instances of their own (include/linux/rethook.h, kprobes.h).
 */
const hooks = [
  { trampoline: 'arch_rethook_trampoline', list: 'rethooks', node: 'rethook_node', frame: 'frame' },
  {
    trampoline: '__kretprobe_trampoline',
    list: 'kretprobe_instances',
    node: 'kretprobe_instance',
    frame: 'fp',
  },
] as const

/**
 * Return addresses of a task that tracers replaced on its stack by their own, so as to be called when functions return:
 * the function graph tracer and fprobes (task_struct.ret_stack), kretprobes and fprobes before Linux 6.14 (rethook).
 */
export class ReturnAddresses {
  readonly #kernel: Kernel
  readonly #task: bigint | undefined
  readonly #graph: bigint | undefined
  readonly #hooks: ReadonlyMap<bigint, (typeof hooks)[number]>

  /** Without a task nothing is known of what was replaced. */
  constructor(kernel: Kernel, task: bigint | undefined) {
    this.#kernel = kernel
    this.#task = task
    this.#graph = kernel.findSymbol('return_to_handler')
    this.#hooks = new Map(
      hooks.flatMap((hook) => {
        const at = kernel.findSymbol(hook.trampoline)
        return at === undefined ? [] : [[at, hook] as const]
      }),
    )
  }

  /** Whether this is what a tracer put there. */
  isReplacement(address: bigint): boolean {
    return address === this.#graph || this.#hooks.has(address)
  }

  /** What stood on the stack (x86: at that address; arm64: in the record of the frame there) before; the address itself where none was replaced. */
  original(address: bigint, place: bigint): bigint {
    const real =
      address === this.#graph ? (this.#read((task) => this.#ofGraph(task, place)) ?? address) : address
    const hook = this.#hooks.get(real)
    if (hook === undefined) return real
    return this.#read((task) => this.#ofHook(task, hook, real, place)) ?? real
  }

  /** Undefined where the kernel keeps nothing of the kind, or it cannot be read. */
  #read(read: (task: StructReader) => bigint | undefined): bigint | undefined {
    const task = this.#task
    return task === undefined ? undefined : quietly(() => read(this.#kernel.struct('task_struct', task)))
  }

  /** ftrace_graph_ret_addr in kernel/trace/fgraph.c. */
  #ofGraph(task: StructReader, place: bigint): bigint | undefined {
    const stack = task.pointer('ret_stack')
    if (stack === 0n) return undefined
    for (const at of this.#graphEntries(task, stack)) {
      const entry = this.#kernel.struct('ftrace_ret_stack', at)
      const real = entry.pointer('ret')
      // A tail call shares the return address of its caller: only the first of them has the real one.
      if (entry.pointer('retp', 'fp') === place && real !== this.#graph) return real
    }
    return undefined
  }

  /** Newest first. Since Linux 6.11 entries are of any length, with their length in their last word; before they were an array. */
  *#graphEntries(task: StructReader, stack: bigint): Generator<bigint> {
    const { space } = this.#kernel
    const top = task.number('curr_ret_stack')
    if (top > heldLimit) return
    const type = strip(task.layout.place('ret_stack').type)
    if (type.kind === 'pointer' && strip(type.target).kind === 'struct') {
      const size = BigInt(this.#kernel.layouts.get('ftrace_ret_stack').size)
      for (let i = top; i >= 0; i--) yield stack + BigInt(i) * size
      return
    }
    for (let end = top; end > 0; ) {
      const length = Number(space.u64(stack + BigInt((end - 1) * 8)) & offsetMask)
      if (length <= 0 || length > end - 1) return
      end -= 1 + length
      yield stack + BigInt(end * 8)
    }
  }

  /** rethook_find_ret_addr in kernel/trace/rethook.c, __kretprobe_find_ret_addr in kernel/kprobes.c. */
  #ofHook(
    task: StructReader,
    { list, node, frame }: (typeof hooks)[number],
    trampoline: bigint,
    place: bigint,
  ): bigint | undefined {
    const offset = BigInt(this.#kernel.layouts.get(node).offset('llist'))
    const seen = new Set<bigint>()
    for (let at = task.pointer(list); at !== 0n && seen.size < heldLimit && !seen.has(at); ) {
      seen.add(at)
      const held = this.#kernel.struct(node, at - offset)
      const real = held.pointer('ret_addr')
      // Of several probes of one function only the first has the real address.
      if (held.pointer(frame) === place && real !== trampoline) return real
      at = held.pointer('llist')
    }
    return undefined
  }
}
