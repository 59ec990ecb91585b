import { asPage } from '../brands.js'
import { sizeOf } from '../btf/layout.js'
import type { CType } from '../btf/types.js'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { fileOffset } from '../memory/mapping.js'
import { typedPlace } from '../session/places.js'
import type { Session } from '../session/session.js'
import type { WriteTarget } from '../session/target.js'
import type { Place } from '../session/writes.js'
import { mostPieces } from '../time/engine/layout.js'
import type { Moment } from '../time/engine/run.js'
import type { KernelFacts, Piece } from '../time/engine/shared-file.js'
import type { RunRecord } from '../time/record.js'

const pageSize = 4096

/** The record of a session, or an error that says how to get one. */
export function recordOf(vm: Session): RunRecord {
  const { record } = vm.target
  if (record !== undefined) return record
  throw new CryoscopeError(
    'usage',
    `${vm.target.name} has no record to go back in; start a guest with boot({ deterministic: true }) (cryoscope boot --deterministic)`,
  )
}

/** A place whose writes are asked for. */
export interface WatchedPlace {
  /** For people: "pid_stats[1].nr_run". */
  readonly name: string
  readonly address: bigint
  readonly type: CType
  readonly size: number
  /** Where its bytes are in the RAM file now, in order. */
  readonly pieces: readonly Piece[]
}

/** Finds a place and the memory behind it, as the guest has it now. Throws where no memory is there. */
export function watchedPlace(vm: Session, where: WriteTarget | Place, type?: string | CType): WatchedPlace {
  const place = isPlace(where) ? where : typedPlace(vm, where, type)
  const size = sizeOf(place.type) ?? 0
  if (size === 0) throw new CryoscopeError('usage', `${place.name} has no bytes that could be written`)
  return { ...place, size, pieces: piecesOf(vm.kernel, place.address, size, place.name) }
}

function isPlace(where: WriteTarget | Place): where is Place {
  return typeof where === 'object' && !('$address' in where) && 'address' in where && 'type' in where
}

/** Where bytes of the kernel's memory are in the RAM file. Throws where no memory is there. */
export function piecesOf(kernel: Kernel, address: bigint, size: number, name: string): Piece[] {
  const pieces: Piece[] = []
  for (let done = 0; done < size; ) {
    const at = address + BigInt(done)
    const within = Number(at % BigInt(pageSize))
    const length = Math.min(size - done, pageSize - within)
    const page = asPage(Number(BigInt.asUintN(52, at >> 12n)))
    const position = kernel.space.locate(page)
    if (position < 0) {
      throw new CryoscopeError(
        'unreadable',
        `no memory is mapped at 0x${at.toString(16)}, where ${name} should be`,
      )
    }
    pieces.push({ offset: fileOffset(position) + within, length })
    done += length
  }
  if (pieces.length > mostPieces) {
    throw new CryoscopeError(
      'usage',
      `${name} has ${size} bytes in ${pieces.length} pages; at most ${mostPieces} are watched: name a member`,
    )
  }
  return pieces
}

/** What the plugin needs to know of the kernel to say which task did something. */
export function kernelFacts(kernel: Kernel): KernelFacts | undefined {
  const symbol = kernel.findSymbol('current_task') ?? kernel.findSymbol('pcpu_hot')
  if (symbol === undefined || kernel.space.format.architecture !== 'x86_64') return undefined
  const task = kernel.layouts.get('task_struct')
  const current: bigint[] = []
  for (const cpu of kernel.cpus.possible) current[cpu] = kernel.cpus.address(symbol, cpu)
  return {
    pageRoot: kernel.space.root,
    pageLevels: kernel.space.format.levels,
    current: Array.from(current, (address) => address ?? 0n),
    taskPid: task.offset('pid'),
    taskComm: task.offset('comm'),
  }
}

/** A moment, a count of instructions, a time of the guest's clock, or an event of an earlier answer. */
export type When =
  | number
  | bigint
  | string
  | { readonly instructions: number }
  | { readonly ns: number }
  | { readonly ms: number }
  | { readonly time: Moment }

/** What a person means by a time: "start", "end", "now", "1.5e9" instructions, "250ms", an event. */
export function placeInTime(record: RunRecord, when: When): { instructions: number } | { ns: number } {
  if (typeof when === 'number' || typeof when === 'bigint') return { instructions: whole(Number(when)) }
  if (typeof when === 'string') return parseTime(record, when.trim())
  if ('time' in when) return { instructions: when.time.instructions }
  // A row of a trace has both, of which this is the exact one.
  if ('instructions' in when) return { instructions: when.instructions }
  if ('ms' in when) return { ns: whole(when.ms * 1e6) }
  return when
}

function whole(number: number): number {
  if (Number.isFinite(number) && number >= 0) return Math.round(number)
  throw new CryoscopeError('usage', `a time of a run is a number from 0 on, not ${number}`)
}

const units: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }

function parseTime(record: RunRecord, text: string): { instructions: number } | { ns: number } {
  if (text === 'now') return { instructions: record.time.instructions }
  if (text === 'end') return { instructions: record.end.instructions }
  if (text === 'start') return { instructions: record.checkpoints[0]?.instructions ?? 0 }
  const [, digits, unit] = /^(\d+(?:\.\d+)?(?:e\d+)?)(ns|us|ms|s)?$/i.exec(text.replaceAll('_', '')) ?? []
  if (digits === undefined) {
    throw new CryoscopeError(
      'usage',
      `"${text}" is no time: give instructions (1.5e9), a time of the guest (250ms), start, end or now`,
    )
  }
  const factor = unit === undefined ? undefined : units[unit.toLowerCase()]
  return factor === undefined
    ? { instructions: whole(Number(digits)) }
    : { ns: whole(Number(digits) * factor) }
}
