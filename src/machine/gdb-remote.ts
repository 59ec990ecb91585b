import type { Socket } from 'node:net'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { ConnectionLostError, lost, openUnixSocket } from './qmp.js'
import { encodePacket, RspDecoder, type RspItem } from './rsp-packet.js'
import {
  decodeRegisters,
  includedFeatures,
  type RegisterPlace,
  registerLayout,
} from './target-description.js'
import { abortable, within } from './wait.js'

/** A `T` reply: the vCPUs have stopped. */
export interface GdbStop {
  /** The thread that stopped, as the stub names it: "p01.02". */
  readonly thread: string | undefined
  /** POSIX signal number: 5 for a step or a hit, 2 for an interrupt. */
  readonly signal: number
  /** The watchpoint that was hit. */
  readonly watch: { readonly kind: 'watch' | 'rwatch' | 'awatch'; readonly address: bigint } | undefined
}

/** Kinds of the Z packets. Hardware kinds change no guest memory; `code` is an instruction that QEMU puts there under KVM. */
export const pointKinds = { code: 0, breakpoint: 1, write: 2, read: 3 } as const
export type PointKind = keyof typeof pointKinds

const replyMilliseconds = 5000
/** A stub says that it has stopped once for each time that it ran. */
const mostEarlyStops = 64
const mostTargetXml = 1024 * 1024
const chunk = 0x7f0

/** A client of QEMU's gdb stub. Connecting stops the guest; closing leaves it as it is. */
export class GdbRemote {
  readonly #socket: Socket
  readonly #whySilent: () => string | undefined
  readonly #decoder = new RspDecoder()
  readonly #replies: { resolve(payload: Buffer): void; reject(error: Error): void }[] = []
  readonly #stops: GdbStop[] = []
  #waiting: { resolve(stop: GdbStop): void; reject(error: Error): void } | undefined
  #acknowledges = true
  #lastSent: Buffer | undefined
  #failure: Error | undefined
  #threads: readonly string[] = []
  #layout: readonly RegisterPlace[] | undefined

  private constructor(socket: Socket, whySilent: () => string | undefined) {
    this.#socket = socket
    this.#whySilent = whySilent
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('error', (cause) => this.#fail(lost('the gdb stub', cause)))
    socket.on('close', () =>
      this.#fail(new ConnectionLostError('guest', 'the gdb stub closed the connection')),
    )
  }

  /** Connects, takes over from whoever was there before (their breakpoints go) and lists the threads. */
  static async connect(
    path: string,
    {
      signal,
      whySilent = () => undefined,
    }: { signal?: AbortSignal | undefined; whySilent?: () => string | undefined } = {},
  ): Promise<GdbRemote> {
    const gdb = new GdbRemote(await abortable(openUnixSocket(path), signal), whySilent)
    try {
      // QEMU takes one client at a time and leaves others waiting; only the first reply tells.
      const busy = () =>
        gdb.silence() ??
        new CryoscopeError('guest', 'another debugger is attached to the guest; detach that one first')
      const first = within(gdb.request('qSupported:multiprocess+;xmlRegisters=i386'), replyMilliseconds, busy)
      await abortable(first, signal)
      if ((await gdb.request('QStartNoAckMode')) === 'OK') gdb.#acknowledges = false
      // Its answer is a stop reply. QEMU forgets all breakpoints at it, also those of a client that died.
      gdb.#send('?')
      gdb.#threads = await gdb.#listThreads()
      // A guest that ran was stopped by connecting and said so unasked, before it answered anything.
      gdb.#stops.length = 0
      return gdb
    } catch (error) {
      gdb.close()
      throw error
    }
  }

  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /** That QEMU cannot answer, and why; undefined as far as is known. */
  silence(): CryoscopeError | undefined {
    const why = this.#whySilent()
    return why === undefined ? undefined : new CryoscopeError('guest', `QEMU does not answer: ${why}`)
  }

  /** The stub's name of a vCPU: QEMU counts threads from 1, and leaves out numbers of vCPUs that are not plugged. */
  thread(cpu: number): string {
    const thread = this.#threads.find((name) => cpuOfThread(name) === cpu)
    if (thread === undefined) {
      const known = this.#threads.map(cpuOfThread)
      throw new CryoscopeError('usage', `there is no vCPU ${cpu}; the guest has ${known.join(', ')}`)
    }
    return thread
  }

  /** The vCPU of a thread name; undefined for a name that the stub did not list. */
  cpuOf(thread: string | undefined): number | undefined {
    return thread !== undefined && this.#threads.includes(thread) ? cpuOfThread(thread) : undefined
  }

  /** Sends a packet and gives the reply's text. */
  async request(payload: string): Promise<string> {
    if (this.#failure !== undefined) throw this.#failure
    const reply = new Promise<Buffer>((resolve, reject) => this.#replies.push({ resolve, reject }))
    this.#send(payload)
    const late = () =>
      this.#fail(
        this.silence() ??
          new CryoscopeError('guest', `the gdb stub did not answer within ${replyMilliseconds / 1000} s`),
      )
    return (await within(reply, replyMilliseconds, late)).toString('latin1')
  }

  /** All registers of a vCPU by gdb's names (fs_base, gs_base, k_gs_base, cr0 … cr8, efer among them). */
  async registers(cpu: number): Promise<Map<string, bigint>> {
    this.#layout ??= await this.#readLayout()
    await this.#expectOk(`Hg${this.thread(cpu)}`)
    return decodeRegisters(this.#layout, await this.request('g'))
  }

  /** Memory as a vCPU sees it; undefined where nothing is mapped. */
  async memory(cpu: number, address: bigint, length: number): Promise<Uint8Array | undefined> {
    await this.#expectOk(`Hg${this.thread(cpu)}`)
    const reply = await this.request(`m${address.toString(16)},${length.toString(16)}`)
    return reply.startsWith('E') || reply.length !== 2 * length ? undefined : Buffer.from(reply, 'hex')
  }

  /** Lets one vCPU execute one instruction while the others stand still; only this form of vCont does that. */
  step(cpu: number): void {
    this.#send(`vCont;s:${this.thread(cpu)}`)
  }

  /** Lets all vCPUs run. */
  continue(): void {
    this.#send('vCont;c')
  }

  /** Stops all vCPUs; a stop reply follows. */
  interrupt(): void {
    this.#socket.write(Buffer.from([0x03]))
  }

  /** Resolves at the next stop. */
  stopped(): Promise<GdbStop> {
    const early = this.#stops.shift()
    if (early !== undefined) return Promise.resolve(early)
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Sets a breakpoint or watchpoint. False when the stub cannot. */
  async insert(kind: PointKind, address: bigint, length: number): Promise<boolean> {
    return (
      (await this.request(`Z${pointKinds[kind]},${address.toString(16)},${length.toString(16)}`)) === 'OK'
    )
  }

  async remove(kind: PointKind, address: bigint, length: number): Promise<void> {
    await this.#expectOk(`z${pointKinds[kind]},${address.toString(16)},${length.toString(16)}`)
  }

  /** Ends the connection; the guest stays as it is. */
  close(): void {
    this.#fail(new CryoscopeError('guest', 'the connection to the gdb stub was closed'))
  }

  async #expectOk(payload: string): Promise<void> {
    const reply = await this.request(payload)
    if (reply !== 'OK')
      throw new CryoscopeError('guest', `the gdb stub refused ${payload}: ${escapeText(reply)}`)
  }

  async #listThreads(): Promise<string[]> {
    const threads: string[] = []
    let reply = await this.request('qfThreadInfo')
    while (reply.startsWith('m') && threads.length < 4096) {
      threads.push(...reply.slice(1).split(','))
      reply = await this.request('qsThreadInfo')
    }
    if (threads.length === 0) throw new CryoscopeError('guest', 'the gdb stub names no vCPU')
    return threads
  }

  async #readLayout(): Promise<RegisterPlace[]> {
    const target = await this.#readFeature('target.xml')
    const included = []
    for (const name of includedFeatures(target)) included.push(await this.#readFeature(name))
    const layout = registerLayout([target, ...included])
    if (layout.length === 0) throw new CryoscopeError('guest', 'the gdb stub describes no registers')
    return layout
  }

  async #readFeature(name: string): Promise<string> {
    let text = ''
    for (;;) {
      const reply = await this.request(
        `qXfer:features:read:${name}:${text.length.toString(16)},${chunk.toString(16)}`,
      )
      if (!/^[ml]/.test(reply) || text.length > mostTargetXml) {
        throw new CryoscopeError('guest', `the gdb stub does not give its description ${escapeText(name)}`)
      }
      text += reply.slice(1)
      if (reply.startsWith('l') || reply.length === 1) return text
    }
  }

  #send(payload: string): void {
    this.#lastSent = encodePacket(payload)
    this.#socket.write(this.#lastSent)
  }

  #receive(bytes: Buffer): void {
    let items: RspItem[]
    try {
      items = this.#decoder.push(bytes)
    } catch (cause) {
      this.#fail(notRsp(cause))
      return
    }
    for (const item of items) {
      if (item.kind === 'packet') this.#handle(item.payload)
      else if (item.kind === 'damaged' && this.#acknowledges) this.#socket.write('-')
      else if (item.kind === 'nack' && this.#lastSent !== undefined) this.#socket.write(this.#lastSent)
    }
  }

  #handle(payload: Buffer): void {
    if (this.#acknowledges) this.#socket.write('+')
    const text = payload.toString('latin1')
    const stop = parseStop(text)
    if (stop !== undefined) {
      const waiting = this.#waiting
      this.#waiting = undefined
      if (waiting !== undefined) waiting.resolve(stop)
      else if (this.#stops.push(stop) > mostEarlyStops) this.#fail(notRsp())
    } else if (/^[WX][0-9a-f]{2}/.test(text)) {
      this.#fail(new ConnectionLostError('guest', 'the guest ended'))
    } else if (!/^O[0-9a-f]/.test(text)) {
      this.#replies.shift()?.resolve(payload)
    }
  }

  #fail(error: Error): Error {
    if (this.#failure !== undefined) return this.#failure
    this.#failure = error
    for (const reply of this.#replies.splice(0)) reply.reject(error)
    this.#waiting?.reject(error)
    this.#waiting = undefined
    this.#socket.destroy()
    return error
  }
}

/** "p01.05", "5": the thread's number is one more than the vCPU's. */
function cpuOfThread(name: string): number {
  return Number.parseInt(name.slice(name.indexOf('.') + 1), 16) - 1
}

function notRsp(cause?: unknown): CryoscopeError {
  return new CryoscopeError('guest', 'what answers at the gdb socket does not speak its protocol', { cause })
}

/** Reads "T05thread:p01.02;watch:ffff…;" and "S05"; no other reply begins so. */
export function parseStop(text: string): GdbStop | undefined {
  const [, signal, rest] = /^[TS]([0-9a-f]{2})(.*)$/.exec(text) ?? []
  if (signal === undefined) return undefined
  const fields = new Map(
    (rest ?? '').split(';').map((field) => field.split(':', 2) as [string, string | undefined]),
  )
  let watch: GdbStop['watch']
  for (const kind of ['watch', 'rwatch', 'awatch'] as const) {
    const address = fields.get(kind)
    if (address !== undefined && /^[0-9a-f]{1,16}$/i.test(address))
      watch = { kind, address: BigInt(`0x${address}`) }
  }
  return { thread: fields.get('thread'), signal: Number.parseInt(signal, 16), watch }
}
