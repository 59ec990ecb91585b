import { CryoscopeError } from '../../errors.js'

/** Linux error numbers (include/uapi/asm-generic/errno-base.h), negative as FUSE wants them. */
export const errno = {
  ENOENT: -2,
  EIO: -5,
  EBADF: -9,
  EACCES: -13,
  EISDIR: -21,
  ENOTDIR: -20,
  EINVAL: -22,
  EFBIG: -27,
  EROFS: -30,
  ERANGE: -34,
  ENOSYS: -38,
  ENODATA: -61,
  EOPNOTSUPP: -95,
  ESTALE: -116,
} as const

/** A file operation that fails with an error number. */
export class FileError extends Error {
  readonly errno: number

  constructor(name: keyof typeof errno) {
    super(name)
    this.errno = errno[name]
  }
}

/** What a failure is to whoever reads or writes a file. */
export function errnoOf(error: unknown): number {
  if (error instanceof FileError) return error.errno
  if (error instanceof CryoscopeError) {
    if (error.code === 'usage' || error.code === 'state') return errno.EINVAL
    return error.code === 'not-found' ? errno.ENOENT : errno.EIO
  }
  return errno.EIO
}
