import { linkJson } from '../../contract/links.js'
import {
  instructionJson,
  jitedFunctionJson,
  programJson,
  structOpsMemberJson,
  type WholeProgramJson,
} from '../../contract/programs.js'
import { withJson } from '../../contract/shape.js'
import type { Kernel } from '../../kernel/kernel.js'
import { type Figure, Problems } from '../../problems.js'
import { listMaps } from '../map-info.js'
import type { BpfProgram } from '../program.js'
import { readFunctions } from './functions.js'
import { type JitedFunction, readJited } from './jited.js'
import { type BpfLink, listLinks } from './links.js'
import { listInstructions, type XlatedInstruction } from './listing.js'
import { type StructOpsMember, structOpsMembers } from './membership.js'
import { countsRuns, missRate, timePerRun } from './statistics.js'
import { type ProgramStreams, readStreams } from './streams.js'
import { instructionBytes, readInstructions } from './xlated.js'

/**
 * A program and what can be read of it: `vm.prog('enqueue').xlated`. Fields are those of its list entry; the rest is
 * read from memory when asked for. What could not be read so far is in `problems`.
 */
export class Program implements BpfProgram {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly tag: string
  readonly verifiedInstructions: number
  readonly xlatedSize: number
  readonly jitedSize: Figure
  readonly runCount: bigint | undefined
  readonly runTime: bigint | undefined
  readonly recursionMisses: bigint | undefined
  readonly mapIds: readonly number[]
  readonly btfId: number | undefined
  readonly loadTime: bigint
  readonly address: bigint
  readonly jitedAddress: bigint
  readonly #kernel: Kernel
  readonly #info: BpfProgram
  readonly #problems = new Problems()

  constructor(kernel: Kernel, info: BpfProgram) {
    this.#kernel = kernel
    this.#info = info
    this.id = info.id
    this.name = info.name
    this.type = info.type
    this.tag = info.tag
    this.verifiedInstructions = info.verifiedInstructions
    this.xlatedSize = info.xlatedSize
    this.jitedSize = info.jitedSize
    this.runCount = info.runCount
    this.runTime = info.runTime
    this.recursionMisses = info.recursionMisses
    this.mapIds = info.mapIds
    this.btfId = info.btfId
    this.loadTime = info.loadTime
    this.address = info.address
    this.jitedAddress = info.jitedAddress
  }

  get problems(): Problems['list'] {
    return this.#problems.list
  }

  /** The translated instructions, with functions, source lines, helpers and maps by name. */
  get xlated(): XlatedInstruction[] {
    const listing = listInstructions(this.#kernel, this.address, this.#problems)
    for (const instruction of listing) withJson(instruction, instructionJson)
    return listing
  }

  /** The translated instructions as `bpftool prog dump xlated file` writes them. */
  get xlatedBytes(): Uint8Array {
    const functions = readFunctions(this.#kernel, this.#aux, this.#problems)
    return instructionBytes(readInstructions(this.#kernel, this.address, functions, this.#problems))
  }

  /** The machine code, function by function; none when the program is interpreted. */
  get jited(): JitedFunction[] {
    const functions = readJited(this.#kernel, this.address, this.#problems)
    for (const each of functions) withJson(each, jitedFunctionJson)
    return functions
  }

  /** The links that keep it attached: its own, and those of struct_ops maps that it is a member of. */
  get links(): BpfLink[] {
    const maps = new Set(this.structOps.map(({ mapId }) => mapId))
    const links = listLinks(this.#kernel, this.#problems).filter(
      ({ programId, type, target }) =>
        programId === this.id ||
        (type === 'struct_ops' && typeof target.mapId === 'number' && maps.has(target.mapId)),
    )
    for (const link of links) withJson(link, linkJson)
    return links
  }

  /** What it stands for in struct_ops maps. */
  get structOps(): StructOpsMember[] {
    if (this.type !== 'struct_ops') return []
    const maps = listMaps(this.#kernel, this.#problems)
    const members = structOpsMembers(this.#kernel, maps, this.#problems)
    for (const member of members) withJson(member, structOpsMemberJson)
    return members.filter(({ programId }) => programId === this.id)
  }

  /** What it printed; undefined on kernels without streams. */
  get streams(): ProgramStreams | undefined {
    return readStreams(this.#kernel, this.#aux, this.#problems)
  }

  /** Whether the kernel counts runs and their time now; undefined when that cannot be read. */
  get countsRuns(): boolean | undefined {
    return countsRuns(this.#kernel)
  }

  /** Nanoseconds; undefined when no run was counted. */
  get timePerRun(): number | undefined {
    return timePerRun(this.#info)
  }

  /** 0 to 1; undefined before the first run. */
  get missRate(): number | undefined {
    return missRate(this.#info)
  }

  /** Without its instructions. */
  toJSON(): WholeProgramJson {
    return programJson(this)
  }

  get #aux(): bigint {
    return this.#kernel.struct('bpf_prog', this.address).pointer('aux')
  }
}
