import { closeSync, writeSync } from 'node:fs'
import { CryoscopeError } from '../../../errors.js'
import type { Binding, BindingOptions } from '../binding.js'
import { detachMount } from '../unmounting.js'
import { openDevice } from './open.js'
import { inHeaderSize, largestWrite, Request } from './protocol.js'
import { Responder } from './responder.js'
import { errorNumber, lastError, libc } from './system.js'

const POLLIN = 1
const O_CLOEXEC = 0o2000000
const O_NONBLOCK = 0o4000
const F_SETFL = 4
/** Nanoseconds for which the next request is waited for on the spot: it costs a third of what waiting in a thread does. */
const patience = 200_000
/** Milliseconds of requests before others of this process have their turn. */
const turn = 8
/** /dev/fuse refuses reads into less than the largest request. */
const bufferSize = largestWrite + 4096

/** Mounts through /dev/fuse and answers from this process's event loop until `unmount`. */
export async function bindDevice(options: BindingOptions): Promise<Binding> {
  const device = await openDevice(options)
  const loop = new Loop(device, new Responder(device, options))
  return {
    ended: loop.run(),
    async unmount() {
      try {
        await detachMount(options.directory)
      } finally {
        await loop.end()
      }
    },
  }
}

/** Reads requests as long as there are some, and waits for the next in a thread. */
class Loop {
  readonly #device: number
  readonly #responder: Responder
  readonly #buffer = Buffer.alloc(bufferSize)
  /** A byte in here ends the waiting. */
  readonly #wake: readonly [reader: number, writer: number]
  readonly #done: Promise<void>
  #noteDone: () => void = () => {}
  /** Of what is waited for: the device, and the pipe. */
  readonly #waiting: Buffer
  readonly #patience = Buffer.alloc(16)
  #isEnding = false

  constructor(device: number, responder: Responder) {
    this.#device = device
    libc().fcntl(device, F_SETFL, O_NONBLOCK)
    this.#responder = responder
    const pair = Buffer.alloc(8)
    if (libc().pipe2(pair, O_CLOEXEC) !== 0) {
      closeSync(device)
      throw new CryoscopeError('environment', 'cannot mount: no more files can be opened; see ulimit -n')
    }
    this.#wake = [pair.readInt32LE(0), pair.readInt32LE(4)]
    this.#waiting = waitingFor([device, this.#wake[0]])
    this.#patience.writeBigInt64LE(BigInt(patience), 8)
    this.#done = new Promise((resolve) => {
      this.#noteDone = resolve
    })
  }

  async run(): Promise<void> {
    try {
      while (await this.#take()) await libc().poll(this.#waiting, 2, -1)
    } finally {
      this.#responder.end()
      // Whoever waits for an answer gets an error.
      closeSync(this.#device)
      for (const end of this.#wake) closeSync(end)
      this.#noteDone()
    }
  }

  /** Answers what is there; false when the mount is gone. */
  async #take(): Promise<boolean> {
    let start = performance.now()
    let wasAsked = false
    while (!this.#isEnding) {
      const length = libc().read(this.#device, this.#buffer, this.#buffer.length)
      if (length < 0) {
        const why = lastError()
        if (why === errorNumber.EAGAIN) {
          if (!wasAsked || !this.#isAskedSoon()) return true
          wasAsked = false
          // ENOENT: whoever asked was interrupted before we could read it.
        } else if (why !== errorNumber.ENOENT && why !== errorNumber.EINTR) return false
      } else if (length >= inHeaderSize) {
        this.#responder.take(new Request(this.#buffer.subarray(0, length)))
        wasAsked = true
      }
      if (performance.now() - start < turn) continue
      await new Promise(setImmediate)
      start = performance.now()
    }
    return false
  }

  /** Whoever has his answer asks on at once, as a rule. */
  #isAskedSoon(): boolean {
    return libc().ppoll(this.#waiting, 1, this.#patience, null) > 0
  }

  async end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true
      try {
        writeSync(this.#wake[1], '.')
      } catch {
        // It has ended by itself.
      }
    }
    await this.#done
  }
}

/** struct pollfd: int fd, short events, short revents. */
function waitingFor(descriptors: readonly number[]): Buffer {
  const entries = Buffer.alloc(descriptors.length * 8)
  for (const [index, descriptor] of descriptors.entries()) {
    entries.writeInt32LE(descriptor, index * 8)
    entries.writeInt32LE(POLLIN, index * 8 + 4)
  }
  return entries
}
