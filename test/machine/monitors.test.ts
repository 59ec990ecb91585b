import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectToMonitors } from '../../src/machine/monitors.js'
import { QmpClient } from '../../src/machine/qmp.js'

describe('connectToMonitors', () => {
  let directory: string
  let paths: readonly string[]
  const servers: Server[] = []

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cs-monitors-'))
    paths = ['qmp.0', 'qmp.1'].map((name) => join(directory, name))
    for (const path of paths) await serve(path)
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
    rmSync(directory, { recursive: true })
  })

  /** A monitor as QEMU's: it serves one client, and greets the next when that one has gone. */
  async function serve(path: string): Promise<void> {
    let turn = Promise.resolve()
    const server = createServer((socket) => {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        for (const line of String(chunk).trim().split('\n')) {
          socket.write(`${JSON.stringify({ return: {}, id: JSON.parse(line).id })}\n`)
        }
      })
      turn = turn.then(() => {
        socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
        return closed
      })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(path, resolve))
  }

  it('lets 40 at once have their turn', async () => {
    const turns = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const qmp = await connectToMonitors(paths)
        await qmp.execute('stop')
        await new Promise((resolve) => setTimeout(resolve, 10))
        qmp.close()
        await qmp.closed
      }),
    )
    expect(turns).toHaveLength(40)
    await expect.poll(() => readdirSync(directory).filter((name) => name.includes('lock'))).toEqual([])
  }, 30_000)

  it('says who has them when nobody lets go', async () => {
    const held = [await connectToMonitors(paths), await connectToMonitors(paths)]
    await expect(connectToMonitors(paths, { timeoutMs: 50 })).rejects.toThrow(
      `all 2 monitors of the guest are in use (by process ${process.pid}); close one of the programs that look at it`,
    )
    for (const qmp of held) qmp.close()
    ;(await connectToMonitors(paths)).close()
  })

  it('takes the place of a dead process', async () => {
    for (const path of paths)
      writeFileSync(`${path}.lock`, JSON.stringify({ pid: process.pid, startTime: '1' }))
    ;(await connectToMonitors(paths, { timeoutMs: 1000 })).close()
  })

  it('passes over a monitor that a program has which notes nothing', async () => {
    const theirs = await QmpClient.connect(paths[0] ?? '')
    const ours = await connectToMonitors(paths)
    expect(await ours.execute('query-status')).toEqual({})
    ours.close()
    theirs.close()
  }, 20_000)

  it('says that the guest is gone', async () => {
    await expect(connectToMonitors([join(directory, 'none')])).rejects.toThrow('there is no socket')
  })
})
