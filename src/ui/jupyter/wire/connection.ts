import { readFileSync } from 'node:fs'
import { CryoscopeError } from '../../../errors.js'

/** What a connection file says: where to listen, and the key that signs messages. */
export interface Connection {
  readonly transport: string
  readonly ip: string
  readonly key: string
  readonly ports: Readonly<Record<Channel, number>>
}

export type Channel = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb'
const channels: readonly Channel[] = ['shell', 'iopub', 'stdin', 'control', 'hb']

export function readConnection(path: string): Connection {
  let file: Record<string, unknown>
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (cause) {
    throw new CryoscopeError(
      'usage',
      `cannot read the connection file ${path}: ${(cause as Error).message}; Jupyter writes it when it starts a kernel`,
      { cause },
    )
  }
  const { transport, ip, key, signature_scheme: scheme } = file
  if (key !== '' && scheme !== undefined && scheme !== 'hmac-sha256') {
    throw new CryoscopeError('usage', `signatures of kind ${String(scheme)} are not known; hmac-sha256 is`)
  }
  const ports = channels.map((channel) => {
    const port = file[`${channel}_port`]
    if (typeof port === 'number') return [channel, port] as const
    throw new CryoscopeError('usage', `the connection file ${path} names no ${channel}_port`)
  })
  return {
    transport: typeof transport === 'string' ? transport : 'tcp',
    ip: typeof ip === 'string' ? ip : '127.0.0.1',
    key: typeof key === 'string' ? key : '',
    ports: Object.fromEntries(ports) as Record<Channel, number>,
  }
}

export function addressOf({ transport, ip, ports }: Connection, channel: Channel): string {
  return `${transport}://${ip}${transport === 'ipc' ? '-' : ':'}${ports[channel]}`
}
