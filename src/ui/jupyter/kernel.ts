import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type CellScope,
  currentScope,
  foreground,
  InterruptedError,
  interruptRunning,
  runInScope,
} from './cell-scope.js'
import type { Cells } from './cells.js'
import { CommManager } from './comm.js'
import type { MimeBundle } from './display/mime.js'
import { History } from './history.js'
import { Inputs } from './inputs.js'
import { kernelInfo } from './kernel-info.js'
import { Output } from './output.js'
import { type CellError, errorOfThrown } from './tslab/cell-error.js'
import type { CellOutcome } from './tslab/engine.js'
import { Channels, type RequestChannel } from './wire/channels.js'
import type { Connection } from './wire/connection.js'
import type { Message } from './wire/message.js'

/** What the kernel runs cells with. */
export interface KernelParts {
  /** Made after the sockets are bound: the compiler takes a second to load. */
  readonly cells: () => Cells
  readonly format: (value: unknown) => MimeBundle
  /** What has to be there when the first cell runs. */
  readonly prepare?: () => Promise<void>
  /** Called once, before the process ends. */
  readonly end: () => Promise<void>
}

interface Queued {
  readonly channel: RequestChannel
  readonly message: Message
}

/** Requests that are answered before the compiler is loaded. Front ends that open a comm wait for an answer. */
const early = new Set(['kernel_info_request', 'shutdown_request', 'comm_open', 'comm_info_request'])
/** Requests that are still on their way when a cell fails are dropped like those that had arrived. */
const arrivalMs = 10

/** A Jupyter kernel: takes requests, runs cells one after the other, and says what came of it. */
export class Kernel {
  readonly output: Output
  readonly comms: CommManager
  readonly #parts: KernelParts
  readonly #channels: Channels
  readonly #history = new History()
  readonly #inputs = new Inputs()
  readonly #queue: Queued[] = []
  readonly #started = deferred()
  readonly #prepared = deferred()
  #cells: Cells | undefined
  #pages: unknown[] = []
  #count = 0
  #working = false
  #ending = false

  constructor(connection: Connection, parts: KernelParts) {
    this.#parts = parts
    this.#channels = new Channels(connection, randomUUID(), {
      request: (channel, message) => this.#take(channel, message),
      interrupt: () => this.interrupt(),
      input: ({ content }) => this.#inputs.take(String(content.value ?? '')),
    })
    this.output = new Output((message) => this.#channels.publish(message))
    this.comms = new CommManager((message) => this.output.send(message))
  }

  /** Binds, answers who it is, and then loads what runs cells. */
  async start(): Promise<void> {
    await this.#channels.open()
    this.output.send({ type: 'status', content: { execution_state: 'starting' } })
    this.output.takeStandardStreams()
    process.on('unhandledRejection', (reason) => this.#late(reason))
    process.on('uncaughtException', (error) => this.#late(error))
    // The first request of a client is answered before the compiler keeps this thread busy.
    await delay(20)
    this.#cells = this.#parts.cells()
    this.#started.resolve()
    await this.#parts.prepare?.()
    this.#prepared.resolve()
  }

  get cells(): Cells {
    if (this.#cells === undefined) throw new Error('the kernel has not started')
    return this.#cells
  }

  /** Ends what the running cell does: its loops, and what it awaits. */
  interrupt(): void {
    if (interruptRunning()) this.#cells?.interrupt()
  }

  display(bundle: MimeBundle, update = false): void {
    const { data, metadata = {}, transient = {} } = bundle
    const type = update ? 'update_display_data' : 'display_data'
    this.output.send({ type, content: { data, metadata, transient } })
  }

  /** A line that somebody types; the running cell waits for it. */
  async ask(question: string, isSecret: boolean): Promise<string> {
    return await this.#inputs.ask((request) =>
      this.#channels.ask(request, { prompt: question, password: isSecret }),
    )
  }

  page({ data }: MimeBundle): void {
    this.#pages.push({ source: 'page', data, start: 0 })
  }

  /** Closes everything; the process can end then. */
  async end(): Promise<void> {
    if (this.#ending) return
    this.#ending = true
    this.interrupt()
    await this.#parts.end()
    this.#cells?.close()
    this.output.flush()
    await this.#channels.close()
  }

  #take(channel: RequestChannel, message: Message): void {
    const type = message.header.msg_type
    if (type === 'comm_open' && !this.#working) void this.#answer(channel, message)
    else if (
      type === 'execute_request' ||
      type === 'comm_open' ||
      type === 'comm_msg' ||
      type === 'comm_close'
    ) {
      this.#queue.push({ channel, message })
      void this.#work()
    } else void this.#answer(channel, message)
  }

  /** Cells and messages of widgets wait for each other: no callback runs inside a running cell. */
  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    await this.#prepared.promise
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#answer(next.channel, next.message)
      }
    } finally {
      this.#working = false
    }
  }

  async #answer(channel: RequestChannel, message: Message): Promise<void> {
    const parent = message.header
    const state = (execution_state: string) =>
      this.output.send({ type: 'status', content: { execution_state }, parent })
    if (!early.has(message.header.msg_type)) await this.#started.promise
    state('busy')
    const scope = { request: message, abort: new AbortController() }
    try {
      await runInScope(scope, () => this.#dispatch(channel, message, scope))
    } catch (error) {
      // A callback of a widget failed; what belongs to cells was caught before.
      if (!(error instanceof InterruptedError)) this.#showError(this.#describe(error))
    } finally {
      state('idle')
    }
    if (message.header.msg_type === 'shutdown_request') {
      await this.end()
      process.exit(0)
    }
  }

  async #dispatch(channel: RequestChannel, message: Message, scope: CellScope): Promise<void> {
    const { content } = message
    const reply = (type: string, body: unknown) => this.#channels.reply(channel, message, type, body)
    const code = typeof content.code === 'string' ? content.code : ''
    const position =
      typeof content.cursor_pos === 'number' ? utf16Offset(code, content.cursor_pos) : code.length
    switch (message.header.msg_type) {
      case 'execute_request':
        return await this.#execute(channel, message, scope)
      case 'comm_open':
      case 'comm_msg':
      case 'comm_close':
        return await this.#takeComm(message, scope)
      case 'kernel_info_request':
        return await reply('kernel_info_reply', kernelInfo())
      case 'comm_info_request':
        return await reply('comm_info_reply', this.comms.info(content.target_name))
      case 'complete_request':
        return await reply('complete_reply', await this.#complete(code, position))
      case 'inspect_request': {
        const text = await this.cells.inspect(code, position)
        const data = text === undefined ? {} : { 'text/plain': text }
        return await reply('inspect_reply', { status: 'ok', found: text !== undefined, data, metadata: {} })
      }
      case 'is_complete_request':
        return await reply('is_complete_reply', this.cells.completeness(code))
      case 'history_request': {
        const found = this.#history.find(content)
        const history =
          content.output === true
            ? found.map(([session, line, input]) => [session, line, [input, null]])
            : found
        return await reply('history_reply', { status: 'ok', history })
      }
      case 'interrupt_request':
        this.interrupt()
        return await reply('interrupt_reply', { status: 'ok' })
      case 'shutdown_request':
        return await reply('shutdown_reply', { status: 'ok', restart: content.restart === true })
      default:
    }
  }

  async #complete(code: string, position: number): Promise<unknown> {
    const { matches, start, end } = await this.cells.complete(code, position)
    const [from, to] = [codePointOffset(code, start), codePointOffset(code, end)]
    const types = matches.map(({ name, kind }) => ({ text: name, type: kind, start: from, end: to }))
    return {
      status: 'ok',
      matches: matches.map(({ name }) => name),
      cursor_start: from,
      cursor_end: to,
      metadata: { _jupyter_types_experimental: types },
    }
  }

  async #takeComm(message: Message, scope: CellScope): Promise<void> {
    const { header, content, metadata, buffers } = message
    this.output.fallback = header
    await foreground(scope, () => this.comms.take(header.msg_type, content, { metadata, buffers }))
  }

  async #execute(channel: RequestChannel, message: Message, scope: CellScope): Promise<void> {
    const { content, header } = message
    const code = String(content.code ?? '')
    const silent = content.silent === true
    this.output.fallback = header
    if (!silent) {
      this.#count++
      if (content.store_history !== false) this.#history.add(this.#count, code)
      const input = { code, execution_count: this.#count }
      this.output.send({ type: 'execute_input', content: input })
    }
    this.#pages = []
    const outcome = await this.#run(code, scope)
    const common = { execution_count: this.#count, payload: this.#pages }
    if (outcome.ok) {
      if (outcome.result !== undefined && !silent) this.#showResult(outcome.result.value)
      const user_expressions = await this.#userExpressions(content.user_expressions, scope)
      return await this.#channels.reply(channel, message, 'execute_reply', {
        status: 'ok',
        ...common,
        user_expressions,
      })
    }
    this.#showError(outcome.error)
    const reply = { status: 'error', ...common, ...outcome.error, user_expressions: {} }
    await this.#channels.reply(channel, message, 'execute_reply', reply)
    if (content.stop_on_error !== false) await this.#dropQueuedCells()
  }

  async #run(code: string, scope: CellScope): Promise<CellOutcome> {
    try {
      return await foreground(scope, () => this.cells.run(code, this.#count, scope.abort.signal))
    } catch (error) {
      return { ok: false, error: this.#describe(error) }
    }
  }

  #showResult(value: unknown): void {
    let bundle: MimeBundle
    try {
      bundle = this.#parts.format(value)
    } catch (error) {
      this.#showError(this.#describe(error))
      return
    }
    const { data, metadata = {} } = bundle
    if ('text/plain' in data) {
      const content = { execution_count: this.#count, data, metadata }
      this.output.send({ type: 'execute_result', content })
    } else this.display(bundle)
  }

  async #userExpressions(wanted: unknown, scope: CellScope): Promise<Record<string, unknown>> {
    if (typeof wanted !== 'object' || wanted === null) return {}
    const answers: Record<string, unknown> = {}
    for (const [name, expression] of Object.entries(wanted)) {
      const outcome = await this.#run(String(expression), scope)
      answers[name] = outcome.ok
        ? { status: 'ok', ...this.#parts.format(outcome.result?.value), transient: undefined }
        : { status: 'error', ...outcome.error }
    }
    return answers
  }

  #describe(error: unknown): CellError {
    return this.#cells?.describe(error) ?? errorOfThrown(error)
  }

  #showError(error: CellError): void {
    this.output.send({ type: 'error', content: error })
  }

  async #dropQueuedCells(): Promise<void> {
    await delay(arrivalMs)
    const dropped = this.#queue.filter(({ message }) => message.header.msg_type === 'execute_request')
    const kept = this.#queue.filter(({ message }) => message.header.msg_type !== 'execute_request')
    this.#queue.splice(0, this.#queue.length, ...kept)
    for (const { channel, message } of dropped) {
      const parent = message.header
      this.output.send({ type: 'status', content: { execution_state: 'busy' }, parent })
      // Without a number: it did not run.
      const reply = { status: 'aborted' }
      await this.#channels.reply(channel, message, 'execute_reply', reply)
      this.output.send({ type: 'status', content: { execution_state: 'idle' }, parent })
    }
  }

  /** An error that no cell awaits: it is shown in the cell whose code it comes from. */
  #late(error: unknown): void {
    if (error instanceof InterruptedError && currentScope()?.abort.signal.aborted !== false) return
    this.#showError(this.#describe(error))
  }
}

interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function deferred(): Deferred {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Jupyter counts characters, JavaScript counts UTF-16 words. */
function utf16Offset(text: string, codePoints: number): number {
  return [...text].slice(0, codePoints).join('').length
}

function codePointOffset(text: string, words: number): number {
  return [...text.slice(0, words)].length
}
