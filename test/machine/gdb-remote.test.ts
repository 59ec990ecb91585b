import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { GdbRemote, parseStop } from '../../src/machine/gdb-remote.js'
import { ConnectionLostError } from '../../src/machine/qmp.js'
import { encodePacket, RspDecoder } from '../../src/machine/rsp-packet.js'
import { runUntil, stepVcpu } from '../../src/machine/run-until.js'

const core =
  '<feature><reg name="rax" bitsize="64"/><!--<reg name="no" bitsize="64"/>--><reg name="rip" bitsize="64"/></feature>'

/** A stub of two vCPUs as QEMU's behaves: says unasked that it stopped, and wants its packets acknowledged. */
class Stub {
  readonly log: string[] = []
  readonly points = new Set<string>()
  hardwarePlaces = Number.POSITIVE_INFINITY
  hasCodePoints = true
  /** What happens at vCont; a string is the stop reply, undefined leaves the guest running. */
  onRun: (payload: string) => string | undefined = () => 'T05thread:p01.02;'
  readonly #server: Server
  #socket: Socket | undefined

  constructor(path: string) {
    this.#server = createServer((socket) => {
      this.#socket = socket
      const decoder = new RspDecoder()
      socket.on('error', () => {})
      socket.write(encodePacket('T02thread:p01.01;'))
      socket.on('data', (bytes) => {
        if (bytes.includes(0x03)) this.say('T02thread:p01.01;')
        for (const item of decoder.push(bytes)) {
          if (item.kind === 'packet') this.#answer(item.payload.toString('latin1'))
        }
      })
    }).listen(path)
  }

  say(payload: string): void {
    this.#socket?.write(encodePacket(payload))
  }

  close(): void {
    this.#socket?.destroy()
    this.#server.close()
  }

  #answer(payload: string): void {
    this.log.push(payload)
    this.#socket?.write('+')
    const reply = this.#reply(payload)
    if (reply !== undefined) this.say(reply)
  }

  #reply(payload: string): string | undefined {
    if (payload.startsWith('qSupported'))
      return 'PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+'
    if (payload === '?') return 'T05thread:p01.01;'
    if (payload === 'qfThreadInfo') return 'mp01.01,p01.02'
    if (payload === 'qsThreadInfo') return 'l'
    if (payload.startsWith('qXfer:features:read:target.xml'))
      return 'l<target><xi:include href="core.xml"/></target>'
    if (payload.startsWith('qXfer:features:read:core.xml')) {
      const [from = 0] =
        payload
          .split(':')
          .at(-1)
          ?.split(',')
          .map((text) => Number.parseInt(text, 16)) ?? []
      // In pieces, as a stub with small packets sends it.
      return from + 50 >= core.length ? `l${core.slice(from)}` : `m${core.slice(from, from + 50)}`
    }
    if (payload.startsWith('Hg')) return 'OK'
    if (payload === 'g') return '0100000000000000efbeaddeffffffff'
    if (payload.startsWith('vCont;')) return this.onRun(payload)
    if (/^[Zz][0-4],/.test(payload)) {
      const taken = [...this.points].filter((point) => !point.startsWith('0')).length
      if (payload.startsWith('Z0') && !this.hasCodePoints) return ''
      if (/^Z[1-4]/.test(payload) && taken >= this.hardwarePlaces) return 'E22'
      if (payload.startsWith('Z')) this.points.add(payload.slice(1))
      else this.points.delete(payload.slice(1))
      return 'OK'
    }
    return ''
  }
}

describe('GdbRemote', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cs-gdb-'))
  let number = 0
  let stub: Stub | undefined
  let gdb: GdbRemote | undefined

  async function connect(): Promise<{ stub: Stub; gdb: GdbRemote }> {
    const path = join(directory, String(number++))
    stub = new Stub(path)
    gdb = await GdbRemote.connect(path)
    return { stub, gdb }
  }
  afterEach(() => {
    gdb?.close()
    stub?.close()
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('drains the stop that nobody asked for, and clears what others left', async () => {
    const { stub, gdb } = await connect()
    expect(stub.log).toContain('?')
    expect(gdb.thread(1)).toBe('p01.02')
    expect(() => gdb.thread(2)).toThrow('there is no vCPU 2; the guest has 0, 1')
    gdb.step(1)
    expect(await gdb.stopped()).toEqual({ thread: 'p01.02', signal: 5, watch: undefined })
    expect(stub.log.at(-1)).toBe('vCont;s:p01.02')
  })

  it('reads registers by the description in pieces', async () => {
    const { gdb } = await connect()
    expect(await gdb.registers(0)).toEqual(
      new Map([
        ['rax', 1n],
        ['rip', 0xffffffffdeadbeefn],
      ]),
    )
  })

  it('removes the breakpoint after a hit, a time-out and an abort', async () => {
    const { stub, gdb } = await connect()
    const positions = [{ cpu: 0, pc: 1n, halted: false }]
    stub.onRun = () => (stub.points.has('1,1000,1') ? 'T05thread:p01.02;' : 'T02thread:p01.01;')
    expect(await runUntil(gdb, { addresses: [0x1000n] }, positions, {})).toEqual({
      reason: 'breakpoint',
      cpu: 1,
      address: 0x1000n,
    })
    expect([...stub.points]).toEqual([])
    stub.onRun = () => undefined
    expect(await runUntil(gdb, { addresses: [0x1000n] }, positions, { timeoutMs: 20 })).toEqual({
      reason: 'timeout',
    })
    expect([...stub.points]).toEqual([])
    const signal = AbortSignal.timeout(20)
    await expect(runUntil(gdb, { access: 0x1000n }, positions, { signal })).rejects.toThrow(/abort/i)
    expect([...stub.points]).toEqual([])
    expect(stub.log.filter((payload) => /^Z[23]/.test(payload))).toEqual(['Z2,1000,8', 'Z3,1000,8'])
  })

  it('steps the vCPU that stands at the breakpoint before it runs the guest', async () => {
    const { stub, gdb } = await connect()
    const positions = [
      { cpu: 0, pc: 0x1000n, halted: true },
      { cpu: 1, pc: 0x1000n, halted: false },
    ]
    await runUntil(gdb, { addresses: [0x1000n] }, positions, {})
    expect(stub.log.slice(-4)).toEqual(['vCont;s:p01.02', 'Z1,1000,1', 'vCont;c', 'z1,1000,1'])
  })

  it('watches every function of a name, says which was reached, and leaves none of the breakpoints', async () => {
    const { stub, gdb } = await connect()
    stub.onRun = () => 'T05thread:p01.02;'
    const addresses = [0xffffffff00001000n, 0xffffffffdeadbeefn, 0x1000n, 0x1000n]
    expect(await runUntil(gdb, { addresses }, [], {})).toEqual({
      reason: 'breakpoint',
      cpu: 1,
      // Where the stub's vCPUs stand.
      address: 0xffffffffdeadbeefn,
    })
    expect(stub.log.filter((payload) => payload.startsWith('Z'))).toEqual([
      'Z1,ffffffff00001000,1',
      'Z1,ffffffffdeadbeef,1',
      'Z1,1000,1',
    ])
    expect([...stub.points]).toEqual([])
  })

  it('puts breakpoints into the code where hardware has no place left, and takes them out again', async () => {
    const { stub, gdb } = await connect()
    stub.onRun = () => 'T05thread:p01.02;'
    stub.hardwarePlaces = 4
    const addresses = [1n, 2n, 3n, 4n, 5n, 0xffffffffdeadbeefn]
    expect(await runUntil(gdb, { addresses }, [], {})).toMatchObject({ reason: 'breakpoint', cpu: 1 })
    expect(stub.log.filter((payload) => payload.startsWith('Z')).slice(4)).toEqual([
      'Z1,5,1',
      'Z0,5,1',
      'Z1,ffffffffdeadbeef,1',
      'Z0,ffffffffdeadbeef,1',
    ])
    expect([...stub.points]).toEqual([])
    stub.hardwarePlaces = 0
    stub.hasCodePoints = false
    await expect(runUntil(gdb, { addresses }, [], {})).rejects.toThrow(
      'the engine cannot stop at 0x1, one of 6 places; with KVM there are four places',
    )
    expect([...stub.points]).toEqual([])
  })

  it('tells a write from a read, and a stop by somebody else from both', async () => {
    const { stub, gdb } = await connect()
    const run = () => runUntil(gdb, { access: 0x20n, length: 4 }, [], {})
    stub.onRun = () => 'T05thread:p01.01;watch:20;'
    expect(await run()).toEqual({ reason: 'watchpoint', cpu: 0, address: 0x20n, access: 'write' })
    stub.onRun = () => 'T05thread:p01.02;rwatch:22;'
    expect(await run()).toEqual({ reason: 'watchpoint', cpu: 1, address: 0x22n, access: 'read' })
    stub.onRun = () => 'T02thread:p01.01;'
    expect(await run()).toEqual({ reason: 'interrupted' })
    await expect(runUntil(gdb, { write: -1n }, [], {})).rejects.toThrow('not negative')
    await expect(runUntil(gdb, { write: 1n, length: 0 }, [], {})).rejects.toThrow('a watched length is')
  })

  it('says that a halted vCPU waits, and gives up when nothing wakes it', async () => {
    const { stub, gdb } = await connect()
    const sentences: string[] = []
    stub.onRun = () => undefined
    const end = await stepVcpu(gdb, 1, 3, true, {
      timeoutMs: 30,
      onHalted: (sentence) => sentences.push(sentence),
    })
    expect(sentences).toEqual(['vCPU 1 is halted; it will step when an interrupt arrives'])
    expect(end).toEqual({ steps: 0, note: expect.stringContaining('no interrupt came for it') })
  })

  it('steps again when a look of another program stopped the guest first', async () => {
    const { stub, gdb } = await connect()
    const replies = ['T02thread:p01.01;', 'T05thread:p01.02;', 'T05thread:p01.02;']
    stub.onRun = () => replies.shift()
    expect(await stepVcpu(gdb, 1, 2, false, {})).toEqual({ steps: 2 })
    expect(replies).toEqual([])
  })

  it('ends with a stub that says without end that it stopped', async () => {
    const { stub, gdb } = await connect()
    for (let i = 0; i < 1000; i++) stub.say('T05thread:p01.01;')
    await expect.poll(() => gdb.isOpen).toBe(false)
    await expect(gdb.request('g')).rejects.toThrow('does not speak its protocol')
  })

  it('says that QEMU is stopped when it does not answer', async () => {
    const path = join(directory, String(number++))
    const silent = createServer(() => {}).listen(path)
    const whySilent = () => 'process 5 is stopped by a signal; kill -CONT 5 lets it go on'
    await expect(GdbRemote.connect(path, { whySilent })).rejects.toThrow(
      'QEMU does not answer: process 5 is stopped by a signal; kill -CONT 5 lets it go on',
    )
    silent.close()
  }, 20_000)

  it('ends what waits when the guest dies', async () => {
    const { stub, gdb } = await connect()
    const stopped = gdb.stopped()
    stub.close()
    await expect(stopped).rejects.toThrow(ConnectionLostError)
    expect(gdb.isOpen).toBe(false)
  })
})

describe('parseStop', () => {
  it('reads nothing but stop replies', () => {
    expect(parseStop('T05thread:p01.02;watch:ffffffff81000000;')).toEqual({
      thread: 'p01.02',
      signal: 5,
      watch: { kind: 'watch', address: 0xffffffff81000000n },
    })
    expect(parseStop('S05')).toEqual({ thread: undefined, signal: 5, watch: undefined })
    for (const text of ['OK', 'E22', 'm01', 'T', 'Tzz', '']) expect(parseStop(text)).toBe(undefined)
    fc.assert(
      fc.property(fc.string(), (rest) => {
        expect(parseStop(`T05${rest}`)?.signal ?? 5).toBe(5)
      }),
    )
  })
})
