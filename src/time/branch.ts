import { CryoscopeError } from '../errors.js'
import { Machine } from '../machine/machine.js'
import { type GuestRecord, guestFiles } from '../machine/registry.js'
import type { Journey } from './journey.js'

const mostTries = 4

/**
 * The debugger's control of the process in which a journey is held: it is stopped exactly there, and leaves the record. Of memory
 * that was written to nothing is undone.
 */
export async function branchFrom(
  journey: Journey,
  directory: string,
  guest: GuestRecord,
  isWritten: boolean,
): Promise<Machine> {
  const { hold } = journey
  if (hold === undefined)
    throw new CryoscopeError('guest', 'the guest of this record does not run; go to a place of it')
  // A stop ends one block after the hold, so the hold is moved one block back; what was written stays where it is.
  if (!isWritten) await stopAt(journey, hold.instructions, hold.previous)
  else await journey.run.stop()
  const { run } = journey
  const { gdb: socket, gdbLock: lock } = guestFiles(directory)
  return await Machine.over({
    label: `guest @${guest.name}`,
    record: guest,
    qemu: run.qemu,
    qmp: run.qmp,
    directory,
    child: undefined,
    disown: () => {},
    gdb: async () => ({ socket, lock }),
  })
}

async function stopAt(journey: Journey, instructions: number, previous: number): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    await journey.goTo(previous)
    const moment = await journey.run.stop()
    if (moment?.instructions === instructions) return
  }
  throw new CryoscopeError(
    'guest',
    'the guest cannot be stopped exactly here: this machine is too busy; try again',
  )
}
