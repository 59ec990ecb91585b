import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConnectionLostError, MonitorBusyError, QmpClient, type QmpEvent } from '../../src/machine/qmp.js'

const greeting = '{"QMP": {"version": {}, "capabilities": []}}\r\n'

/** What a scripted monitor does with one command; undefined leaves it without an answer. */
type Answer = (
  command: { execute: string; arguments: Record<string, unknown>; id: number },
  socket: Socket,
) => string | undefined

describe('QmpClient', () => {
  let directory: string
  let path: string
  const servers: Server[] = []

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cs-qmp-'))
    path = join(directory, 'qmp')
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
    rmSync(directory, { recursive: true })
  })

  async function serve(answer: Answer, { hello = greeting, at = path } = {}): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.write(hello)
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
        const lines = text.split('\n')
        text = lines.pop() ?? ''
        for (const line of lines) {
          const command = JSON.parse(line)
          if (command.execute === 'qmp_capabilities') socket.write(`{"return": {}, "id": ${command.id}}\n`)
          else socket.write(answer(command, socket) ?? '')
        }
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(at, resolve))
  }

  it('matches replies to commands by their ids', async () => {
    const held: number[] = []
    await serve(({ id }) => {
      held.push(id)
      if (held.length < 2) return undefined
      return [...held]
        .reverse()
        .map((number) => `{"return": ${number}, "id": ${number}}\n`)
        .join('')
    })
    const qmp = await QmpClient.connect(path)
    const [first, second] = await Promise.all([qmp.execute('a'), qmp.execute('b')])
    expect([first, second]).toEqual(held)
    qmp.close()
  })

  it('hands on events that come between, and characters that come in halves', async () => {
    const events: QmpEvent[] = []
    await serve(({ id, arguments: args }, socket) => {
      const event = Buffer.from(
        '{"event": "STOP", "data": {"wörter": "ä"}, "timestamp": {"seconds": 2, "microseconds": 5}}\r\n',
      )
      socket.write(event.subarray(0, 30))
      setTimeout(() => {
        socket.write(event.subarray(30))
        socket.write(`{"return": ${JSON.stringify(args['command-line'])}, "id": ${id}}\n`)
      }, 20)
      return undefined
    })
    const qmp = await QmpClient.connect(path)
    qmp.onEvent((event) => events.push(event))
    expect(await qmp.monitor('a\r\nb')).toBe('a\nb')
    expect(events).toEqual([{ event: 'STOP', data: { wörter: 'ä' }, microseconds: 2_000_005 }])
    qmp.close()
  })

  it('makes a sentence of an error reply', async () => {
    await serve(({ id }) => `{"error": {"class": "GenericError", "desc": "no such thing"}, "id": ${id}}\n`)
    const qmp = await QmpClient.connect(path)
    await expect(qmp.execute('frobnicate')).rejects.toThrow('QEMU refused frobnicate: no such thing')
    qmp.close()
  })

  it('ends what is pending when QEMU goes away', async () => {
    await serve((_, socket) => {
      socket.destroy()
      return undefined
    })
    const qmp = await QmpClient.connect(path)
    await expect(qmp.execute('stop')).rejects.toThrow(ConnectionLostError)
    expect(await qmp.closed).toBeInstanceOf(ConnectionLostError)
    await expect(qmp.execute('stop')).rejects.toThrow(ConnectionLostError)
  })

  it('waits no longer than it is told, or until an abort', async () => {
    await serve(() => undefined)
    const qmp = await QmpClient.connect(path)
    await expect(qmp.execute('stop', {}, { timeoutMs: 30 })).rejects.toThrow(
      'did not answer stop within 30 ms',
    )
    await expect(qmp.execute('stop', {}, { signal: AbortSignal.timeout(30) })).rejects.toThrow(/abort/i)
    qmp.close()
  })

  it('takes the next monitor when one is busy, and says so when all are', async () => {
    await serve(() => undefined, { hello: '' })
    const free = join(directory, 'free')
    await serve(({ id }) => `{"return": "free", "id": ${id}}\n`, { at: free })
    const qmp = await QmpClient.connectAny([path, free])
    expect(await qmp.execute('which')).toBe('free')
    qmp.close()
    const busy = QmpClient.connectAny([path, path], { timeoutMs: 10 })
    await expect(busy).rejects.toThrow(MonitorBusyError)
    await expect(busy).rejects.toThrow('all 2 monitors of the guest are in use')
  })

  it('says what to do about one that is busy; of libvirt, which never lets go, something else', async () => {
    const theirs = join(directory, 'libvirt/monitor')
    mkdirSync(join(directory, 'libvirt'))
    await serve(() => undefined, { hello: '' })
    await serve(() => undefined, { hello: '', at: theirs })
    const connect = (at: string) => QmpClient.connect(at, { timeoutMs: 10 })
    await expect(connect(path)).rejects.toThrow('in use by another program; close that one or wait')
    await expect(connect(theirs)).rejects.toThrow(/libvirt keeps it: give the domain a second one/)
  })

  it('says that nobody is there', async () => {
    await expect(QmpClient.connect(path)).rejects.toThrow(`there is no socket ${path}`)
    const plainFile = new URL(import.meta.url).pathname
    await expect(QmpClient.connect(plainFile)).rejects.toThrow('nobody listens')
  })

  it.each(['HTTP/1.1 400 Bad Request\r\n\r\n', '[1]\n', 'null\n', '{"error": {"desc": "?"}}\n'])(
    'refuses what is no monitor: %j',
    async (hello) => {
      await serve(() => undefined, { hello })
      await expect(QmpClient.connect(path)).rejects.toThrow('does not speak QMP')
    },
  )
})
