import { takeLock } from './file-lock.js'

// Others hold it for the length of one step or run, and dozens may wait in line for it.
const usualPatience = 30_000

/**
 * Takes the guest's only place at the gdb stub; the result gives it back. Whoever queued at the stub's socket instead
 * would stop the guest when their turn came, long after they went away.
 */
export async function lockGdb(
  path: string,
  signal?: AbortSignal,
  patience = usualPatience,
): Promise<() => void> {
  return await takeLock(path, { patience, signal, holderIs: 'is stepping or running the guest' })
}
