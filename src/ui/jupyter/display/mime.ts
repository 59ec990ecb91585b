/** The same thing in several formats; a front end shows the richest that it knows. */
export interface MimeBundle {
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata?: Readonly<Record<string, unknown>>
  /** `display_id`, by which a later one replaces this one. */
  readonly transient?: Readonly<Record<string, unknown>>
}

/** The method by which any object says how a notebook shows it; Deno's kernel asks for the same. */
export const displayMethod = Symbol.for('Jupyter.display')

export interface Displayable {
  [displayMethod](): Readonly<Record<string, unknown>>
}

export function isDisplayable(value: unknown): value is Displayable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Displayable>)[displayMethod] === 'function'
  )
}
