import type { Check } from './check.js'
import { packageAdvice, type Surroundings } from './surroundings.js'

/** A program, and the Debian package that has it. */
export function programCheck(
  name: string,
  purpose: string,
  debianPackage: string,
  around: Surroundings,
  needed = false,
): Check {
  const path = around.program(name)
  const check = { name, needed }
  if (path !== undefined) return { ...check, state: 'ok', found: `${path}, ${purpose}` }
  return {
    ...check,
    state: 'missing',
    found: purpose,
    fix: packageAdvice(debianPackage, around),
    remedy: { kind: 'package', name: debianPackage },
  }
}
