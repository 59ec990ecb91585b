import { randomUUID } from 'node:crypto'

/** A message of a comm: a channel between an object here and one in the browser. */
export interface CommMessage {
  readonly data: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
  readonly buffers: readonly Uint8Array[]
}

export interface CommOutgoing {
  readonly type: 'comm_open' | 'comm_msg' | 'comm_close'
  readonly content: unknown
  readonly metadata?: unknown
  readonly buffers?: readonly Uint8Array[] | undefined
}

export class Comm {
  readonly id: string
  readonly target: string
  readonly #manager: CommManager
  onMessage: (message: CommMessage) => void | Promise<void> = () => {}
  onClose: () => void = () => {}

  /** Made by CommManager alone. */
  constructor(manager: CommManager, target: string, id: string) {
    this.#manager = manager
    this.target = target
    this.id = id
  }

  send(data: unknown, metadata: unknown = {}, buffers: readonly Uint8Array[] = []): void {
    this.#manager.publish({ type: 'comm_msg', content: { comm_id: this.id, data }, metadata, buffers })
  }

  close(): void {
    this.#manager.close(this)
  }
}

/** The comms of a kernel, by id, and the targets that front ends may open. */
export class CommManager {
  readonly #comms = new Map<string, Comm>()
  readonly #targets = new Map<string, (comm: Comm, opening: CommMessage) => void | Promise<void>>()
  readonly publish: (message: CommOutgoing) => void

  constructor(publish: (message: CommOutgoing) => void) {
    this.publish = publish
  }

  /** Opens a comm from this side. */
  open(
    target: string,
    { id = newId(), data = {}, metadata = {}, buffers = [] as readonly Uint8Array[] } = {},
  ): Comm {
    const comm = new Comm(this, target, id)
    this.#comms.set(id, comm)
    const content = { comm_id: id, target_name: target, data }
    this.publish({ type: 'comm_open', content, metadata, buffers })
    return comm
  }

  close(comm: Comm): void {
    if (!this.#comms.delete(comm.id)) return
    this.publish({ type: 'comm_close', content: { comm_id: comm.id, data: {} } })
  }

  /** What front ends may open. */
  register(target: string, accept: (comm: Comm, opening: CommMessage) => void | Promise<void>): void {
    this.#targets.set(target, accept)
  }

  /** The content of a comm_info_reply. */
  info(target: unknown): { readonly status: 'ok'; readonly comms: Record<string, { target_name: string }> } {
    const wanted = [...this.#comms.values()].filter(
      (comm) => typeof target !== 'string' || target === '' || comm.target === target,
    )
    return {
      status: 'ok',
      comms: Object.fromEntries(wanted.map((comm) => [comm.id, { target_name: comm.target }])),
    }
  }

  /** Takes a comm message of a front end. A target that nobody knows is closed at once, as the protocol says. */
  async take(type: string, content: Readonly<Record<string, unknown>>, rest: Rest): Promise<void> {
    const data = (content.data ?? {}) as Record<string, unknown>
    const message = { data, ...rest }
    const id = String(content.comm_id)
    if (type === 'comm_open') {
      const target = String(content.target_name)
      const comm = new Comm(this, target, id)
      this.#comms.set(id, comm)
      const accept = this.#targets.get(target)
      if (accept === undefined) comm.close()
      else await accept(comm, message)
      return
    }
    const comm = this.#comms.get(id)
    if (comm === undefined) return
    if (type === 'comm_close') {
      this.#comms.delete(id)
      comm.onClose()
    } else await comm.onMessage(message)
  }
}

type Rest = Omit<CommMessage, 'data'>

export function newId(): string {
  return randomUUID().replaceAll('-', '')
}
