import { CryoscopeError } from '../../../errors.js'
import type { Check } from './check.js'

const patience = 60

/**
 * Where kernels come from. `reach` asks there now, until the signal says that nobody waits any longer, and tells what is there;
 * throws CryoscopeError.
 */
export async function mirrorCheck(
  reach: (signal: AbortSignal) => Promise<string>,
  signal = AbortSignal.timeout(patience * 1000),
): Promise<Check> {
  const check = { name: 'kernel mirror', needed: false }
  try {
    return { ...check, state: 'ok', found: await reach(signal) }
  } catch (error) {
    const isLate = signal.aborted && error === signal.reason
    if (!isLate && !(error instanceof CryoscopeError)) throw error
    const found = isLate ? `it does not answer within ${patience} seconds` : (error as CryoscopeError).message
    const fix =
      'name a mirror in CRYOSCOPE_DEBIAN_MIRROR, or a kernel of your own: cryoscope boot --kernel PATH'
    return { ...check, state: 'missing', found, fix }
  }
}
