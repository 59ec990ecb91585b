import { quietly } from '../errors.js'
import type { Session } from '../session/session.js'
import type { RawEvent } from '../time/engine/event.js'
import type { Moment } from '../time/engine/run.js'
import type { Json } from '../value/render/json.js'

/** Who did something. */
export interface Actor {
  readonly cpu: number
  /** Of the task that the vCPU ran; undefined where the kernel could not be asked. */
  readonly pid: number | undefined
  readonly comm: string | undefined
}

/** Which instruction did it. */
export interface Where {
  readonly address: bigint
  /** "ttwu_do_activate+0x3c", "bpf_prog_…_demo_enqueue+0x55 [bpf]"; undefined outside the kernel's symbols. */
  readonly where: string | undefined
  /** Source line of a BPF program. */
  readonly line: string | undefined
}

export function actorOf({ cpu, task, pid, comm }: RawEvent): Actor {
  return task === 0n ? { cpu, pid: undefined, comm: undefined } : { cpu, pid, comm }
}

export function whereOf(vm: Session, address: bigint): Where {
  const where = quietly(() => vm.kernel.symbolize(address))
  return { address, where, line: where?.endsWith('[bpf]') === true ? lineOf(vm, address) : undefined }
}

/** Where source lines begin in the machine code of programs, sorted; of a session as long as its guest has not run. */
const placedLines = new WeakMap<Session, { readonly epoch: number | undefined; readonly lines: Lines }>()

type Lines = readonly { readonly address: bigint; readonly end: bigint; readonly text: string }[]

/** "main.bpf.c:212 stats->nr_run++": the last line whose code begins at or before an address, in the same function. */
function lineOf(vm: Session, address: bigint): string | undefined {
  const { epoch } = vm.target.control ?? {}
  let known = placedLines.get(vm)
  if (known === undefined || known.epoch !== epoch) {
    known = { epoch, lines: quietly(() => linesOf(vm)) ?? [] }
    placedLines.set(vm, known)
  }
  const { lines } = known
  let low = 0
  for (let high = lines.length; low < high; ) {
    const middle = (low + high) >>> 1
    if ((lines[middle]?.address ?? 0n) <= address) low = middle + 1
    else high = middle
  }
  const line = lines[low - 1]
  return line !== undefined && address < line.end ? line.text : undefined
}

function linesOf(vm: Session): Lines {
  return vm.progs
    .flatMap((program) => vm.prog(program.id).jited)
    .flatMap(({ address, bytes, lines }) =>
      lines.map(({ offset, line }) => ({
        address: address + BigInt(offset),
        end: address + BigInt(bytes.length),
        text: `${line.file.replace(/^.*\//, '')}:${line.line} ${line.text}`,
      })),
    )
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
}

/** What the contract says of every event; null is what is not known. */
export function eventJson(
  { time, cpu, pid, comm, where, line }: Actor & Partial<Where> & { readonly time: Moment },
  address: bigint,
): { readonly [name: string]: Json } {
  return {
    time: { instructions: time.instructions, ns: time.ns },
    cpu,
    pid: pid ?? null,
    comm: comm ?? null,
    address: `0x${address.toString(16)}`,
    where: where ?? null,
    line: line ?? null,
  }
}
