import type { Btf } from '../../btf/btf.js'
import { sizeOf, strip } from '../../btf/layout.js'
import type { CType, StructType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'

/** The structs of a program's BTF that are the kernel's. */
export interface KernelStructs {
  /** Ids of those whose name the running kernel has. */
  readonly all: ReadonlySet<number>
  /** Those of them that the program describes otherwise than the kernel that runs. */
  readonly different: ReadonlySet<number>
}

const deepestNesting = 16

/**
 * Which structs of a program's BTF the kernel or its modules have too. Loaded instructions access them by the running
 * kernel's offsets (CO-RE, Documentation/bpf/llvm_reloc.rst), not by those that the program's BTF gives.
 */
export function kernelStructs(kernel: Kernel, types: Btf): KernelStructs {
  const all = new Set<number>()
  const different = new Set<number>()
  const files = [kernel.types, ...moduleTypes(kernel)]
  for (const kind of ['struct', 'union'] as const) {
    for (const type of types.types(kind)) {
      const name = flavorless(type.name)
      if (name === '' || (type.kind !== 'struct' && type.kind !== 'union')) continue
      const own = files.flatMap((file) => file.findAll(name, kind))
      if (own.length === 0) continue
      all.add(type.id)
      if (!own.some((candidate) => isSameStruct(type, candidate))) different.add(type.id)
    }
  }
  return { all, different }
}

/** A name without the suffix that tells local versions of a kernel's struct apart: `task_struct___old`. */
export function flavorless(name: string): string {
  const at = name.indexOf('___')
  return at > 0 ? name.slice(0, at) : name
}

function moduleTypes(kernel: Kernel): Btf[] {
  const found: Btf[] = []
  for (const object of kernel.btfObjects.all(kernel.problems)) {
    if (object.isKernel && object.name !== 'vmlinux') found.push(kernel.btfObjects.types(object.address))
  }
  return found
}

/** Whether two structs are laid out alike, with the same names; of structs in them, their names and sizes count. */
export function isSameStruct(a: StructType, b: StructType, depth = deepestNesting): boolean {
  return (
    a.kind === b.kind &&
    a.size === b.size &&
    a.members.length === b.members.length &&
    a.members.every((member, n) => {
      const other = b.members[n]
      return (
        other !== undefined &&
        member.name === other.name &&
        member.bitOffset === other.bitOffset &&
        member.bitSize === other.bitSize &&
        isSameType(member.type, other.type, depth - 1)
      )
    })
  )
}

/** Types that are laid out alike; of structs with names, what they are inside is another question. */
function isSameType(a: CType, b: CType, depth: number): boolean {
  if (depth <= 0) return false
  const [x, y] = [strip(a), strip(b)]
  if (x.kind === 'pointer' && y.kind === 'pointer') return isSameTarget(x.target, y.target)
  if (x.kind === 'array' && y.kind === 'array') {
    return x.length === y.length && isSameType(x.element, y.element, depth - 1)
  }
  const isStruct = x.kind === 'struct' || x.kind === 'union'
  if (isStruct && (y.kind === 'struct' || y.kind === 'union')) {
    if (x.name === '' && y.name === '') return isSameStruct(x, y, depth - 1)
    return x.kind === y.kind && flavorless(x.name) === y.name && x.size === y.size
  }
  return x.kind === y.kind && sizeOf(x) === sizeOf(y)
}

function isSameTarget(a: CType, b: CType): boolean {
  const [x, y] = [strip(a), strip(b)]
  const named = (type: CType) => ['struct', 'union', 'forward'].includes(type.kind)
  if (named(x) || named(y)) return named(x) && named(y) && flavorless(x.name) === y.name
  return x.kind === y.kind
}
