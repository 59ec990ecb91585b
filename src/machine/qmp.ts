import { createConnection, type Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { CryoscopeError } from '../errors.js'
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

interface Pending {
  readonly command: string
  resolve(value: unknown): void
  reject(error: Error): void
}

// A reply is small; the biggest, `info mtree`, is some tens of KiB.
const longestLine = 32 * 1024 * 1024

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
  #line = ''
  #nextId = 1
  #failure: Error | undefined
  #greeted: () => void = () => {}
  #greetingFailed: (error: Error) => void = () => {}
  #finish: (reason: Error) => void = () => {}

  private constructor(socket: Socket, path: string) {
    this.#socket = socket
    this.#path = path
    this.closed = new Promise((resolve) => {
      this.#finish = resolve
    })
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', (cause) => this.#fail(lost(path, cause)))
    socket.on('close', () =>
      this.#fail(new ConnectionLostError('guest', `the monitor at ${path} closed the connection`)),
    )
  }

  /** Connects to one monitor. QEMU greets whom it serves; no greeting within the limit means that it serves another. */
  static async connect(path: string, { timeoutMs = 2000, signal }: WaitOptions = {}): Promise<QmpClient> {
    const socket = await abortable(openUnixSocket(path), signal)
    const client = new QmpClient(socket, path)
    const greeting = new Promise<void>((resolve, reject) => {
      client.#greeted = resolve
      client.#greetingFailed = reject
    })
    try {
      const busy = () => new MonitorBusyError('guest', busyText(path))
      await abortable(within(greeting, timeoutMs, busy), signal)
      await client.execute('qmp_capabilities', {}, { signal })
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  /** Connects to the first of several monitors of one guest that is free. */
  static async connectAny(
    paths: readonly string[],
    { timeoutMs = 5000, signal }: WaitOptions = {},
  ): Promise<QmpClient> {
    const end = performance.now() + timeoutMs
    // Patience grows: a loaded machine greets late, and a busy monitor never does.
    for (let patience = 250; ; patience *= 2) {
      for (const path of paths) {
        try {
          return await QmpClient.connect(path, { timeoutMs: patience, signal })
        } catch (error) {
          if (!(error instanceof MonitorBusyError)) throw error
        }
      }
      if (performance.now() >= end) break
      await delay(20, signal)
    }
    throw new MonitorBusyError(
      'guest',
      paths.length === 1
        ? busyText(paths[0] ?? '')
        : `all ${paths.length} monitors of the guest are in use; close one of the programs that look at it`,
    )
  }

  /** Runs a command and gives its `return`. An `error` reply becomes a CryoscopeError with QEMU's words. */
  execute(
    command: string,
    args: Readonly<Record<string, unknown>> = {},
    { timeoutMs, signal }: WaitOptions = {},
  ): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#nextId++
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { command, resolve, reject })
    })
    this.#socket.ref()
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    const late = () => new CryoscopeError('guest', `QEMU did not answer ${command} within ${timeoutMs} ms`)
    return abortable(timeoutMs === undefined ? reply : within(reply, timeoutMs, late), signal)
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
    this.#fail(new CryoscopeError('guest', `the connection to ${this.#path} was closed`))
  }

  #receive(chunk: Buffer): void {
    this.#line += this.#decoder.write(chunk)
    let start = 0
    for (;;) {
      const end = this.#line.indexOf('\n', start)
      if (end < 0) break
      const line = this.#line.slice(start, end).trim()
      start = end + 1
      if (line !== '') this.#handle(line)
      if (this.#failure !== undefined) return
    }
    this.#line = this.#line.slice(start)
    if (this.#line.length > longestLine) this.#fail(this.#notQmp())
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
    if (this.#pending.size === 0) this.#socket.unref()
    if ('error' in message) {
      const description = record(message.error).desc
      pending.reject(new CryoscopeError('guest', `QEMU refused ${pending.command}: ${String(description)}`))
    } else {
      pending.resolve(message.return)
    }
  }

  #notQmp(): Error {
    return new CryoscopeError(
      'guest',
      `what answers at ${this.#path} does not speak QMP; give the path of a QMP socket`,
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
  return new ConnectionLostError('guest', `the connection to ${path} broke: ${cause.message}`, { cause })
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
      return new CryoscopeError('not-found', `there is no socket ${path}`, { cause: error })
    case 'ECONNREFUSED':
    case 'ENOTSOCK':
      return new CryoscopeError('not-found', `nobody listens at ${path}; its QEMU has ended`, {
        cause: error,
      })
    case 'EAGAIN':
      return new MonitorBusyError('guest', `too many programs wait for ${path}; close one of them`, {
        cause: error,
      })
    default:
      return new CryoscopeError('guest', `cannot connect to ${path}: ${error.message}`, { cause: error })
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

/** What to do about a monitor that serves another program. Libvirt never lets go of its own. */
function busyText(path: string): string {
  const advice = path.includes('/libvirt/')
    ? 'libvirt keeps it: give the domain a second one (docs/dumps.md says how), or open what virsh dump --memory-only writes'
    : 'close that one or wait'
  return `the monitor at ${path} is in use by another program; ${advice}`
}
