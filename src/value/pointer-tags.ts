import type { PointerType } from '../btf/types.js'

/** Tags of pointers that are followed for one CPU at a time. */
export const perCpuTags: readonly string[] = ['percpu', 'percpu_kptr']

/** Type tags stand between a pointer and its target; several may stack. */
export function tagsOf(pointer: PointerType): string[] {
  const tags: string[] = []
  let at = pointer.target
  for (let n = 0; n < 64; n++) {
    if (at.kind === 'type_tag') tags.push(at.name)
    else if (at.kind !== 'const' && at.kind !== 'volatile' && at.kind !== 'restrict') break
    at = at.target
  }
  return tags
}
