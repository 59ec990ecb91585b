import type { Kernel } from '../../../kernel/kernel.js'
import type { StructReader } from '../../../kernel/struct-reader.js'
import type { Problems } from '../../../problems.js'
import { decodeText } from '../../../text/decode.js'
import { named, type Unnamed } from './named-object.js'
import { type NetDeviceName, nameNetDevice } from './net-device.js'

export interface SockName {
  readonly kind: 'sk'
  readonly address: bigint
  /** "inet", "inet6", "unix", "xdp" …; a number for others. */
  readonly family: string
  /** As the kernel calls it: "TCP", "UDP", "UNIX-STREAM", "XDP"; undefined where it cannot be read. */
  readonly protocol: string | undefined
  /** "stream", "dgram", "raw" … */
  readonly type: string
  /** State of a connection, as ss names it: "established", "listen", "close". */
  readonly state: string
  /** "127.0.0.1:8080", "[::1]:80", a unix path. */
  readonly local: string | undefined
  readonly remote: string | undefined
  /** 0n when nobody asked for one yet. */
  readonly cookie: bigint
  /** What /proc/PID/fd and ss show; undefined without a file. */
  readonly ino: bigint | undefined
  /** AF_XDP: the device and the queue it is bound to. */
  readonly device: NetDeviceName | Unnamed | undefined
  readonly queue: number | undefined
}

/** AF_* of include/linux/socket.h. */
const families: Readonly<Record<number, string>> = {
  1: 'unix',
  2: 'inet',
  10: 'inet6',
  16: 'netlink',
  17: 'packet',
  40: 'vsock',
  44: 'xdp',
}

/** include/net/tcp_states.h; other protocols use the first and the seventh. */
const states = [
  '',
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
  'new_syn_recv',
  'bound_inactive',
]

/** offsetof(struct sockaddr_un, sun_path). */
const unixPathOffset = 2
const unixPathLimit = 108

/** A struct sock (include/net/sock.h). */
export function nameSock(kernel: Kernel, address: bigint, problems: Problems): SockName | Unnamed {
  return named('sk', address, () => {
    const sock = kernel.struct('sock', address)
    const number = sock.number('__sk_common.skc_family')
    const family = families[number] ?? String(number)
    const type = sock.number('sk_type')
    const state = sock.number('__sk_common.skc_state')
    const protocol = sock.pointer('__sk_common.skc_prot')
    const attempt = <T>(what: string, read: () => T): T | undefined =>
      problems.attempt(`${what} of the socket at 0x${address.toString(16)}`, read)
    return {
      kind: 'sk',
      address,
      family,
      protocol:
        protocol === 0n ? '' : attempt('protocol', () => kernel.struct('proto', protocol).text('name')),
      type: kernel.enumName('sock_type', type, 'SOCK_')?.toLowerCase() ?? String(type),
      state: states[state] || String(state),
      ...(attempt('addresses', () => ends(kernel, sock, family)) ?? { local: undefined, remote: undefined }),
      cookie: sock.unsigned('__sk_common.skc_cookie'),
      ino: attempt('inode', () => inodeOf(kernel, sock)),
      ...(attempt('device', () => binding(kernel, address, family)) ?? {
        device: undefined,
        queue: undefined,
      }),
    }
  })
}

function ends(kernel: Kernel, sock: StructReader, family: string): Pick<SockName, 'local' | 'remote'> {
  if (family === 'inet' || family === 'inet6') {
    const wide = family === 'inet6'
    const localPort = sock.number('__sk_common.skc_num')
    const port = sock.number('__sk_common.skc_dport')
    const remotePort = ((port & 0xff) << 8) | (port >> 8)
    const [here, there] = wide
      ? (['__sk_common.skc_v6_rcv_saddr', '__sk_common.skc_v6_daddr'] as const)
      : (['__sk_common.skc_rcv_saddr', '__sk_common.skc_daddr'] as const)
    const text = wide ? ipv6 : ipv4
    return {
      local: `${text(sock.bytes(here))}:${localPort}`,
      remote: remotePort === 0 ? undefined : `${text(sock.bytes(there))}:${remotePort}`,
    }
  }
  if (family === 'unix') {
    return { local: unixPath(kernel, sock.address), remote: undefined }
  }
  return { local: undefined, remote: undefined }
}

function ipv4(bytes: Uint8Array): string {
  return bytes.join('.')
}

/** As RFC 5952: the longest run of zeros is cut. */
function ipv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  )
  const text = groups.join(':')
  const runs = text.match(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return `[${text}]`
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`))
  const before = text.slice(0, at).replace(/:$/, '')
  const after = text.slice(at + longest.length).replace(/^:/, '')
  return `[${before}::${after}]`
}

/** Abstract names start with a NUL and are shown with an @, as ss does. */
function unixPath(kernel: Kernel, address: bigint): string | undefined {
  const name = kernel.struct('unix_sock', address).pointer('addr')
  if (name === 0n) return undefined
  const bound = kernel.struct('unix_address', name)
  const length = bound.number('len') - unixPathOffset
  if (length <= 0 || length > unixPathLimit) return undefined
  const start = bound.at('name') + BigInt(unixPathOffset)
  if (kernel.space.u8(start) !== 0) return kernel.space.text(start, length)
  const bytes = kernel.space.bytes(start + 1n, length - 1)
  return `@${decodeText(bytes).replaceAll('\0', '@')}`
}

/** sk_socket lies in a struct socket_alloc, beside the inode of its file. */
function inodeOf(kernel: Kernel, sock: StructReader): bigint | undefined {
  const socket = sock.pointer('sk_socket')
  if (socket === 0n) return undefined
  const alloc = socket - BigInt(kernel.layouts.get('socket_alloc').offset('socket'))
  return kernel.struct('socket_alloc', alloc).unsigned('vfs_inode.i_ino')
}

function binding(kernel: Kernel, address: bigint, family: string): Pick<SockName, 'device' | 'queue'> {
  if (family !== 'xdp') {
    return { device: undefined, queue: undefined }
  }
  // Its `sk` is the first member.
  const xdp = kernel.struct('xdp_sock', address)
  const device = xdp.pointer('dev')
  if (device === 0n) return { device: undefined, queue: undefined }
  return { device: nameNetDevice(kernel, device), queue: xdp.number('queue_id') }
}
