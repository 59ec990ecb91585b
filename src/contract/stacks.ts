import type { KernelStack } from '../sched/stack-frame.js'
import { jsonOf } from './shape.js'

/** A kernel stack, innermost frame first. */
export const stackJson = jsonOf<KernelStack>()({ frames: { address: 'address' }, userAddress: 'address' })
export type StackJson = ReturnType<typeof stackJson>
