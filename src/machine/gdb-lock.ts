import { takeLock } from './file-lock.js'

// Others hold it for the length of one step or run; a person who waits longer wants to know.
const patience = 2000

/**
 * Takes the guest's only place at the gdb stub; the result gives it back. Whoever queued at the stub's socket instead
 * would stop the guest when their turn came, long after they went away.
 */
export async function lockGdb(path: string, signal?: AbortSignal): Promise<() => void> {
  return await takeLock(path, { patience, signal, holderIs: 'is stepping or running the guest' })
}
