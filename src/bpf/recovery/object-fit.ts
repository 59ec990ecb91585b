import type { Btf } from '../../btf/btf.js'
import type { StructType } from '../../btf/types.js'
import { isSameStruct } from './kernel-structs.js'
import type { LoadedProgram } from './loaded-programs.js'
import type { ObjectFile } from './object-file.js'

/** How close an object of a file comes to programs that are loaded, where its types are not theirs. */
export interface ObjectFit {
  /** What the file calls the object: the symbol or section that holds it. */
  readonly object: string
  /** Names of the loaded programs. */
  readonly programs: readonly string[]
  /** Functions by their names: of the loaded programs, and how many of them the object has too. */
  readonly functions: number
  readonly sameFunctions: number
  /** Structs that both have, and that differ. */
  readonly different: readonly string[]
}

interface Loaded {
  readonly types: Btf
  readonly programs: readonly LoadedProgram[]
}

/** Less in common than this says that the file has nothing to do with the programs. */
const leastShare = 1 / 3

/** The object of a file that fits loaded programs best; undefined when none has much in common with any. */
export function closestFit(file: ObjectFile, loaded: readonly Loaded[]): ObjectFit | undefined {
  let best: { readonly share: number; readonly fit: ObjectFit } | undefined
  for (const { types, programs } of loaded) {
    const names = functionNames(types)
    for (const { name, types: own } of file.contents) {
      const others = functionNames(own)
      const same = [...names].filter((one) => others.has(one)).length
      const share = same / Math.max(names.size, others.size, 1)
      if (share < leastShare || share <= (best?.share ?? 0)) continue
      const fit = {
        object: name,
        programs: programs.map((program) => program.name),
        functions: names.size,
        sameFunctions: same,
        different: differentStructs(types, own),
      }
      best = { share, fit }
    }
  }
  return best?.fit
}

/** Functions that the code has itself: what it takes from the kernel says little. */
function functionNames(types: Btf): Set<string> {
  const found = new Set<string>()
  for (const type of types.types('function')) {
    if (type.kind === 'function' && type.linkage !== 'extern' && type.id >= types.startId)
      found.add(type.name)
  }
  return found
}

function differentStructs(types: Btf, others: Btf): string[] {
  const found: string[] = []
  for (const type of types.types('struct')) {
    if (type.kind !== 'struct' || type.name === '' || type.id < types.startId) continue
    const same = others.findAll(type.name, 'struct') as StructType[]
    if (same.length > 0 && !same.some((other) => isSameStruct(type, other))) found.push(type.name)
  }
  return found
}

/** A sentence: which object of the file it is, and what says that it is another build. */
export function fitText({ object, programs, functions, sameFunctions, different }: ObjectFit): string {
  const [first = ''] = programs
  const more = programs.length > 1 ? ` and ${programs.length - 1} more` : ''
  const named = different.slice(0, 3).map((name) => `struct ${name}`)
  const rest = different.length > named.length ? ` and ${different.length - named.length} more` : ''
  const differs =
    different.length === 0
      ? 'its types have other numbers'
      : `${named.join(', ')}${rest} ${different.length === 1 ? 'differs' : 'differ'}`
  return `its object ${object} comes closest to ${first}${more}, with ${sameFunctions} of ${functions} functions, but ${differs}: it is another build`
}
