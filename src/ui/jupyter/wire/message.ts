import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { jsonLine } from '../../../contract/json.js'

/** A message of the Jupyter protocol, version 5.3 (jupyter-client's "Messaging in Jupyter"). */
export interface Message {
  /** Routing frames of a ROUTER socket: whom to answer. */
  readonly ids: readonly Buffer[]
  readonly header: Header
  readonly parent: Partial<Header>
  readonly metadata: Record<string, unknown>
  readonly content: Record<string, unknown>
  readonly buffers: readonly Uint8Array[]
}

export interface Header {
  readonly msg_id: string
  readonly msg_type: string
  readonly session: string
  readonly username: string
  readonly date: string
  readonly version: string
}

/** What a message to send is made of. */
export interface Outgoing {
  readonly type: string
  readonly content: unknown
  readonly ids?: readonly Buffer[]
  readonly parent?: Partial<Header> | undefined
  readonly metadata?: unknown
  readonly buffers?: readonly Uint8Array[] | undefined
}

/** A message that is none, or is not signed with our key. */
export class WireError extends Error {}

export const protocolVersion = '5.3'
const delimiter = Buffer.from('<IDS|MSG>')

/** Throws WireError for frames that are no message signed with `key`. Buffers are not signed, as the protocol says. */
export function decodeMessage(key: string, frames: readonly Buffer[]): Message {
  const split = frames.findIndex((frame) => frame.equals(delimiter))
  if (split < 0) throw new WireError('a message without <IDS|MSG>')
  const [signature, header, parent, metadata, content, ...buffers] = frames.slice(split + 1)
  if (!signature || !header || !parent || !metadata || !content)
    throw new WireError('a message with too few frames')
  if (key !== '' && !same(signature, Buffer.from(sign(key, [header, parent, metadata, content])))) {
    throw new WireError('a message with a wrong signature')
  }
  const head = object(header)
  if (typeof head.msg_type !== 'string' || typeof head.msg_id !== 'string') {
    throw new WireError('a message whose header has no type or no id')
  }
  return {
    ids: frames.slice(0, split),
    header: head as unknown as Header,
    parent: object(parent) as Partial<Header>,
    metadata: object(metadata),
    content: object(content),
    buffers,
  }
}

export function encodeMessage(key: string, session: string, message: Outgoing): Buffer[] {
  const header: Header = {
    msg_id: randomUUID(),
    msg_type: message.type,
    session,
    username: 'kernel',
    date: new Date().toISOString(),
    version: protocolVersion,
  }
  const parts = [header, message.parent ?? {}, message.metadata ?? {}, message.content].map(json)
  const buffers = (message.buffers ?? []).map((view) =>
    Buffer.from(view.buffer, view.byteOffset, view.byteLength),
  )
  return [...(message.ids ?? []), delimiter, Buffer.from(sign(key, parts)), ...parts, ...buffers]
}

function sign(key: string, parts: readonly Buffer[]): string {
  if (key === '') return ''
  const hash = createHmac('sha256', key)
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function same(given: Buffer, wanted: Buffer): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function object(frame: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(frame.toString())
  } catch (cause) {
    throw new WireError('a message whose parts are no JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WireError('a message whose parts are no JSON objects')
  }
  return value as Record<string, unknown>
}

/** Wide integers by the contract's rule; NaN and infinities are null. */
function json(value: unknown): Buffer {
  return Buffer.from(jsonLine(value))
}
