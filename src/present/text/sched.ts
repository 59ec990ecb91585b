import type { Capability } from '../../sched/caps.js'
import type { CidTables } from '../../sched/cids.js'
import { cpuList } from '../../value/mask.js'

/** "enq: cids 0-1; preempt: none". */
export function capsText(caps: readonly Capability[]): string {
  return caps
    .map(({ name, cids }) => `${name}: ${cids.length === 0 ? 'none' : `cids ${cpuList(cids)}`}`)
    .join('; ')
}

/** "0 is CPU 0, 1 is CPU 4; shard 0 is cids 0-1 of node 0". */
export function cidsText({ cids, shards }: CidTables): string {
  const numbers = cids.every(({ cid, cpu }) => cid === cpu)
    ? 'numbered as CPUs are'
    : cids.map(({ cid, cpu }) => `${cid} is CPU ${cpu}`).join(', ')
  const groups = shards.map(({ shard, firstCid, cids: count, node }) => {
    const range = cpuList(Array.from({ length: Math.max(0, Math.min(count, 8192)) }, (_, i) => firstCid + i))
    return `shard ${shard} is cids ${range}${node === undefined ? '' : ` of node ${node}`}`
  })
  return [numbers, ...groups].join('; ')
}
