/** One line of `doctor`. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'missing'
  /** False: only some commands need it, and `found` says which. */
  readonly needed: boolean
  readonly found: string
  /** The command that helps, for a person. */
  readonly fix?: string
  /** The same for `doctor --fix`; absent for what only a person can do. */
  readonly remedy?: Remedy
  /** Large, and few need it: `doctor --fix` brings it only when it is named. */
  readonly isExtra?: boolean
}

export type Remedy =
  /** A Debian package. */
  | { readonly kind: 'package'; readonly name: string }
  /** A command that only root may run. */
  | { readonly kind: 'root'; readonly program: string; readonly words: readonly string[] }
  /** What any user can fetch into his cache. */
  | { readonly kind: 'fetch'; readonly what: Fetched }

export type Fetched = 'kernel' | 'bpftool' | 'busybox'
