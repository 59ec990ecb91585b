/** The names that every cell has without imports, and what `import … from 'cryoscope'` gives in a notebook. */
import type { BootOptions } from '../../machine/options.js'
import { live as openLive, open as openTarget } from '../../session/open.js'
import type { AnyGuest } from '../../session/untyped.js'
import { currentSignal } from './cell-scope.js'
import { adopt } from './sessions.js'

export { analyzeFile as casts } from '../../bpf/cast/analyze.js'
export * from '../../index.js'
export type { AnyGuest, AnyMap } from '../../session/untyped.js'
export { clearOutput, type Display, type DisplayHandle, display, prompt } from './display/display.js'
export { type Browsable, browse } from './live/browse.js'
export { controlBar } from './live/control-bar.js'
export type { LiveView } from './live/live-view.js'
export { type ProgressBar, progress, progressBar } from './live/progress.js'
export { rateChart } from './live/rates.js'
export { timeBar } from './live/time-bar.js'
export { watch } from './live/watch.js'
export * from './pictures.js'
export * as widgets from './widgets/models.js'

/**
 * Opens a target: a dump file, or `@name` of a guest that was left running.
 *
 * @example vm = await open('vmcore')
 */
export async function open(target: string): Promise<AnyGuest> {
  return adopt(await openTarget(target))
}

/**
 * Starts a guest and opens it. It ends with the notebook's kernel.
 *
 * @example vm = await boot({ kernel: '7.0', run: [['./my_scheduler']] })
 */
export async function boot(options: BootOptions = {}): Promise<AnyGuest> {
  const guest = await import('../../session/guest.js')
  const signal = currentSignal()
  return adopt(await guest.boot({ ...(signal === undefined ? {} : { signal }), ...options }))
}

/**
 * Opens a guest that another program runs, by its QMP socket; what was stopped runs again when the session is closed.
 *
 * @example vm = await attach('/run/my-vm/qmp.sock')
 */
export async function attach(socket: string): Promise<AnyGuest> {
  const guest = await import('../../session/guest.js')
  return adopt(await guest.attach(socket))
}

/**
 * Opens the kernel that runs this notebook, as far as the user may read it. It cannot be frozen.
 *
 * @example vm = await live()
 */
export async function live(): Promise<AnyGuest> {
  return adopt(await openLive())
}

/**
 * Starts the demo guest, which runs the example scheduler and a load, and freezes it. Where CRYOSCOPE_DEMO names a
 * target, that is opened in its place.
 *
 * @example vm = await demo()
 */
export async function demo(options: BootOptions = {}): Promise<AnyGuest> {
  const { CRYOSCOPE_DEMO: target } = process.env
  if (target !== undefined && target !== '') {
    const session = await open(target)
    if (session.state === 'running') await session.freeze()
    return session
  }
  const { demoGuest } = await import('../demo-guest.js')
  const session = await boot(await demoGuest(options))
  await session.freeze()
  return session
}
