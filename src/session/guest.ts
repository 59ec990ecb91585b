import { CryoscopeError } from '../errors.js'
import type { KernelChoice } from '../kernel/kernels.js'
import { type BootOptions, Machine, type VcpuState } from '../machine/machine.js'
import { openProcessMemory } from '../memory/process-memory.js'
import { openRamFile, openRamFiles } from '../memory/ram-file.js'
import type { PhysicalMemory } from '../memory/types.js'
import type { RunRecord } from '../time/record.js'
import type { OpeningOptions } from './open.js'
import { Session } from './session.js'
import type { VcpuSource } from './vcpu.js'

/** Starts a guest and opens it. It ends with the session, unless `detach` is set. */
export async function boot(options: BootOptions = {}): Promise<Session> {
  if (options.deterministic !== true) return await sessionOf(await Machine.boot(options))
  const { bootRecord } = await import('../time/boot-record.js')
  return sessionOfRecord(await bootRecord(options))
}

/** Opens a deterministic guest: looks hold it, and one can go back (docs/time.md). */
export function sessionOfRecord(record: RunRecord): Session {
  const name = `@${record.guest.name}`
  const { memory, store } = record
  return new Session({
    name,
    memory: openRamFile(memory.path, store.ranges, `RAM of guest ${name}`, () => record.wrote()),
    control: record,
    record,
    vcpus: () => vcpuSources(record),
    problems: [],
    facts: { accelerator: 'tcg', memory: 'shared file', seed: record.setup.seed },
  })
}

/** Opens a recording: the guest is held where its record begins. */
export async function openRecorded(path: string, onProgress?: (sentence: string) => void): Promise<Session> {
  const { openRecording } = await import('../time/recording.js')
  return sessionOfRecord(await openRecording(path, onProgress === undefined ? {} : { onProgress }))
}

/** Opens a guest to control it: "@name", or the QMP socket of a QEMU that others run. It stays as it is left. */
export async function connect(name: string, { kernelAt }: OpeningOptions = {}): Promise<Session> {
  const machine = await Machine.connect(name)
  return machine.outbox === undefined
    ? await openForeign(machine, name, memoryWays, kernelAt)
    : await sessionOf(machine, kernelAt)
}

/** How the memory of an attached guest is read; the first that works is taken. */
export const memoryWays = ['file', 'process', 'copy'] as const
export type MemoryWay = (typeof memoryWays)[number]

export interface AttachOptions extends OpeningOptions {
  /** Only this way. */
  readonly memory?: MemoryWay
}

/**
 * Opens a guest that another program runs, by its QMP socket. Its memory is read through the shared file behind it, else
 * through QEMU's process, else from a copy that QEMU writes. The guest stays as it is until something is asked of it, and
 * what this session stopped runs again when it is closed.
 */
export async function attach(socket: string, { memory, kernelAt }: AttachOptions = {}): Promise<Session> {
  const ways = memory === undefined ? memoryWays : [memory]
  return await openForeign(await Machine.attach(socket), socket, ways, kernelAt)
}

async function openForeign(
  machine: Machine,
  socket: string,
  ways: readonly MemoryWay[],
  kernelAt: KernelChoice | undefined,
): Promise<Session> {
  return await withMachine(machine, async () => {
    let failure: unknown
    for (const way of ways) {
      try {
        const ram = await attachedMemory(machine, socket, way)
        return makeSession(machine, socket, ram, kernelAt)
      } catch (error) {
        if (!(error instanceof CryoscopeError)) throw error
        failure = error
      }
    }
    throw failure
  })
}

interface Ram {
  readonly memory: PhysicalMemory
  readonly way: string
  readonly problems: readonly string[]
}

async function attachedMemory(machine: Machine, socket: string, way: MemoryWay): Promise<Ram> {
  const description = `RAM of the guest at ${socket}`
  if (way === 'file') {
    return { memory: openRamFiles(await machine.ramFiles(), description), way: 'shared file', problems: [] }
  }
  if (way === 'process') {
    const { pid, areas, problems } = await machine.processRam()
    return { memory: openProcessMemory(pid, areas, description), way: `process ${pid}`, problems }
  }
  const running = machine.state === 'running'
  if (running) await machine.freeze()
  try {
    const copy = await machine.copyRam()
    try {
      // The mapping holds the files; their names are not needed.
      const memory = openRamFiles(copy.parts, `copy of the ${description}`)
      const problem = `the memory is a copy of ${copy.bytes} bytes that QEMU wrote when the guest was attached: attach again when the guest has run`
      return { memory, way: 'copy written by QEMU', problems: [problem] }
    } finally {
      copy.remove()
    }
  } finally {
    if (running) await machine.thaw()
  }
}

async function sessionOf(machine: Machine, kernelAt?: KernelChoice): Promise<Session> {
  return await withMachine(machine, async () => {
    const name = `@${machine.record.name}`
    const memory = openRamFiles(await machine.ramFiles(), `RAM of guest ${name}`)
    return makeSession(machine, name, { memory, way: 'shared file', problems: [] }, kernelAt)
  })
}

function makeSession(
  machine: Machine,
  name: string,
  { memory, way, problems }: Ram,
  kernelAt: KernelChoice | undefined,
): Session {
  return new Session({
    name,
    memory,
    control: machine,
    kernelAt,
    // Registers tell whether it is still that kernel which runs: there are none of a guest that does.
    get noteAt() {
      return machine.state === 'frozen' ? machine.note?.at : undefined
    },
    found: (at) => machine.note?.keep(at),
    vcpus: () => vcpuSources(machine),
    problems,
    facts: { accelerator: machine.record.accelerator, memory: way },
    machine,
  })
}

export function vcpuSources({ vcpus }: { readonly vcpus: readonly VcpuState[] }): VcpuSource[] {
  return vcpus.map((vcpu) => ({
    index: vcpu.cpu,
    registers: { ...vcpu.registers },
    halted: vcpu.halted,
    privilege: vcpu.cpl,
    ...(vcpu.architecture === 'amd64' ? { tables: vcpu.tables } : {}),
  }))
}

async function withMachine(machine: Machine, work: () => Promise<Session>): Promise<Session> {
  try {
    return await work()
  } catch (error) {
    await machine.close()
    throw error
  }
}
