import type { Input, Patch } from './input.js'

/** Whether an input still shows the fault. */
export type Shows = (input: Input) => Promise<boolean>

export interface Budget {
  /** By performance.now(). */
  readonly end: number
}

/**
 * The smallest damage that still shows a fault: whole patches and frames go first, then bytes of patches, then the cut moves to the
 * end. What is left when the time is over is as good as it got.
 */
export async function shrink(
  input: Input,
  baseLength: number | undefined,
  shows: Shows,
  { end }: Budget,
): Promise<Input> {
  let best = input
  const isLate = (): boolean => performance.now() > end
  const attempt = async (candidate: Input): Promise<boolean> => {
    if (isLate() || !(await shows(candidate))) return false
    best = candidate
    return true
  }
  if (best.length !== undefined) {
    if (await attempt({ ...best, length: undefined })) {
      // It was never about the cut.
    } else if (baseLength !== undefined)
      await latestCut(best.length, baseLength, (length) => attempt({ ...best, length }))
  }
  for (let size = best.patches.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.patches.length && !isLate(); ) {
      if (
        best.patches.length === 0 ||
        !(await attempt({ ...best, patches: without(best.patches, at, size) }))
      )
        at += size
    }
  }
  for (let at = 0; at < best.absent.length && best.absent.length > 1; ) {
    if (!(await attempt({ ...best, absent: without(best.absent, at, 1) }))) at++
  }
  for (let i = 0; i < best.patches.length; i++) {
    const patch = best.patches[i] as Patch
    if (patch.bytes.length === 1) continue
    for (const smaller of pieces(patch)) {
      if (await attempt({ ...best, patches: replaced(best.patches, i, smaller) })) {
        i--
        break
      }
    }
  }
  return best
}

/** A patch without its first or last half, or first or last byte. */
function pieces({ at, bytes }: Patch): Patch[] {
  const half = bytes.length >> 1
  return [
    { at, bytes: bytes.slice(0, half) },
    { at: at + half, bytes: bytes.slice(half) },
    { at, bytes: bytes.slice(0, -1) },
    { at: at + 1, bytes: bytes.slice(1) },
  ]
}

function without<T>(list: readonly T[], at: number, count: number): T[] {
  return [...list.slice(0, at), ...list.slice(at + count)]
}

function replaced<T>(list: readonly T[], at: number, value: T): T[] {
  return list.map((element, i) => (i === at ? value : element))
}

/** A cut as near to the end as it may be: by halves. */
async function latestCut(
  from: number,
  to: number,
  shows: (length: number) => Promise<boolean>,
): Promise<void> {
  let low = from
  let high = to
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (await shows(middle)) low = middle
    else high = middle
  }
}
