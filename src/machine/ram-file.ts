import { readdirSync, readFileSync, statSync } from 'node:fs'
import { asFileOffset } from '../brands.js'
import { CryoscopeError } from '../errors.js'
import type { RamRange } from './memory-tree.js'
import type { QmpClient } from './qmp.js'
import { hostAddress, ramBlocks } from './ram-blocks.js'

/** Guest RAM as a file that open(2) takes for as long as the guest lives. */
export interface RamFile {
  readonly path: string
  /** Size of the file in bytes. It is sparse: look for data with SEEK_DATA. */
  readonly size: number
  /** Sorted by physical address. */
  readonly ranges: readonly RamRange[]
}

/**
 * Finds the files behind the RAM of a QEMU process and how they are laid out: one, or one for each NUMA node and DIMM. The
 * guest's firmware must have run. Throws 'environment' where some of the RAM is in no file that is shared.
 */
export async function findRamFiles(qmp: QmpClient, qemuPid: number): Promise<RamFile[]> {
  const blocks = await ramBlocks(qmp)
  const shared = blocks.filter(({ isShared }) => isShared)
  if (shared.length < blocks.length || shared.length === 0) {
    throw new CryoscopeError(
      'environment',
      'the RAM of this QEMU is not a shared file; start it with -object memory-backend-memfd,id=ram,size=…,share=on -machine …,memory-backend=ram',
    )
  }
  const found: RamFile[] = []
  for (const block of shared) {
    const { ranges } = block
    const place = await hostAddress(qmp, block)
    const file = place === undefined ? undefined : fileAt(qemuPid, place.address, place.offset)
    if (file === undefined) {
      throw new CryoscopeError(
        'environment',
        `cannot find the file of RAM at physical 0x${(ranges[0]?.physical ?? 0).toString(16)} of process ${qemuPid} under /proc`,
      )
    }
    found.push({ ...file, ranges: rangesOfFile(ranges, file.shift) })
  }
  return found
}

/** The largest of these files: guests of ours have one. */
export async function findRamFile(qmp: QmpClient, qemuPid: number): Promise<RamFile> {
  const [file] = await findRamFiles(qmp, qemuPid)
  if (file === undefined) throw new CryoscopeError('guest', 'QEMU tells of no RAM in its memory tree')
  return file
}

/** A backend may be a part of a file. */
function rangesOfFile(ranges: readonly RamRange[], shift: number): RamRange[] {
  return ranges.map((range) => ({ ...range, offset: asFileOffset(range.offset + shift) }))
}

/**
 * The file that a process has mapped at an address (proc(5), maps), by one of its open files. `shift` is where the backend
 * begins in it; `offset` is that of the address in the backend.
 */
function fileAt(
  pid: number,
  address: number,
  offset: number,
): { path: string; size: number; shift: number } | undefined {
  for (const line of mapsOf(pid).split('\n')) {
    const [, from, to, at, major, minor, inode] =
      /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+)/.exec(line) ?? []
    if (from === undefined || to === undefined || at === undefined || inode === undefined) continue
    const start = Number.parseInt(from, 16)
    if (!(address >= start && address < Number.parseInt(to, 16)) || inode === '0') continue
    const device = `${Number.parseInt(major ?? '', 16)}:${Number.parseInt(minor ?? '', 16)}`
    const file = openFileOf(pid, device, Number(inode))
    return file && { ...file, shift: Number.parseInt(at, 16) + (address - start) - offset }
  }
  return undefined
}

function mapsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1')
  } catch (cause) {
    throw new CryoscopeError('environment', `cannot look at process ${pid}; run as the user who started it`, {
      cause,
    })
  }
}

/** The open file of a process with this device ("major:minor") and inode. */
function openFileOf(pid: number, device: string, inode: number): { path: string; size: number } | undefined {
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${name}`
    try {
      const status = statSync(path)
      if (status.isFile() && status.ino === inode && deviceText(status.dev) === device)
        return { path, size: status.size }
    } catch {
      // Closed between listing and looking.
    }
  }
  return undefined
}

/** gnu_dev_major and gnu_dev_minor of glibc. */
function deviceText(dev: number): string {
  const wide = BigInt(dev)
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n)
  const minor = (wide & 0xffn) | ((wide >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}
