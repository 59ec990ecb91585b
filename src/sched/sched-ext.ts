import { CryoscopeError } from '../errors.js'
import { isUnreadName, lostName } from '../kernel/kernel.js'
import type { SchedContext } from './context.js'
import { valueText } from './flags.js'

const stateVariable = 'scx_enable_state_var'

/** sched_ext as a whole, as /sys/kernel/sched_ext shows it. */
export interface ExtState {
  /** enum scx_enable_state in lower case: enabled, disabled, enabling, disabling. */
  readonly state: string | undefined
  /** Every task of the fair class is sched_ext's. */
  readonly switchedAll: boolean | undefined
  /** Schedulers that were enabled since boot. */
  readonly enableSequence: bigint | undefined
  readonly hotplugSequence: bigint | undefined
  readonly rejectedTasks: bigint | undefined
}

export function readExtState({ kernel, problems, absences }: SchedContext): ExtState {
  const read = <T>(names: readonly string[], value: (at: bigint) => T): T | undefined => {
    const at = names.map((name) => kernel.findSymbol(name)).find((address) => address !== undefined)
    const what = names[0] ?? ''
    if (at === undefined) return absences.lacks(what, `the kernel has no symbol ${names.join(' or ')}`)
    return problems.attempt(what, () => value(at))
  }
  const enumeration = kernel.types.find('scx_enable_state', 'enum')
    ? 'scx_enable_state'
    : 'scx_ops_enable_state'
  return {
    state: read([stateVariable, 'scx_ops_enable_state_var'], (at) => {
      const value = BigInt(kernel.space.i32(at))
      const name = valueText(kernel, enumeration, value)
      if (isUnreadName(name)) throw new CryoscopeError('unreadable', `what ${value} stands for ${lostName}`)
      return name.toLowerCase()
    }),
    // A static key starts with the counter of those who enabled it.
    switchedAll: read(['__scx_switched_all'], (at) => kernel.space.i32(at) > 0),
    enableSequence: read(['scx_enable_seq'], (at) => kernel.space.u64(at)),
    hotplugSequence: read(['scx_hotplug_seq'], (at) => kernel.space.u64(at)),
    rejectedTasks: read(['scx_nr_rejected'], (at) => kernel.space.u64(at)),
  }
}

/** The state in a word: also that this kernel has no sched_ext, or that it cannot be read whether it has. */
export function extStateText(
  state: string | null | undefined,
  absent: readonly { readonly group: string }[],
): string {
  return state ?? (absent.some(({ group }) => group === stateVariable) ? 'not in this kernel' : 'unknown')
}
