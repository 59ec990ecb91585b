/** Shapes of QMP replies (QEMU's qapi/*.json): what answers at a socket may be anything, so replies are checked. */
export type Shape<T> = (value: unknown) => value is T

type Shaped<S> = S extends Shape<infer T> ? T : never

export const isText: Shape<string> = (value) => typeof value === 'string'
export const isNumber: Shape<number> = (value): value is number =>
  typeof value === 'number' && Number.isFinite(value)
export const isFlag: Shape<boolean> = (value) => typeof value === 'boolean'
/** Commands whose reply says nothing but that they were done. */
export const isAnything: Shape<unknown> = (value): value is unknown => value !== undefined

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || shape(value)
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every((each) => shape(each))
}

/** An object with these members; it may have more. */
export function recordOf<S extends Readonly<Record<string, Shape<unknown>>>>(
  members: S,
): Shape<{ readonly [Name in keyof S]: Shaped<S[Name]> }> {
  return (value): value is { readonly [Name in keyof S]: Shaped<S[Name]> } =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(members).every(([name, shape]) => shape((value as Record<string, unknown>)[name]))
}
