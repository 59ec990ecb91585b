import type { Value } from '../../../value/types.js'

/** Something that can be opened: where Enter leads, what a mark remembers, what goto finds. */
export type Target =
  | { readonly kind: 'map'; readonly id: number }
  | { readonly kind: 'entry'; readonly map: number; readonly key: Uint8Array; readonly name: string }
  | { readonly kind: 'program'; readonly id: number }
  | { readonly kind: 'listing'; readonly program: number; readonly form: 'xlated' | 'jited' }
  | { readonly kind: 'arena'; readonly id: number }
  | { readonly kind: 'arena-place'; readonly arena: number; readonly place: number }
  | { readonly kind: 'allocator'; readonly name: string }
  | { readonly kind: 'slot'; readonly allocator: string; readonly index: number }
  | { readonly kind: 'container'; readonly arena: number; readonly name: string }
  | { readonly kind: 'task'; readonly pid: number; readonly address?: bigint }
  | { readonly kind: 'queue'; readonly address?: bigint; readonly id?: bigint; readonly name?: string }
  | { readonly kind: 'runqueue'; readonly cpu: number }
  | { readonly kind: 'vcpu'; readonly index: number }
  | { readonly kind: 'type'; readonly name: string }
  /** Whatever lies there: the best that is known of the address. */
  | { readonly kind: 'address'; readonly address: bigint }
  | { readonly kind: 'bytes'; readonly address: bigint }
  /** The function that the address lies in, as instructions. */
  | { readonly kind: 'code'; readonly address: bigint }
  | { readonly kind: 'value'; readonly title: string; readonly id: string; readonly read: () => Value }
  | { readonly kind: 'text'; readonly title: string; readonly read: () => readonly string[] }
  | { readonly kind: 'tab'; readonly tab: string }

/** Whether both lead to the same thing; what has to be read for it is not compared. */
export function isSameTarget(a: Target, b: Target): boolean {
  const plain = (target: Target) =>
    JSON.stringify(target, (_, value: unknown) =>
      typeof value === 'bigint'
        ? `0x${value.toString(16)}`
        : value instanceof Uint8Array
          ? [...value]
          : value,
    )
  return a === b || plain(a) === plain(b)
}
