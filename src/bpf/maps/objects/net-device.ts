import type { Kernel } from '../../../kernel/kernel.js'
import { named, type Unnamed } from './named-object.js'
import type { ProgramName } from './program.js'

export interface NetDeviceName {
  readonly kind: 'net_device'
  readonly address: bigint
  readonly ifindex: number
  /** As ip link shows it. */
  readonly name: string
  /** Of a slot of a devmap: runs on packets that go there. */
  readonly program?: ProgramName | Unnamed | undefined
}

/** A struct net_device (include/linux/netdevice.h). */
export function nameNetDevice(kernel: Kernel, address: bigint): NetDeviceName | Unnamed {
  return named('net_device', address, () => {
    const device = kernel.struct('net_device', address)
    return { kind: 'net_device', address, ifindex: device.number('ifindex'), name: device.text('name') }
  })
}
