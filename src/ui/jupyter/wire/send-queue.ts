/** A socket that sends messages of several frames. */
interface Sender {
  send(frames: Buffer[]): Promise<void>
}

/** Sends one message after the other: zeromq takes one at a time and refuses more. */
export class SendQueue {
  readonly #socket: Sender
  #last: Promise<void> = Promise.resolve()

  constructor(socket: Sender) {
    this.#socket = socket
  }

  /** Resolves when the message is with the socket; a message that a closing socket refuses is lost, as it must be. */
  send(frames: Buffer[]): Promise<void> {
    this.#last = this.#last.then(() => this.#socket.send(frames)).catch(() => {})
    return this.#last
  }

  /** Resolves when nothing waits. */
  get idle(): Promise<void> {
    return this.#last
  }
}
