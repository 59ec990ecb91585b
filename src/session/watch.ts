import { TouchedMemory } from '../memory/touched.js'
import type { PhysicalRange } from '../memory/types.js'
import { Session } from './session.js'

/**
 * The same target, of which it is noted what is read. The kernel is found before that, so that looking for it does not
 * count; `touched` gives what was read since.
 */
export function watch(session: Session): { readonly session: Session; touched(): PhysicalRange[] } {
  const { info } = session.kernel
  const memory = new TouchedMemory(session.target.memory)
  const { text: vmcoreinfo, physical: noteAt } = info
  const watched = new Session({ ...session.target, memory, vmcoreinfo, noteAt })
  return { session: watched, touched: () => memory.touched() }
}
