import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { addressOf, readConnection } from '../../../../src/ui/jupyter/wire/connection.js'
import { SendQueue } from '../../../../src/ui/jupyter/wire/send-queue.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-connection-'))
afterAll(() => rmSync(directory, { recursive: true }))
const ports = { shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 }

function file(content: object | string): string {
  const path = join(directory, 'kernel.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('readConnection', () => {
  it('knows where to listen', () => {
    const made = readConnection(file({ ...ports, ip: '127.0.0.9', transport: 'tcp', key: 'k' }))
    expect(made.key).toBe('k')
    expect(addressOf(made, 'stdin')).toBe('tcp://127.0.0.9:3')
    expect(addressOf(readConnection(file({ ...ports, ip: '/x/k', transport: 'ipc' })), 'hb')).toBe(
      'ipc:///x/k-5',
    )
  })

  it('says what a file lacks', () => {
    expect(() => readConnection(join(directory, 'none'))).toThrow('Jupyter writes it when it starts a kernel')
    expect(() => readConnection(file('{'))).toThrow('cannot read the connection file')
    expect(() => readConnection(file({ ...ports, hb_port: undefined }))).toThrow('names no hb_port')
    expect(() => readConnection(file({ ...ports, key: 'k', signature_scheme: 'hmac-md5' }))).toThrow(
      'signatures of kind hmac-md5 are not known',
    )
  })
})

describe('SendQueue', () => {
  it('sends one message after the other, and goes on where one is refused', async () => {
    const sent: string[] = []
    let busy = false
    const queue = new SendQueue({
      async send([text]) {
        if (busy) throw new Error('one at a time')
        busy = true
        await new Promise((resolve) => setTimeout(resolve, 2))
        busy = false
        if (String(text) === 'b') throw new Error('closed')
        sent.push(String(text))
      },
    })
    for (const text of ['a', 'b', 'c']) void queue.send([Buffer.from(text)])
    await queue.idle
    expect(sent).toEqual(['a', 'c'])
  })
})
