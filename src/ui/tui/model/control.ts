import type { Stop, StopCondition } from '../../../session/target.js'
import { escapeText } from '../../../text.js'
import { durationText } from '../../../units.js'
import type { Cockpit } from './cockpit.js'
import type { Place } from './row.js'
import { watchedLength } from './stops.js'

/** Why the guest cannot be controlled, or stands in the wrong state for it. */
export function unlessGuest(cockpit: Cockpit): string | undefined {
  return cockpit.vm.target.control === undefined
    ? `${cockpit.vm.target.name} is a dump: it does not run (boot or demo start a guest that does)`
    : undefined
}

export function unlessFrozen(cockpit: Cockpit): string | undefined {
  return unlessGuest(cockpit) ?? (cockpit.isLive ? 'the guest runs; freeze it first (f)' : undefined)
}

export function freezeOrThaw(cockpit: Cockpit): void {
  const { vm } = cockpit
  if (cockpit.isLive) {
    cockpit.operate('freezing', async (signal) => {
      await vm.freeze({ signal })
      return 'frozen: what is marked with ~ has changed since the last stop'
    })
  } else {
    cockpit.operate('thawing', async () => {
      await vm.thaw()
      return 'the guest runs; panes show it live'
    })
  }
}

export function advance(cockpit: Cockpit, milliseconds: number): void {
  cockpit.operate(`running for ${milliseconds} ms`, async (signal) => {
    const stop = await cockpit.vm.advance({ ms: milliseconds }, { signal })
    const elapsed = stop.elapsedMicroseconds ?? milliseconds * 1000
    cockpit.rates.clock += elapsed / 1000
    return `ran for ${durationText(elapsed / 1000)}`
  })
}

/** Asks where to stop, and runs until there. */
export function askUntil(cockpit: Cockpit): void {
  cockpit.prompt(
    'run until (symbol, address, or write NAME)',
    (text) => {
      const [, write, where = ''] = /^\s*(?:(write)\s+)?(\S+)\s*$/.exec(text) ?? []
      if (where === '')
        cockpit.say(
          'give a symbol (schedule), an address (0x…), or write and a symbol (write jiffies)',
          'warning',
        )
      else runUntil(cockpit, write === undefined ? where : { write: where }, text.trim())
    },
    { history: cockpit.history.until },
  )
}

/** Runs until a place under the cursor is written. */
export function watch(cockpit: Cockpit, { address, size, name }: Place): void {
  runUntil(cockpit, { write: address, length: watchedLength(size) }, `${name} is written`)
}

function runUntil(cockpit: Cockpit, condition: StopCondition, what: string): void {
  cockpit.operate(`running until ${escapeText(what)}`, async (signal) => {
    const start = performance.now()
    const stop = await cockpit.vm.runUntil(condition, { signal })
    cockpit.rates.clock += performance.now() - start
    return stopText(cockpit, stop)
  })
}

function stopText(cockpit: Cockpit, stop: Stop): string {
  if (stop.cpu === undefined) return `stopped: ${stop.reason}`
  cockpit.cpu = stop.cpu
  const where = cockpit.vm.vcpus.find(({ index }) => index === stop.cpu)?.where ?? 'code without a symbol'
  return `${stop.reason} on vCPU ${stop.cpu}, at ${where}`
}

/** Saves the state of the guest under a name. */
export function checkpoint(cockpit: Cockpit): void {
  cockpit.prompt('save a checkpoint called', (text) => {
    const name = text.trim()
    cockpit.operate('saving a checkpoint', async () => {
      const saved = await cockpit.vm.checkpoint(name === '' ? undefined : name)
      return `saved as ${saved.name}; C goes back to it`
    })
  })
}

/** Goes back to a saved state. */
export function restore(cockpit: Cockpit): void {
  cockpit.operate('looking for checkpoints', async () => {
    const saved = await cockpit.vm.checkpoints()
    if (saved.length === 0) return 'no checkpoints yet: c saves one'
    cockpit.menu(
      'Go back to',
      saved.map(({ name, created, guestMilliseconds }) => ({
        label: name,
        about: `saved ${created}, after ${durationText(guestMilliseconds)} of the guest's time`,
        run: () => {
          cockpit.operate(`restoring ${name}`, async () => {
            await cockpit.vm.restore(name)
            return `the guest is as it was at ${name}`
          })
        },
      })),
    )
    return undefined
  })
}

export function selectCpu(cockpit: Cockpit): void {
  const indices = cockpit.vcpus.map(({ index }) => index)
  cockpit.cpu = indices[(indices.indexOf(cockpit.cpu) + 1) % Math.max(1, indices.length)] ?? 0
  cockpit.refresh(true)
  cockpit.say(`vCPU ${cockpit.cpu} is the one that steps`)
}
