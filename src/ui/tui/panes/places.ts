import type { Arena } from '../../../bpf/arena/arena.js'
import { quietly } from '../../../errors.js'
import type { Task } from '../../../kernel/tasks.js'
import type { Session } from '../../../session/session.js'
import type { Desk } from '../model/desk.js'
import type { Target } from '../model/target.js'
import { isCode } from './code.js'

interface Known {
  readonly state: string
  tasks?: ReadonlyMap<bigint, Task>
  queues?: ReadonlyMap<bigint, string>
}

/** The last addresses are error numbers (include/linux/err.h). */
const errorNumbers = 0xfffffffffffff000n

/** Whether a word may be an address of the kernel. */
export function isKernelAddress({ vm }: Desk, word: bigint): boolean {
  const format = quietly(() => vm.kernel.space.format)
  return (
    format !== undefined && word < errorNumbers && word >= (1n << 64n) - (1n << BigInt(format.pageBits + 12))
  )
}

/** Lists that are asked for again and again, kept as long as the guest stands still. */
const kept = new WeakMap<Session, Known>()

function known({ vm }: Desk): Known {
  const { control } = vm.target
  const state = control === undefined ? 'dump' : `${control.state} ${control.epoch}`
  let found = kept.get(vm)
  if (found === undefined || found.state !== state || control?.state === 'running') {
    found = { state }
    kept.set(vm, found)
  }
  return found
}

export function tasksByAddress(desk: Desk): ReadonlyMap<bigint, Task> {
  const lists = known(desk)
  lists.tasks ??= new Map(desk.vm.tasks.map((task) => [task.address, task]))
  return lists.tasks
}

export function queuesByAddress(desk: Desk): ReadonlyMap<bigint, string> {
  const lists = known(desk)
  lists.queues ??= new Map(desk.vm.sched.queues.map(({ address, name }) => [address, name]))
  return lists.queues
}

/** The arena whose window an address is in, in the form of user space or of the kernel. */
export function arenaHolding({ vm }: Desk, address: bigint): Arena | undefined {
  return quietly(() =>
    vm.arenas.find(({ window }) => {
      if (address >= window.userStart && address < window.userEnd) return true
      const start = window.kernelAddress(window.first)
      return window.kernelStart !== 0n && address >= start && address < start + BigInt(window.length)
    }),
  )
}

/** The best that is known of an address. */
export function targetAt(desk: Desk, address: bigint): { readonly text: string; readonly target: Target } {
  const task = quietly(() => tasksByAddress(desk).get(address))
  if (task !== undefined)
    return { text: `task ${task.pid}`, target: { kind: 'task', pid: task.pid, address } }
  const arena = arenaHolding(desk, address)
  const place = quietly(() => arena?.placeOf(address))
  if (arena !== undefined && place !== undefined) {
    const target: Target = { kind: 'arena-place', arena: arena.id, place }
    return { text: arena.describe(address).text, target }
  }
  const queue = quietly(() => queuesByAddress(desk).get(address))
  if (queue !== undefined) return { text: queue, target: { kind: 'queue', address, name: queue } }
  const map = quietly(() => desk.vm.maps.find((candidate) => candidate.address === address))
  if (map !== undefined) return { text: `map ${map.name}`, target: { kind: 'map', id: map.id } }
  const program = quietly(() => desk.vm.progs.find((candidate) => candidate.address === address))
  if (program !== undefined)
    return { text: `program ${program.name}`, target: { kind: 'program', id: program.id } }
  const symbol = quietly(() => desk.vm.kernel.symbolize(address))
  const kind = isCode(desk, address) ? 'code' : 'bytes'
  return { text: symbol ?? `0x${address.toString(16)}`, target: { kind, address } }
}
