import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { whyStopped } from '../../src/machine/host-process.js'
import { ConnectionLostError, MonitorBusyError, QmpClient, type QmpEvent } from '../../src/machine/qmp.js'
import { isFlag, recordOf } from '../../src/machine/qmp-shape.js'

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

  it('waits at the socket of a QEMU that others started, and says when that took too long', async () => {
    let serving = 0
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        for (const line of String(chunk).trim().split('\n')) {
          socket.write(`{"return": {}, "id": ${JSON.parse(line).id}}\n`)
        }
      })
      setTimeout(() => socket.write(greeting), serving++ * 100)
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const clients = await Promise.all([1, 2].map(() => QmpClient.connectPatiently(path, { timeoutMs: 3000 })))
    for (const client of clients) client.close()
    await expect(QmpClient.connectPatiently(path, { timeoutMs: 30 })).rejects.toThrow(MonitorBusyError)
  })

  it('says what to do about one that is busy; of libvirt, which never lets go, something else', async () => {
    const theirs = join(directory, 'libvirt/monitor')
    mkdirSync(join(directory, 'libvirt'))
    await serve(() => undefined, { hello: '' })
    await serve(() => undefined, { hello: '', at: theirs })
    const connect = (at: string) => QmpClient.connect(at, { timeoutMs: 10 })
    await expect(connect(path)).rejects.toThrow(
      'in use by another program (close that one or wait), or it is no QMP socket',
    )
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

  it('makes the words of an error reply safe, and short', async () => {
    const desc = `\u001b]0;pwn\u0007\n\u202e${'x'.repeat(100_000)}`
    await serve(({ id }) => `${JSON.stringify({ error: { class: '\u001b[31mX', desc }, id })}\n`)
    const qmp = await QmpClient.connect(path)
    const error = (await qmp.execute('stop').catch((reason) => reason)) as Error
    expect(error.message).toMatch(/^QEMU refused stop: \\x1b\]0;pwn\\x07\\n\\u202exx/)
    expect(error.message.length).toBeLessThan(600)
    qmp.close()
  })

  it.each([[[]], [null], [1], ['x'], [{ running: 'yes' }], [undefined]])(
    'refuses a reply that is not what the command gives: %j',
    async (reply) => {
      await serve(({ id }) => `${JSON.stringify({ return: reply, id })}\n`)
      const qmp = await QmpClient.connect(path)
      await expect(qmp.ask('query-status', recordOf({ running: isFlag }))).rejects.toMatchObject({
        code: 'guest',
        message: expect.stringMatching(/gives no proper reply to query-status; give the path of QEMU's own/),
      })
      qmp.close()
    },
  )

  it('ends with one that sends events without end and answers nothing', async () => {
    const event = '{"event":"STOP","timestamp":{"seconds":1,"microseconds":1},"data":{}}\n'.repeat(5000)
    await serve((_, socket) => {
      const pump = (): void => {
        while (!socket.destroyed && socket.write(event));
        if (!socket.destroyed) socket.once('drain', pump)
      }
      pump()
      return undefined
    })
    const qmp = await QmpClient.connect(path)
    await expect(qmp.execute('stop')).rejects.toThrow('does not speak QMP')
  }, 30_000)

  it('ends with a line without end, in a time that does not grow with its square', async () => {
    await serve(() => undefined, { hello: `{"QMP":"${'A'.repeat(40 * 2 ** 20)}` })
    const start = performance.now()
    await expect(QmpClient.connect(path, { timeoutMs: 20_000 })).rejects.toThrow('does not speak QMP')
    expect(performance.now() - start).toBeLessThan(15_000)
  }, 30_000)

  it('says that QEMU is stopped, before the greeting and in the middle', async () => {
    await serve(() => undefined, { hello: '' })
    const answering = join(directory, 'answering')
    await serve(() => undefined, { at: answering })
    const child = spawn('sleep', ['60'])
    try {
      const whySilent = () => whyStopped(child.pid ?? 0)
      await expect(QmpClient.connect(path, { timeoutMs: 30, whySilent })).rejects.toThrow('in use by another')
      const qmp = await QmpClient.connect(answering, { whySilent })
      child.kill('SIGSTOP')
      await expect.poll(whySilent).toBeDefined()
      const sentence = `QEMU does not answer: process ${child.pid} is stopped by a signal; kill -CONT ${child.pid} lets it go on`
      await expect(QmpClient.connect(path, { timeoutMs: 30, whySilent })).rejects.toThrow(sentence)
      await expect(qmp.execute('stop')).rejects.toThrow(sentence)
      qmp.close()
    } finally {
      child.kill('SIGKILL')
    }
  }, 20_000)
})
