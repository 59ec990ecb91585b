import type { CType } from '../btf/types.js'

/** A type as `type` prints it. */
export interface TypeJson {
  /** In C. */
  readonly name: string
  readonly kind: string
  /** Bytes; null for what has none. */
  readonly size: number | null
  /** In C, or TypeScript where that was asked for. */
  readonly declaration: string
}

/** One of several types of a name. */
export interface NamedTypeJson extends TypeJson {
  /** What --id takes. */
  readonly id: string
  /** The BTF that it is of. */
  readonly of: string
}

/** What a type is called, how large it is and how it is declared is for its writers to say. */
export function typeJson(
  { kind }: CType,
  { name, size, declaration }: { name: string; size: number | undefined; declaration: string },
): TypeJson {
  return { name, kind, size: size ?? null, declaration }
}

/** The first of the types that have the name, and the others. */
export function namedTypesJson([first, ...alternatives]: readonly [
  NamedTypeJson,
  ...NamedTypeJson[],
]): NamedTypeJson & {
  readonly alternatives: readonly NamedTypeJson[]
} {
  return { ...first, alternatives }
}
