import { CryoscopeError } from '../../errors.js'
import type { Session } from '../../session/session.js'
import { PromptTypes } from '../typescript/prompt-types.js'

/** Types for a prompt; undefined where this installation has no declarations, which costs the checks and no more. */
export function startTypes(session: Session): PromptTypes | undefined {
  try {
    return new PromptTypes(session)
  } catch (error) {
    if (error instanceof CryoscopeError) return undefined
    throw error
  }
}
