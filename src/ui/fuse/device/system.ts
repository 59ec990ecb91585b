/** The system calls that FUSE needs and Node.js does not have. */
import koffi from 'koffi'

interface System {
  mount(source: string, target: string, type: string, flags: number, data: string): number
  umount2(target: string, flags: number): number
  socketpair(domain: number, type: number, protocol: number, pair: Buffer): number
  recvmsg(socket: number, message: Buffer, flags: number): number
  pipe2(pair: Buffer, flags: number): number
  read(fd: number, buffer: Buffer, length: number): number
  /** In a thread of its own. */
  write(fd: number, buffer: Buffer, length: number): Promise<number>
  fcntl(fd: number, command: number, value: number): number
  /** Waits here: nothing else of this process happens meanwhile. `timeout` is a struct timespec. */
  ppoll(entries: Buffer, count: number, timeout: Buffer, signals: null): number
  /** Waits in a thread of its own. */
  poll(entries: Buffer, count: number, timeout: number): Promise<number>
}

export const errorNumber = { EINTR: 4, EAGAIN: 11, ENODEV: 19, ENOENT: 2 } as const

let system: System | undefined

/** libc. Each function returns -1 where it fails; `lastError` says why. */
export function libc(): System {
  if (system === undefined) {
    const library = koffi.load(null)
    const poll = library.func('int poll(void *, unsigned long, int)')
    const write = library.func('int64_t write(int, void *, size_t)')
    const inThread = (
      call: ReturnType<ReturnType<typeof koffi.load>['func']>,
      ...values: unknown[]
    ): Promise<number> =>
      new Promise((resolve, reject) => {
        call.async(...values, (error: Error | null, result: number) => {
          if (error === null || error === undefined) resolve(result)
          else reject(error)
        })
      })
    system = {
      mount: library.func('int mount(str, str, str, unsigned long, str)'),
      umount2: library.func('int umount2(str, int)'),
      socketpair: library.func('int socketpair(int, int, int, void *)'),
      recvmsg: library.func('int64_t recvmsg(int, void *, int)'),
      pipe2: library.func('int pipe2(void *, int)'),
      // It takes further arguments in the same registers whether it is variadic or not.
      fcntl: library.func('int fcntl(int, int, int)'),
      ppoll: library.func('int ppoll(void *, unsigned long, void *, void *)'),
      read: library.func('int64_t read(int, void *, size_t)'),
      poll: (entries, count, timeout) => inThread(poll, entries, count, timeout),
      write: (fd, buffer, length) => inThread(write, fd, buffer, length),
    }
  }
  return system
}

export function lastError(): number {
  return koffi.errno()
}

/** "Operation not permitted", as far as such numbers occur. */
export function errorText(number: number): string {
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0]
  return name ?? `error ${number}`
}
