/** The thread with the control and heartbeat sockets. */
import { parentPort, workerData } from 'node:worker_threads'
import type * as Zeromq from 'zeromq'
import { requireForNotebooks } from '../notebook-packages.js'
import { addressOf } from './connection.js'
import type { ControlSetup, FromControl, ToControl } from './control.js'
import { decodeMessage, encodeMessage, type Message, WireError } from './message.js'
import { SendQueue } from './send-queue.js'

const { Reply, Router } = requireForNotebooks()('zeromq') as typeof Zeromq

/** Loops of cells notice the flag at once. Library and native code does not: it gets the signal. */
const signalAfterMs = 250

const { connection, session, flag, processId } = workerData as ControlSetup
const word = new Int32Array(flag)
const control = new Router({ linger: 500 })
const heartbeat = new Reply({ linger: 0 })
const replies = new SendQueue(control)

function tell(message: FromControl): void {
  parentPort?.postMessage(message)
}

parentPort?.on('message', (message: ToControl) => {
  if (message !== 'close') {
    void replies.send(message.map((frame) => Buffer.from(frame)))
    return
  }
  void replies.idle.then(() => {
    control.close()
    heartbeat.close()
    parentPort?.close()
  })
})

async function echo(): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames)
}

async function listen(): Promise<void> {
  for await (const frames of control) {
    const message = decoded(frames)
    if (message === undefined) continue
    if (message.header.msg_type === 'interrupt_request') interrupt(message)
    else tell(frames)
  }
}

function decoded(frames: Buffer[]): Message | undefined {
  try {
    return decodeMessage(connection.key, frames)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

function interrupt(request: Message): void {
  Atomics.store(word, 0, 1)
  const { ids, header: parent } = request
  const reply = { type: 'interrupt_reply', content: { status: 'ok' }, ids, parent }
  void replies.send(encodeMessage(connection.key, session, reply))
  tell('interrupt')
  setTimeout(() => {
    if (Atomics.load(word, 0) !== 0) process.kill(processId, 'SIGINT')
  }, signalAfterMs)
}

await control.bind(addressOf(connection, 'control'))
await heartbeat.bind(addressOf(connection, 'hb'))
tell('ready')
void echo()
void listen()
