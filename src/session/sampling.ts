import { CryoscopeError } from '../errors.js'
import type { Frame } from '../frame/frame.js'
import { frame } from '../frame/list.js'
import type { Session } from './session.js'

/** How often to look, and for how long, in milliseconds of the guest's time. */
export interface Sampling {
  readonly every: { readonly ms: number }
  readonly for: { readonly ms: number }
  readonly signal?: AbortSignal
}

/** What a look at the guest gives: members become columns. */
export type Sample = object | readonly object[]

const mostSamples = 1_000_000

/**
 * Lets a frozen guest run slice by slice and looks at it between them. Each row begins with `ms`, how long the guest has run
 * since the first row, `sliceMs`, how long its last slice really was, and `overMs`, by how much that is more than was asked for.
 * A row is what `look` gives; a list gives several of one moment. The guest is frozen before and after.
 */
export async function sampleOverTime(vm: Session, sampling: Sampling, look: () => Sample): Promise<Frame> {
  const { every, for: whole, signal } = sampling
  if (!(every?.ms > 0) || !(whole?.ms >= every.ms) || whole.ms / every.ms > mostSamples) {
    throw new CryoscopeError(
      'usage',
      `say how often and how long: vm.record({ every: { ms: 5 }, for: { ms: 2000 } }, () => ({ … })), at most ${mostSamples} times`,
    )
  }
  if (vm.state === 'dump') throw new CryoscopeError('state', `${vm.target.name} is a dump and does not run`)
  if (vm.state === 'running') await vm.freeze(signal === undefined ? {} : { signal })
  const rows: object[] = []
  const take = (ms: number, sliceMs: number | null, overMs: number | null): void => {
    for (const seen of [look()].flat() as object[]) rows.push({ ms, sliceMs, overMs, ...seen })
  }
  let ms = 0
  take(ms, null, null)
  while (ms < whole.ms) {
    const stop = await vm.advance({ ms: every.ms }, signal === undefined ? {} : { signal })
    const sliceMs = stop.elapsedMicroseconds === undefined ? every.ms : stop.elapsedMicroseconds / 1000
    ms += sliceMs
    if (stop.reason === 'interrupted') {
      throw new CryoscopeError('guest', `interrupted after ${rows.length} looks; the guest is frozen`)
    }
    take(round(ms), round(sliceMs), round(sliceMs - every.ms))
  }
  return frame(rows)
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
