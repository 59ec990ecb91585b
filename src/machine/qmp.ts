import { createConnection, type Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { Shape } from './qmp-shape.js'
import { abortable, delay, within } from './wait.js'

/** An asynchronous message of QEMU (docs/interop/qmp-spec.txt). `microseconds` is the host's wall clock. */
export interface QmpEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
  readonly microseconds: number
}

export interface WaitOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface QmpOptions extends WaitOptions {
  /** Why QEMU says nothing, when that can be told: its process is stopped. */
  readonly whySilent?: (() => string | undefined) | undefined
}

interface Pending {
  readonly command: string
  resolve(value: unknown): void
  reject(error: Error): void
}

// A reply is small; the biggest, `info mtree`, is some tens of KiB.
const longestLine = 32 * 1024 * 1024
/** What may come while a reply is awaited: a guest that is reset all the time sends some KiB of events a second. */
const mostUnasked = 64 * 1024 * 1024
/** QEMU answers the first command at once, unless the machine is loaded. */
const handshakeMilliseconds = 5000
/** A command that says nothing else may take so long. QEMU holds all replies back while it writes to a slow disk. */
const usualMilliseconds = 60_000
/** After so long one asks whether QEMU can answer at all. */
const silenceMilliseconds = 2000
const longestText = 500

/** Thrown when a monitor exists but another program holds it. */
export class MonitorBusyError extends CryoscopeError {}

/** Thrown when QEMU went away in the middle; how the guest ended says more. */
export class ConnectionLostError extends CryoscopeError {}

/** A client of QEMU's machine protocol. It keeps the process alive only while a reply is awaited. */
export class QmpClient {
  /** Resolves with the reason once the connection is over. */
  readonly closed: Promise<Error>
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  readonly #decoder = new StringDecoder('utf8')
  readonly #path: string
  /** Set once the process behind the socket is known. */
  whySilent: () => string | undefined
  /** A line that has not ended, in the pieces it came in: joined once, however many there are. */
  readonly #parts: string[] = []
  #length = 0
  #unasked = 0
  #nextId = 1
  #failure: Error | undefined
  #greeted: () => void = () => {}
  #greetingFailed: (error: Error) => void = () => {}
  #finish: (reason: Error) => void = () => {}

  private constructor(socket: Socket, path: string, whySilent: () => string | undefined) {
    this.#socket = socket
    this.#path = path
    this.whySilent = whySilent
    this.closed = new Promise((resolve) => {
      this.#finish = resolve
    })
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (cause) => this.#fail(lost(path, cause)))
    socket.on('close', () =>
      this.#fail(
        new ConnectionLostError('guest', `the monitor at ${escapeText(path)} closed the connection`),
      ),
    )
  }

  /** Connects to one monitor. QEMU greets whom it serves; no greeting within the limit means that it serves another. */
  static async connect(
    path: string,
    { timeoutMs = 5000, signal, whySilent = () => undefined }: QmpOptions = {},
  ): Promise<QmpClient> {
    const socket = await abortable(openUnixSocket(path), signal)
    const client = new QmpClient(socket, path, whySilent)
    const greeting = new Promise<void>((resolve, reject) => {
      client.#greeted = resolve
      client.#greetingFailed = reject
    })
    try {
      const busy = () => client.#stopped() ?? new MonitorBusyError('guest', busyText(path))
      await abortable(within(greeting, timeoutMs, busy), signal)
      await client.execute('qmp_capabilities', {}, { signal, timeoutMs: handshakeMilliseconds })
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  /** The same where others may be ahead of us, at the socket of a QEMU that is not ours. */
  static async connectPatiently(
    path: string,
    { timeoutMs = 5000, signal, whySilent }: QmpOptions = {},
  ): Promise<QmpClient> {
    const end = performance.now() + timeoutMs
    for (;;) {
      try {
        const rest = Math.max(1, end - performance.now())
        return await QmpClient.connect(path, { timeoutMs: rest, signal, whySilent })
      } catch (error) {
        if (!(error instanceof MonitorBusyError) || performance.now() >= end) throw error
      }
      await delay(20, signal)
    }
  }

  /** Runs a command and gives its `return`. An `error` reply becomes a CryoscopeError with QEMU's words. */
  execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    { timeoutMs = usualMilliseconds, signal }: WaitOptions = {},
  ): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#nextId++
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject })
    })
    this.#socket.ref()
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    const giveUp = () => {
      this.#pending.delete(id)
      if (this.#pending.size === 0) this.#socket.unref()
    }
    const late = () => {
      giveUp()
      return (
        this.#stopped() ??
        new CryoscopeError('guest', `QEMU did not answer ${command} within ${timeoutText(timeoutMs)}`)
      )
    }
    // A process that is stopped stays so: nobody has to wait for the whole limit to hear it.
    const watch = setInterval(() => {
      const stopped = this.#stopped()
      if (stopped === undefined) return
      this.#pending.get(id)?.reject(stopped)
      giveUp()
    }, silenceMilliseconds)
    watch.unref()
    const limited = within(reply, timeoutMs, late).finally(() => clearInterval(watch))
    return abortable(limited, signal)
  }

  /** Runs a command whose reply must have a shape. */
  async ask<T>(
    command: string,
    shape: Shape<T>,
    args: Readonly<Record<string, unknown>> = {},
    options: WaitOptions = {},
  ): Promise<T> {
    const reply = await this.execute(command, args, options)
    if (shape(reply)) return reply
    throw new CryoscopeError(
      'guest',
      `what answers at ${escapeText(this.#path)} gives no proper reply to ${command}; give the path of QEMU's own QMP socket`,
    )
  }

  /** Runs a line of the human monitor and gives its output with plain line ends. */
  async monitor(line: string, options: WaitOptions = {}): Promise<string> {
    const output = await this.execute('human-monitor-command', { 'command-line': line }, options)
    if (typeof output !== 'string') throw new CryoscopeError('guest', `QEMU gave no text for "${line}"`)
    return output.replaceAll('\r\n', '\n')
  }

  /** Calls the listener for every event from now on; the result ends that. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#fail(new CryoscopeError('guest', `the connection to ${escapeText(this.#path)} was closed`))
  }

  #receive(chunk: Buffer): void {
    this.#unasked = this.#pending.size === 0 ? 0 : this.#unasked + chunk.length
    const text = this.#decoder.write(chunk)
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) {
      this.#parts.push(line)
      const whole = this.#parts.splice(0).join('').trim()
      this.#length = 0
      if (whole !== '') this.#handle(whole)
      if (this.#failure !== undefined) return
    }
    this.#parts.push(rest)
    this.#length += rest.length
    if (this.#length > longestLine || this.#unasked > mostUnasked) this.#fail(this.#notQmp())
  }

  #handle(line: string): void {
    const message = parseObject(line)
    if (message === undefined) {
      this.#fail(this.#notQmp())
    } else if ('QMP' in message) {
      this.#greeted()
    } else if (typeof message.event === 'string') {
      const event = {
        event: message.event,
        data: record(message.data),
        microseconds: timestamp(message),
      }
      for (const listener of [...this.#listeners]) listener(event)
    } else {
      this.#answer(message)
    }
  }

  #answer(message: Readonly<Record<string, unknown>>): void {
    const id = message.id
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined
    // An error without an id is about a line that QEMU could not read at all: the two ends no longer agree.
    if (pending === undefined) {
      if (id === undefined && 'error' in message) this.#fail(this.#notQmp())
      return
    }
    this.#pending.delete(id as number)
    this.#unasked = 0
    if (this.#pending.size === 0) this.#socket.unref()
    if ('error' in message) {
      const description = record(message.error).desc
      pending.reject(new CryoscopeError('guest', `QEMU refused ${pending.command}: ${safeText(description)}`))
    } else {
      pending.resolve(message.return)
    }
  }

  #stopped(): CryoscopeError | undefined {
    const why = this.whySilent()
    return why === undefined ? undefined : new CryoscopeError('guest', `QEMU does not answer: ${why}`)
  }

  #notQmp(): Error {
    return new CryoscopeError(
      'guest',
      `what answers at ${escapeText(this.#path)} does not speak QMP; give the path of a QMP socket`,
    )
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#greetingFailed(error)
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
    this.#socket.destroy()
    this.#finish(error)
  }
}

/** What a broken connection to a socket of QEMU is told as. */
export function lost(path: string, cause: Error): ConnectionLostError {
  return new ConnectionLostError('guest', `the connection to ${escapeText(path)} broke: ${cause.message}`, {
    cause,
  })
}

/** Connects to a unix socket, with sentences for the ways in which that fails. */
export function openUnixSocket(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path })
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => reject(explain(path, error)))
  })
}

function explain(path: string, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'ENOENT':
      return new CryoscopeError('not-found', `there is no socket ${escapeText(path)}`, { cause: error })
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return new CryoscopeError('not-found', `nobody listens at ${escapeText(path)}; its QEMU has ended`, {
        cause: error,
      })
    case 'EAGAIN':
      return new MonitorBusyError(
        'guest',
        `too many programs wait for ${escapeText(path)}; close one of them`,
        {
          cause: error,
        },
      )
    default:
      return new CryoscopeError('guest', `cannot connect to ${escapeText(path)}: ${error.message}`, {
        cause: error,
      })
  }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function timestamp(message: Readonly<Record<string, unknown>>): number {
  const { seconds, microseconds } = record(message.timestamp)
  return Number(seconds) * 1e6 + Number(microseconds)
}

/** Words of QEMU, or of whatever answers instead. */
function safeText(words: unknown): string {
  const text = escapeText(typeof words === 'string' ? words : 'without saying why')
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text
}

function timeoutText(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${milliseconds / 1000} s`
}

/** What to do about a monitor that does not greet. Libvirt never lets go of its own. */
function busyText(path: string): string {
  const place = `the monitor at ${escapeText(path)}`
  return path.includes('/libvirt/')
    ? `${place} is in use by another program; libvirt keeps it: give the domain a second one (docs/dumps.md says how), or open what virsh dump --memory-only writes`
    : `${place} does not greet: it is in use by another program (close that one or wait), or it is no QMP socket`
}
