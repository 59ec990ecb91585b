import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import { parseMemoryTree, type RamRange } from './memory-tree.js'
import type { QmpClient } from './qmp.js'

/** Guest RAM as a file that open(2) takes for as long as the guest lives. */
export interface RamFile {
  readonly path: string
  /** Size of the file in bytes. It is sparse: look for data with SEEK_DATA. */
  readonly size: number
  /** Sorted by physical address. */
  readonly ranges: readonly RamRange[]
}

/** Finds the file behind the RAM of a QEMU process and how it is laid out. The guest's firmware must have run. */
export async function findRamFile(qmp: QmpClient, qemuPid: number): Promise<RamFile> {
  const backends = [...parseMemoryTree(await qmp.monitor('info mtree -f'))]
  const files = sharedFiles(qemuPid)
  const described = new Map(
    memoryDevices(await qmp.execute('query-memdev')).map((device) => [device.id, device]),
  )
  const candidates = backends.filter(([id]) => described.get(id)?.share === true)
  const [backend] = candidates.sort((a, b) => total(b[1]) - total(a[1]))
  if (backend === undefined) {
    throw new CryoscopeError(
      'environment',
      'the RAM of this QEMU is not a shared file; start it with -object memory-backend-memfd,id=ram,size=…,share=on -machine …,memory-backend=ram',
    )
  }
  const [id, ranges] = backend
  const size = described.get(id)?.size ?? 0
  const file = files.find((candidate) => candidate.size === size)
  if (file === undefined) {
    throw new CryoscopeError(
      'environment',
      `cannot find the ${size} byte RAM file of process ${qemuPid} under /proc`,
    )
  }
  return { ...file, ranges }
}

function total(ranges: readonly RamRange[]): number {
  return ranges.reduce((sum, { length }) => sum + length, 0)
}

/** Open files of a process that can be guest RAM: memory files without a name, or files that were given one. */
function sharedFiles(pid: number): { path: string; size: number }[] {
  const directory = `/proc/${pid}/fd`
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (cause) {
    throw new CryoscopeError('environment', `cannot look at process ${pid}; run as the user who started it`, {
      cause,
    })
  }
  const files: { path: string; size: number; memory: boolean }[] = []
  for (const name of names) {
    const path = `${directory}/${name}`
    try {
      const target = readlinkSync(path)
      const status = target.startsWith('/') ? statSync(path) : undefined
      if (status?.isFile()) files.push({ path, size: status.size, memory: target.startsWith('/memfd:') })
    } catch {
      // Closed between listing and looking.
    }
  }
  return files.sort((a, b) => Number(b.memory) - Number(a.memory)).map(({ path, size }) => ({ path, size }))
}

function memoryDevices(reply: unknown): { id: string; size: number; share: boolean }[] {
  if (!Array.isArray(reply)) return []
  return reply.flatMap((device: unknown) => {
    const { id, size, share } = Object(device) as Record<string, unknown>
    return typeof id === 'string' && typeof size === 'number' ? [{ id, size, share: share === true }] : []
  })
}
