import { basename } from 'node:path'
import type { Btf } from '../../btf/btf.js'
import { syntheticPointer } from '../../btf/inflate.js'
import { strip } from '../../btf/layout.js'
import type { CType, PointerType, SectionType, StructType } from '../../btf/types.js'
import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { Problems, problemText } from '../../problems.js'
import type { RecoveredPointer, RecoveryEvidence } from '../../value/recovered.js'
import type { Arena } from '../arena/arena.js'
import type { ArenaProbe } from '../arena/context.js'
import { analyzeLoaded } from '../cast/analyze.js'
import { type Cast, CastIndex } from '../cast/cast-index.js'
import type { Rule } from '../cast/flow/observer.js'
import { btfIdentity } from '../cast/object/identity.js'
import { type CastFinding, type CastObject, reportFormat } from '../cast/report.js'
import { flavorless, isSameStruct } from './kernel-structs.js'
import { readLoadedCode } from './loaded-code.js'
import { type LoadedProgram, loadedPrograms } from './loaded-programs.js'
import { MemoryChecks } from './memory-checks.js'
import type { ObjectFile } from './object-file.js'
import { closestFit, type ObjectFit } from './object-fit.js'

/** What is known of the programs that have one BTF. */
export interface Recovered {
  readonly casts: CastIndex
  /** Where it comes from: an object's path, or undefined for the loaded programs themselves. */
  readonly file: string | undefined
  readonly object: CastObject | undefined
  /** Why nothing is known; undefined when the programs were analysed. */
  readonly reason: string | undefined
}

export interface RecoveryOptions {
  /** Nothing is said of pointers that are supported and not proven. */
  readonly onlyProven?: boolean
}

const subject = 'pointers in integers'

/** Kernel addresses are above, with room for five levels of page tables; numbers below are none. */
const firstKernelAddress = 0xff00_0000_0000_0000n
/** ERR_PTR and small negative numbers. */
const firstError = 0xffff_ffff_ffff_f000n

const sentences: Readonly<Record<Rule, string>> = {
  store: 'a pointer is stored there',
  exchange: 'a pointer is put there by an atomic exchange',
  'copy to map': 'a value with a pointer there is copied into the map',
  'copy to callee': 'a struct with a pointer there is handed to a function',
  'arena cast': 'what it holds is followed into the arena',
  dereference: 'what it holds is followed',
  argument: 'what it holds is passed as such a pointer',
  'typed store': 'what it holds is stored as such a pointer',
  return: 'what it holds is returned as such a pointer',
  'CO-RE access': 'what it holds is accessed as that struct',
  'kernel cast': 'what it holds is cast to that struct',
  'kernel read': 'kernel memory is read at what it holds',
}

/**
 * Which integers hold pointers, by the programs that are loaded and by the object files that they came from. Nothing is
 * analysed before a value with the types of those programs asks.
 */
export class Recovery {
  readonly #kernel: Kernel
  readonly #files: readonly ObjectFile[]
  readonly #arenas: () => readonly Arena[]
  readonly #onlyProven: boolean
  readonly #checks: MemoryChecks
  readonly #unread: Problems
  readonly #known = new Map<Btf, Recovered>()
  readonly #completed = new Map<CType, StructType | null>()
  readonly #pointers = new Map<Cast['finding'], { type: PointerType; evidence: RecoveryEvidence }>()
  readonly #casts = new Map<StructType | SectionType, Map<number, Cast | null>>()
  #programs: readonly LoadedProgram[] | undefined
  readonly #unreadPrograms: Problems

  /** `arenas` are asked for when loaded programs are looked at; what the checks cannot read goes to `problems`. */
  constructor(
    kernel: Kernel,
    files: readonly ObjectFile[],
    arenas: () => readonly Arena[],
    problems: Problems,
    { onlyProven = false }: RecoveryOptions = {},
  ) {
    this.#kernel = kernel
    this.#files = files
    this.#arenas = arenas
    this.#onlyProven = onlyProven
    this.#checks = new MemoryChecks(kernel, problems)
    this.#unread = problems.part()
    this.#unreadPrograms = this.#unread.part()
  }

  /**
   * The pointer that programs keep in the integer at an offset of a type. Without `arena` nothing is said of arena
   * pointers: whether a value is one cannot be told.
   */
  pointerAt(
    type: StructType | SectionType,
    offset: number,
    arena?: ArenaProbe,
  ): RecoveredPointer | undefined {
    if (type.btf === this.#kernel.types) return undefined
    const cast = this.#castAt(type, offset)
    if (cast === undefined) return undefined
    const { recovered, check } = cast.finding
    if (recovered === 'supported' && (this.#onlyProven || check === 'none')) return undefined
    const { type: pointer, evidence } = this.#describe(cast)
    if (check !== null) {
      const accepts = (value: bigint): boolean =>
        value === 0n || this.#checks.passes(check, value, cast.target, arena)
      return { type: pointer, evidence, accepts }
    }
    const isKernel = cast.addressSpace !== 'arena'
    const isArena = cast.addressSpace === 'kernel' ? undefined : arena
    return {
      type: pointer,
      evidence,
      accepts: (value) =>
        value === 0n ||
        (isKernel && value >= firstKernelAddress && value < firstError) ||
        isArena?.isAddress(value) === true,
    }
  }

  /**
   * The struct or union that a forward declaration means, from the types of other programs and of object files.
   * Undefined where they describe it differently: whose it is cannot be told then.
   */
  complete(type: CType): CType | undefined {
    const bare = strip(type)
    if (bare.kind !== 'forward') return undefined
    let found = this.#completed.get(bare)
    if (found === undefined) {
      found = this.#complete(bare.name, bare.of) ?? null
      this.#completed.set(bare, found)
    }
    return found ?? undefined
  }

  #complete(name: string, kind: 'struct' | 'union'): StructType | undefined {
    const programs = this.#loadedPrograms()
    // One that cannot be read may describe it differently.
    const loaded = this.#unreadPrograms.none ? programs.filter(({ btf }) => btf !== 0n) : []
    const files = new Set(loaded.map(({ btf }) => this.#kernel.btfObjects.types(btf)))
    for (const file of this.#files) for (const { types } of file.contents) files.add(types)
    const all = [...files].flatMap((types) => types.findAll(name, kind))
    const [first] = all
    return first !== undefined && all.every((other) => isSameStruct(first, other)) ? first : undefined
  }

  /** What is known of the programs with that BTF. */
  of(types: Btf): Recovered {
    let known = this.#known.get(types)
    if (known === undefined) {
      known = this.#fromFiles(types) ?? this.#fromPrograms(types)
      this.#known.set(types, known)
    }
    return known
  }

  /** Why integers that were asked for may be pointers all the same, in sentences: programs whose types or code cannot be read. */
  get unread(): readonly string[] {
    return this.#unread.sentences
  }

  /** The BTF of loaded programs, each once, with the programs; `unread` may say that there are more. */
  loaded(): { readonly types: Btf; readonly programs: readonly LoadedProgram[] }[] {
    const found = new Map<Btf, LoadedProgram[]>()
    for (const program of this.#loadedPrograms()) {
      if (program.btf === 0n) continue
      const types = this.#kernel.btfObjects.types(program.btf)
      found.set(types, [...(found.get(types) ?? []), program])
    }
    return [...found].map(([types, programs]) => ({ types, programs }))
  }

  /** The object of a file that comes closest to loaded programs, of a file none of whose objects is loaded as it is. */
  closest(file: ObjectFile): ObjectFit | undefined {
    return closestFit(file, this.loaded())
  }

  #castAt(type: StructType | SectionType, offset: number): Cast | undefined {
    let offsets = this.#casts.get(type)
    if (offsets === undefined) {
      offsets = new Map()
      this.#casts.set(type, offsets)
    }
    let cast = offsets.get(offset)
    if (cast === undefined) {
      cast = this.of(type.btf).casts.castAt(type.btf, type, offset) ?? null
      offsets.set(offset, cast)
    }
    return cast ?? undefined
  }

  #fromFiles(types: Btf): Recovered | undefined {
    const identity = btfIdentity(types)
    const files = this.#files.filter(({ objects }) => objects.has(identity))
    const [file] = files
    if (file === undefined) return undefined
    const object = file.report.objects.find(({ btf }) => btf === identity)
    const casts = new CastIndex(files.map(({ report }) => report))
    return { casts, file: file.path, object, reason: object?.incomplete ?? undefined }
  }

  #fromPrograms(types: Btf): Recovered {
    const nothing = (reason: string): Recovered => ({
      casts: new CastIndex(),
      file: undefined,
      object: undefined,
      reason,
    })
    const programs = this.#loadedPrograms()
    const [unread] = this.#unreadPrograms.sentences
    if (unread !== undefined)
      return nothing(`a program that could not be read may write to the same memory: ${unread}`)
    const loaded = readLoadedCode(this.#kernel, types, programs, this.#arenas())
    if (typeof loaded === 'string') return nothing(loaded)
    if (loaded instanceof CryoscopeError) {
      this.#unread.add(subject, loaded.message)
      return nothing(loaded.message)
    }
    const object = analyzeLoaded(loaded.code, loaded.content)
    const casts = new CastIndex([{ format: reportFormat, sha256: '', objects: [object], problems: [] }])
    return { casts, file: undefined, object, reason: object.incomplete ?? undefined }
  }

  #loadedPrograms(): readonly LoadedProgram[] {
    if (this.#programs === undefined) {
      const problems = new Problems()
      this.#programs = loadedPrograms(this.#kernel, problems)
      this.#unreadPrograms.addAll(
        problems.list.map((problem) => ({ where: subject, why: problemText(problem) })),
      )
    }
    return this.#programs
  }

  #describe(cast: Cast): { type: PointerType; evidence: RecoveryEvidence } {
    let known = this.#pointers.get(cast.finding)
    if (known === undefined) {
      known = { type: this.#pointerTo(cast), evidence: evidenceOf(cast.finding) }
      this.#pointers.set(cast.finding, known)
    }
    return known
  }

  /** Structs of the kernel are laid out as in the kernel that runs, not as in the one the program was built for. */
  #pointerTo({ target, finding, addressSpace }: Cast): PointerType {
    if (target === undefined) return syntheticPointer(this.#kernel.types.type(0))
    const bare: CType = strip(target)
    const isKernel = finding.target?.isKernel === true && addressSpace === 'kernel'
    const isNamed = bare.kind === 'struct' || bare.kind === 'union'
    const own = isKernel && isNamed ? this.#kernel.types.find(flavorless(bare.name), bare.kind) : undefined
    return syntheticPointer(own ?? target)
  }
}

function evidenceOf(finding: CastFinding): RecoveryEvidence {
  const { evidence, allocationSize, candidates } = finding
  const [first] = evidence
  const site = first?.site
  const source = site?.source ? `: ${site.source}` : ''
  const size =
    allocationSize === null
      ? ''
      : `; ${allocationSize} bytes are allocated${candidates.length === 0 ? '' : `, as ${candidates.join(' or ')} takes`}`
  const lines = evidence.flatMap(({ site: other }) =>
    other === null || other.line === 0 ? [] : [`${basename(other.file)}:${other.line}`],
  )
  return {
    degree: finding.recovered,
    lines: [...new Set(lines)],
    function: site?.function ?? '',
    instruction: site?.instruction ?? 0,
    file: site?.file ?? '',
    line: site?.line ?? 0,
    why: `${first === undefined ? 'the programs show it' : sentences[first.rule]}${source}${size}`,
  }
}
