import { createHash } from 'node:crypto'
import type { Btf } from '../../btf/btf.js'
import type { SourceLines } from '../../btf/ext.js'
import type { CType } from '../../btf/types.js'
import { CryoscopeError } from '../../errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Arena } from '../arena/arena.js'
import type { Code, CodeFunction, CodeSection, Reference } from '../cast/code/code.js'
import { TypeShapes } from '../cast/code/type-shapes.js'
import { Places } from '../cast/flow/places.js'
import type { ProgramLine } from '../programs/functions.js'
import { instructionBytes } from '../programs/xlated.js'
import { Called } from './called.js'
import { kernelStructs } from './kernel-structs.js'
import { LoadedMaps } from './loaded-maps.js'
import type { LoadedProgram } from './loaded-programs.js'
import { unloadedPrograms } from './missing-programs.js'
import { NotRestorable, type ProgramCode, restoreProgram } from './program-code.js'
import { structOpsContext } from './struct-ops-context.js'

/** The code of all programs that share a BTF, and what its analysis depends on, as text. */
export interface LoadedCode {
  readonly code: Code
  readonly content: string
}

/**
 * Types of programs whose accesses to their context the verifier leaves as they are. In others it replaces them by
 * accesses to structs of the kernel, so that the instructions no longer fit the types of the program.
 */
const plainTypes: ReadonlySet<string> = new Set([
  'kprobe',
  'tracepoint',
  'raw_tracepoint',
  'raw_tracepoint_writable',
  'tracing',
  'lsm',
  'struct_ops',
  'syscall',
])

/**
 * The programs of one object as the analysis takes them, from the kernel that has loaded them. A sentence says why
 * nothing can be concluded from them: what wrote to the same memory might not be seen. An error is what could not be read.
 */
export function readLoadedCode(
  kernel: Kernel,
  types: Btf,
  programs: readonly LoadedProgram[],
  arenas: readonly Arena[],
): LoadedCode | string | CryoscopeError {
  const own = programs.filter(({ btf }) => btf !== 0n && kernel.btfObjects.types(btf) === types)
  const [first] = own
  if (first === undefined) return 'no program with these types is loaded'
  const rewritten = own.find(({ type }) => !plainTypes.has(type))
  if (rewritten !== undefined) {
    return `the kernel rewrites the accesses of ${rewritten.type} programs, such as ${rewritten.name}`
  }
  try {
    const maps = new LoadedMaps(kernel, types, first.btf, own, programs, arenas)
    if (maps.conflict !== undefined) return maps.conflict
    const used = new Set(own.flatMap((program) => program.maps))
    const called = new Called(kernel, types, used)
    const restored = own.map((program) => restore(kernel, program, called, maps))
    const missing = unloadedPrograms(kernel, types, restored)
    if (missing.length > 0) return missingText(missing)
    return assemble(kernel, types, restored, maps)
  } catch (error) {
    if (error instanceof NotRestorable) return error.message
    if (error instanceof CryoscopeError) return error.code === 'unreadable' ? error : error.message
    throw error
  }
}

function restore(kernel: Kernel, program: LoadedProgram, called: Called, maps: LoadedMaps): ProgramCode {
  try {
    return restoreProgram(kernel, program, called, (address) => maps.meaningOf(address))
  } catch (error) {
    if (!(error instanceof NotRestorable)) throw error
    throw new NotRestorable(`program ${program.name}: ${error.message}`)
  }
}

function missingText(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '')
  const what =
    names.length === 1 ? 'is not loaded and may be a program' : 'are not loaded and may be programs'
  return `${shown} ${what} of the same object that ran before; give the object's file to recover pointers from that`
}

function assemble(
  kernel: Kernel,
  types: Btf,
  programs: readonly ProgramCode[],
  maps: LoadedMaps,
): LoadedCode {
  const total = programs.reduce((sum, { instructions }) => sum + instructions.length, 0)
  const instructions = new Uint8Array(total * 8)
  const functions: CodeFunction[] = []
  const references = new Map<number, Reference>()
  const sections: CodeSection[] = []
  let start = 0
  for (const code of programs) {
    instructions.set(instructionBytes(code.instructions), start * 8)
    const firstFunction = functions.length
    for (const [at, reference] of code.references) {
      const moved =
        reference.kind === 'function' ? { ...reference, index: reference.index + firstFunction } : reference
      references.set(start + at, moved)
    }
    functions.push(...functionsOf(kernel, types, code, start))
    sections.push({ name: code.program.name, start, lines: linesOf(code.lines) })
    start += code.instructions.length
  }
  const { all, different } = kernelStructs(kernel, types)
  const places = new Places(new TypeShapes(types, maps.data))
  const sharedTypes = new Set(maps.sharedTypes.flatMap((type) => [...places.embedded(type)]))
  const code: Code = {
    name: types.name,
    btf: types,
    instructions,
    littleEndian: true,
    functions,
    references,
    core: new Map(),
    data: maps.data,
    sections,
    addsInLowHalves: true,
    kernelStructs: all,
    opaqueStructs: different,
    sharedTypes,
    problems: [],
    incomplete: undefined,
  }
  return { code, content: contentOf(code, programs) }
}

function functionsOf(kernel: Kernel, types: Btf, code: ProgramCode, start: number): CodeFunction[] {
  const { program, functions, instructions, references } = code
  const callbacks = new Set<number>()
  for (const [at, reference] of references) {
    const isCall = instructions[at]?.code === 0x85
    if (reference.kind === 'function' && !isCall) callbacks.add(reference.index)
  }
  const counts = new Map<CType | undefined, number>()
  for (const { type } of functions) counts.set(type, (counts.get(type) ?? 0) + 1)
  return functions.map(({ start: at, name, type }, index): CodeFunction => {
    // Two functions of one type are clones of the compiler's, with other parameters perhaps.
    const isOne = type !== undefined && counts.get(type) === 1
    return {
      name: name ?? program.name,
      start: start + at,
      end: start + (functions[index + 1]?.start ?? instructions.length),
      typeId: isOne ? type.id : undefined,
      binding: index === 0 ? 'entry' : type?.linkage === 'static' ? 'static' : 'global',
      isCallback: callbacks.has(index),
      contextTypes:
        index === 0 && program.type === 'struct_ops' ? structOpsContext(kernel, types, program) : undefined,
    }
  })
}

/** Lines in the order of their instructions. */
function linesOf(lines: readonly ProgramLine[]): SourceLines {
  return {
    lineOf(offset) {
      const instruction = offset / 8
      const found = lines.findLast((line) => line.instruction <= instruction)
      return found && { file: found.file, line: found.line, column: found.column, text: found.text }
    },
  }
}

/**
 * All that the findings follow from, and the lines that they name: the same programs give the same text on every boot. A comment that was put
 * above them changes nothing but numbers of lines.
 */
function contentOf(code: Code, programs: readonly ProgramCode[]): string {
  const { functions, references, data, kernelStructs: own, sharedTypes, opaqueStructs } = code
  return JSON.stringify({
    btf: createHash('sha256').update(code.btf.bytes).digest('hex'),
    instructions: createHash('sha256').update(code.instructions).digest('hex'),
    functions,
    references: [...references],
    data: data.map(({ typeId, isArena }) => [typeId, isArena]),
    sections: code.sections.map(({ name, start }) => [name, start]),
    lines: createHash('sha256')
      .update(JSON.stringify(programs.map(({ lines }) => lines)))
      .digest('hex'),
    sets: [own, sharedTypes, opaqueStructs].map((set) => [...(set ?? [])].sort((a, b) => a - b)),
  })
}
