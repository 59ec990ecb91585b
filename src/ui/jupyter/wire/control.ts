import { Worker } from 'node:worker_threads'
import type { Connection } from './connection.js'

/** What the thread is told when it starts. */
export interface ControlSetup {
  readonly connection: Connection
  readonly session: string
  /** One 32-bit word: 1 from an interrupt until the cell has noticed. */
  readonly flag: SharedArrayBuffer
  readonly processId: number
}

/** What the thread says: a request that the kernel has to answer, or that it was interrupted. */
export type FromControl = 'ready' | 'interrupt' | readonly Uint8Array[]
/** What the thread is given: a reply to send, or that it shall end. */
export type ToControl = 'close' | readonly Uint8Array[]

export interface ControlThread {
  readonly ready: Promise<void>
  send(frames: readonly Buffer[]): void
  close(): Promise<void>
}

const flag = new SharedArrayBuffer(4)
const word = new Int32Array(flag)

/** Starts the thread with the control and heartbeat sockets: they answer while a cell keeps the main thread busy. */
export function startControl(
  connection: Connection,
  session: string,
  to: { frames(frames: readonly Buffer[]): void; interrupt(): void },
): ControlThread {
  const workerData: ControlSetup = { connection, session, flag, processId: process.pid }
  const worker = new Worker(new URL('./control-worker.js', import.meta.url), { workerData })
  let resolve: () => void
  let reject: (error: Error) => void
  const ready = new Promise<void>((done, failed) => {
    resolve = done
    reject = failed
  })
  worker.on('message', (message: FromControl) => {
    if (message === 'ready') resolve()
    else if (message === 'interrupt') to.interrupt()
    else to.frames(message.map((frame) => Buffer.from(frame)))
  })
  worker.on('error', (error) => reject(error))
  const ended = new Promise<void>((done) => worker.once('exit', () => done()))
  return {
    ready,
    send: (frames) => worker.postMessage(frames satisfies ToControl),
    close: async () => {
      worker.postMessage('close' satisfies ToControl)
      await ended
    },
  }
}

/** Whether an interrupt came that nothing has noticed yet. */
export function isInterrupted(): boolean {
  return word[0] !== 0
}

/** The same, and it is noticed now. */
export function takeInterrupt(): boolean {
  return word[0] !== 0 && Atomics.exchange(word, 0, 0) !== 0
}
