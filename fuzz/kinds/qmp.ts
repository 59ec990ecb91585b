import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { QmpClient } from '../../src/machine/qmp.js'
import { allowedLater } from '../check.js'
import { damageFile, type FileBase } from '../damage.js'
import { applied } from '../input.js'
import type { Kind } from '../kind.js'
import { scratchDirectory } from '../scratch.js'
import { file } from './wire.js'

const lines = [
  '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}',
  '{"return": {}, "id": 1}',
  '{"timestamp": {"seconds": 1, "microseconds": 5}, "event": "STOP"}',
  '{"return": {"status": "paused", "running": false}, "id": 2}',
  '{"return": "CPU#0\\r\\nRAX=00 RBX=00\\r\\n", "id": 3}',
  '{"error": {"class": "GenericError", "desc": "no"}, "id": 4}',
]
const limits = { timeoutMs: 400 }

/** A monitor that lies: its answers are damaged, and it closes after them. */
export const qmpKind: Kind = {
  name: 'qmp',
  room: 'machine',
  async prepare() {
    const path = join(scratchDirectory(), `qmp-${process.pid}`)
    const bases = [file('answers', Buffer.from(`${lines.join('\r\n')}\r\n`))]
    let answers: readonly Buffer[] = []
    const server = createServer((socket) => {
      let next = 0
      const answer = (): void => {
        const bytes = answers[next++]
        if (bytes === undefined) socket.end()
        else socket.write(bytes)
      }
      socket.on('error', () => {})
      socket.on('data', answer)
      answer()
    })
    await listening(server, path)
    server.unref()
    process.on('exit', () => rmSync(path, { force: true }))
    return {
      bases: bases.map(({ name }) => name),
      damage: (random) => damageFile(random, bases),
      async read(input) {
        answers = replies(Buffer.from(applied((bases[input.base] as FileBase).bytes, input)))
        await allowedLater(async () => {
          const client = await QmpClient.connect(path, limits)
          try {
            client.onEvent(({ event }) => void event.length)
            await client.execute('query-status', {}, limits)
            void (await client.monitor('info registers', limits)).length
            await client.execute('quit', {}, limits)
          } finally {
            client.close()
          }
        })
      },
    }
  },
}

/** A line answers a command; the event comes with the answer before it. */
function replies(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let at = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
    parts.push(bytes.subarray(at, end + 1))
    at = end + 1
  }
  parts.push(bytes.subarray(at))
  const [greeting = Buffer.alloc(0), first = Buffer.alloc(0), event = Buffer.alloc(0), ...rest] = parts
  return [greeting, Buffer.concat([first, event]), ...rest].filter(({ length }) => length > 0)
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}
