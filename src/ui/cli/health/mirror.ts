import { CryoscopeError } from '../../../errors.js'
import type { Check } from './check.js'

/** Where kernels and tools come from. `reach` reads what is there, and says where; throws CryoscopeError. */
export async function mirrorCheck(reach: () => Promise<string>): Promise<Check> {
  const check = { name: 'kernel mirror', needed: false }
  try {
    return { ...check, state: 'ok', found: `${await reach()}, for guest kernels` }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    const fix =
      'name a mirror in CRYOSCOPE_DEBIAN_MIRROR, or a kernel of your own: cryoscope boot --kernel PATH'
    return { ...check, state: 'missing', found: error.message, fix }
  }
}
