import koffi from 'koffi'

export type Pointer = unknown

interface Libc {
  mmap(at: Pointer, length: number, protection: number, flags: number, fd: number, offset: number): Pointer
  munmap(at: Pointer, length: number): number
  lseek(fd: number, offset: number, whence: number): number
  fcntl(fd: number, command: number, argument: number): number
}

let libc: Libc | undefined

/** What of the C library Node has no words for. */
export function system(): Libc {
  if (libc === undefined) {
    const library = koffi.load(null)
    libc = {
      mmap: library.func('void *mmap(void *, size_t, int, int, int, int64_t)') as Libc['mmap'],
      munmap: library.func('int munmap(void *, size_t)') as Libc['munmap'],
      lseek: library.func('int64_t lseek(int, int64_t, int)') as Libc['lseek'],
      fcntl: library.func('int fcntl(int, int, int)') as Libc['fcntl'],
    }
  }
  return libc
}
