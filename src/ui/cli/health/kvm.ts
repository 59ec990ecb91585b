import { CryoscopeError } from '../../../errors.js'
import type { Accelerator } from '../../../machine/accelerator.js'
import type { Check } from './check.js'
import { asRoot, type Surroundings } from './surroundings.js'

/** Whether guests run on KVM. `choose` tries it; throws CryoscopeError where it cannot even be tried. */
export async function kvmCheck(around: Surroundings, choose: () => Promise<Accelerator>): Promise<Check> {
  const check = { name: 'kvm', needed: false }
  if (around.device('/dev/kvm') === 'closed') {
    // Root's shell has another name there.
    const user = around.program('sudo') === undefined ? 'YOU' : '"$USER"'
    return {
      ...check,
      state: 'missing',
      found: '/dev/kvm is there, but this user may not open it; guests are emulated',
      fix: `${asRoot(around, `usermod -aG kvm ${user}`)}, then log in again`,
    }
  }
  try {
    const { kind, reason } = await choose()
    return { ...check, state: kind === 'kvm' ? 'ok' : 'missing', found: reason }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { ...check, state: 'missing', found: `cannot be tried: ${error.message}` }
  }
}
