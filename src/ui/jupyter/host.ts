import type { CommManager } from './comm.js'
import type { MimeBundle } from './display/mime.js'
import type { Header, Outgoing } from './wire/message.js'

/** What code in cells reaches of the kernel that runs it. */
export interface Host {
  readonly comms: CommManager
  readonly output: { readonly parent: Partial<Header>; send(message: Outgoing): void }
  display(bundle: MimeBundle, update?: boolean): void
  /** A line that somebody types below the running cell. */
  ask(question: string, isSecret: boolean): Promise<string>
  /** Into the reply to the running cell: the front end opens its pager. */
  page(bundle: MimeBundle): void
}

let current: Host | undefined

export function setHost(host: Host): void {
  current = host
}

export function host(): Host {
  if (current === undefined) throw new Error('this works in a notebook only')
  return current
}
