import { closeSync, ftruncateSync } from 'node:fs'
import koffi from 'koffi'
import { CryoscopeError } from '../../errors.js'

const MFD_CLOEXEC = 1

let create: ((name: string, flags: number) => number) | undefined

/** A nameless file in memory that holds a guest's RAM, for as long as somebody has it open (memfd_create(2)). */
export class MemoryFile {
  readonly size: number
  readonly fd: number
  /** Where this process, and none that it starts, can open it. */
  readonly path: string

  constructor(size: number) {
    create ??= koffi.load(null).func('int memfd_create(const char *, unsigned int)') as unknown as (
      name: string,
      flags: number,
    ) => number
    const fd = create('cryoscope-ram', MFD_CLOEXEC)
    if (fd < 0) {
      throw new CryoscopeError('environment', 'this kernel gives no memory files (memfd_create)')
    }
    this.size = size
    this.fd = fd
    this.path = `/proc/self/fd/${fd}`
    ftruncateSync(fd, size)
  }

  /** Makes all of it zeros. No process may run on it. */
  clear(): void {
    ftruncateSync(this.fd, 0)
    ftruncateSync(this.fd, this.size)
  }

  close(): void {
    closeSync(this.fd)
  }
}
