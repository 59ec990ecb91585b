import { listMaps } from '../bpf/map-info.js'
import { strip } from '../btf/layout.js'
import type { Found } from '../found.js'
import { schedulerOperations } from '../kernel/sched-ext.js'
import { foundBy, hex, noneOf, type SchedContext } from './context.js'
import { type ExitInfo, readExit } from './exit.js'
import { schedulerAddresses } from './schedulers.js'

/** A scheduler that has left, and that its owner holds on to: what it says of its end is in memory as long. */
export interface DepartedScheduler {
  readonly address: bigint
  readonly name: string
  /** Of its struct_ops map. */
  readonly mapId: number
  readonly exit: ExitInfo
}

/**
 * Schedulers that left while their struct_ops maps stayed: since Linux 6.16 the kernel's copy of their operations points at
 * struct scx_sched (sched_ext_ops.priv, kernel/sched/ext.c). The log has the reason of an orderly exit, and not its message.
 */
export function readDeparted(context: SchedContext): Found<DepartedScheduler> {
  const { kernel, absences } = context
  if (kernel.findSymbol('map_idr') === undefined || !kernel.layouts.find('sched_ext_ops')?.has('priv')) {
    absences.lacks('departed schedulers', 'sched_ext_ops has no priv that leads to them')
    return noneOf(context)
  }
  return foundBy(context, (within) => {
    const { problems } = within
    const loaded = new Set(schedulerAddresses(within))
    const maps = problems.attempt('maps', () => listMaps(kernel, problems)) ?? []
    return maps
      .filter(({ type }) => type === 'struct_ops')
      .flatMap(({ id, address, valueType }) => {
        const wrapper = valueType === undefined ? undefined : strip(valueType)
        const data = wrapper?.kind === 'struct' ? wrapper.member('data') : undefined
        const type = data === undefined ? undefined : strip(data.type)
        // Since Linux 7.3 there are operations that number CPUs otherwise.
        const member = type?.kind === 'struct' ? schedulerOperations[type.name] : undefined
        if (data === undefined || type?.kind !== 'struct' || member === undefined) return []
        const found = problems.attempt(`scheduler of map ${id}`, () => {
          const value = kernel.struct('bpf_struct_ops_map', address).at('kvalue')
          const ops = kernel.struct(type.name, value + BigInt(data.offset))
          const own = ops.pointer('priv')
          return own === 0n || loaded.has(own)
            ? undefined
            : readOne(context, own, { mapId: id, name: ops.text('name'), member })
        })
        return found === undefined ? [] : [found]
      })
  })
}

/** Undefined for what is no scheduler of that name any more, or has not left. */
function readOne(
  context: SchedContext,
  address: bigint,
  { mapId, name, member }: { mapId: number; name: string; member: string },
): DepartedScheduler | undefined {
  const sched = context.kernel.struct('scx_sched', address)
  const kind = sched.number('exit_kind')
  if (sched.text(`${member}.name`) !== name || kind === 0) return undefined
  const exit = context.problems.attempt(`scx_sched at ${hex(address)}, exit_info`, () =>
    readExit(context, kind, sched.pointer('exit_info')),
  )
  return exit === undefined ? undefined : { address, name, mapId, exit }
}
