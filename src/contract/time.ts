import type { KernelClocks } from '../kernel/clocks.js'
import { jsonOf } from './shape.js'

/** The kernel's clocks, nanoseconds. */
export const clocksJson = jsonOf<KernelClocks>()({
  realtime: 'integer',
  monotonic: 'integer',
  boottime: 'integer',
})
