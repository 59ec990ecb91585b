import type * as Zeromq from 'zeromq'
import { requireForNotebooks } from '../notebook-packages.js'
import { addressOf, type Connection } from './connection.js'
import { type ControlThread, startControl } from './control.js'
import { decodeMessage, encodeMessage, type Message, type Outgoing, WireError } from './message.js'
import { SendQueue } from './send-queue.js'

const { Publisher, Router } = requireForNotebooks()('zeromq') as typeof Zeromq

export type RequestChannel = 'shell' | 'control'

export interface Handlers {
  request(channel: RequestChannel, message: Message): void
  /** What somebody typed into a field that a cell asked for. */
  input(message: Message): void
  /** Ctrl-C, as the front end's button sends it. */
  interrupt(): void
}

/** The sockets of a kernel. Shell, stdin and iopub live here, control and heartbeat in a thread that answers always. */
export class Channels {
  readonly #connection: Connection
  readonly #session: string
  readonly #handlers: Handlers
  readonly #shell = new Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 500 })
  readonly #stdin = new Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 0 })
  readonly #iopub = new Publisher({ sendHighWaterMark: 0, linger: 500 })
  readonly #toShell = new SendQueue(this.#shell)
  readonly #toAll = new SendQueue(this.#iopub)
  readonly #toStdin = new SendQueue(this.#stdin)
  #control: ControlThread | undefined

  constructor(connection: Connection, session: string, handlers: Handlers) {
    this.#connection = connection
    this.#session = session
    this.#handlers = handlers
  }

  /**
   * Binds everything before anything is read: a client sends its first request as soon as it can connect, and a socket
   * that is being bound cannot answer.
   */
  async open(): Promise<void> {
    this.#control = startControl(this.#connection, this.#session, {
      frames: (frames) => this.#take(frames, (message) => this.#handlers.request('control', message)),
      interrupt: () => this.#handlers.interrupt(),
    })
    await Promise.all([
      this.#control.ready,
      this.#shell.bind(addressOf(this.#connection, 'shell')),
      this.#stdin.bind(addressOf(this.#connection, 'stdin')),
      this.#iopub.bind(addressOf(this.#connection, 'iopub')),
    ])
    void this.#read(this.#shell, (message) => this.#handlers.request('shell', message))
    void this.#read(this.#stdin, (message) => this.#handlers.input(message))
  }

  publish(message: Outgoing): void {
    void this.#toAll.send(this.#encode({ ids: [Buffer.from(message.type)], ...message }))
  }

  async reply(channel: RequestChannel, request: Message, type: string, content: unknown): Promise<void> {
    const frames = this.#encode({ type, content, ids: request.ids, parent: request.header })
    if (channel === 'control') this.#control?.send(frames)
    else await this.#toShell.send(frames)
  }

  /** Asks the front end that sent a request for a line of text. */
  ask(request: Message, content: unknown): void {
    const message = { type: 'input_request', content, ids: request.ids, parent: request.header }
    void this.#toStdin.send(this.#encode(message))
  }

  /** Resolves when everything is sent and the sockets are closed. */
  async close(): Promise<void> {
    await Promise.all([this.#toShell.idle, this.#toAll.idle])
    for (const socket of [this.#shell, this.#stdin, this.#iopub]) socket.close()
    await this.#control?.close()
  }

  #encode(message: Outgoing): Buffer[] {
    return encodeMessage(this.#connection.key, this.#session, message)
  }

  async #read(socket: AsyncIterable<readonly Buffer[]>, handle: (message: Message) => void): Promise<void> {
    for await (const frames of socket) this.#take(frames, handle)
  }

  #take(frames: readonly Buffer[], handle: (message: Message) => void): void {
    let message: Message
    try {
      message = decodeMessage(this.#connection.key, frames)
    } catch (error) {
      if (error instanceof WireError) return
      throw error
    }
    handle(message)
  }
}
