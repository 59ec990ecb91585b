import { parseMemoryTree } from '../../src/machine/memory-tree.js'
import { encodePacket, RspDecoder } from '../../src/machine/rsp-packet.js'
import { decodeRegisters, includedFeatures, registerLayout } from '../../src/machine/target-description.js'
import { CommManager } from '../../src/ui/jupyter/comm.js'
import { decodeMessage, encodeMessage } from '../../src/ui/jupyter/wire/message.js'
import { allowed, allowedLater } from '../check.js'
import { damageFile, type FileBase } from '../damage.js'
import { applied } from '../input.js'
import { type Kind, Wrong } from '../kind.js'

const description = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target><architecture>i386:x86-64</architecture>
<xi:include href="64bit-core.xml"/><!-- <reg name="none" bitsize="64"/> --><feature name="org.gnu.gdb.i386.core">
<reg name="rax" bitsize="64" type="int64"/><reg name="rip" bitsize="64" regnum="16"/><reg name="eflags" bitsize="32"/></feature></target>`
const tree = `FlatView #0
 AS "memory", root: system
 Root memory region: system
  0000000000000000-00000000000bffff (prio 0, ram): ram0
  00000000000c0000-00000000000dffff (prio 0, rom): ram0 @00000000000c0000
  0000000100000000-000000013fffffff (prio 0, ram): ram0 @0000000080000000 KVM
`

/** Packets of the gdb protocol in pieces, register descriptions, and QEMU's memory tree. */
export const gdbKind: Kind = {
  name: 'gdb',
  room: 'machine',
  prepare() {
    const packets = [
      'OK',
      'T05thread:p01.01;watch:ffffffff81000000;',
      `l${description}`,
      `${'0f'.repeat(200)}xxxxxxxx`,
    ]
    const bases: FileBase[] = [
      file(
        'packets',
        Buffer.concat([Buffer.from('+'), ...packets.map(encodePacket), Buffer.from('$0* #7a-')]),
      ),
      file('description', Buffer.from(description)),
      file('memory tree', Buffer.from(tree)),
    ]
    return {
      bases: bases.map(({ name }) => name),
      damage: (random) => damageFile(random, bases),
      read(input) {
        const bytes = applied((bases[input.base] as FileBase).bytes, input)
        const text = Buffer.from(bytes).toString('latin1')
        allowed(() => {
          const decoder = new RspDecoder()
          const one = new RspDecoder().push(bytes)
          const pieces = [...bytes].flatMap((_, at) =>
            at % 7 === 0 ? decoder.push(bytes.subarray(at, at + 7)) : [],
          )
          if (JSON.stringify(one) !== JSON.stringify(pieces))
            throw new Wrong('pieces of a stream give other packets')
          for (const item of one) {
            if (item.kind === 'packet')
              decodeRegisters(registerLayout([description]), item.payload.toString('latin1'))
          }
          void includedFeatures(text)
          decodeRegisters(registerLayout([text, description]), text)
          for (const ranges of parseMemoryTree(text).values()) {
            for (const { physical, length } of ranges)
              if (!(length > 0) || !Number.isSafeInteger(physical + length))
                throw new Wrong('a range of no length')
          }
        })
      },
    }
  },
}

const separator = Buffer.from('\0\0\0')

/** Messages of front ends: frames that are cut or signed wrongly, JSON that is none, comms with content of other types. */
export const jupyterKind: Kind = {
  name: 'jupyter',
  room: 'ui',
  prepare() {
    const message = (type: string, content: unknown): Buffer => {
      const frames = encodeMessage('', 'session', {
        type,
        content,
        ids: [Buffer.from('id')],
        buffers: [Buffer.from('buffer')],
      })
      return Buffer.concat(frames.flatMap((frame) => [frame, separator]))
    }
    const bases = [
      file(
        'comm_open',
        message('comm_open', {
          comm_id: 'a',
          target_name: 'jupyter.widget.control',
          data: { method: 'request_states' },
        }),
      ),
      file(
        'comm_msg',
        message('comm_msg', {
          comm_id: 'a',
          data: { method: 'update', state: { value: 3 }, buffer_paths: [['value']] },
        }),
      ),
      file('execute', message('execute_request', { code: '1 + 1', silent: false, user_expressions: {} })),
    ]
    return {
      bases: bases.map(({ name }) => name),
      damage: (random) => damageFile(random, bases),
      async read(input) {
        const bytes = Buffer.from(applied((bases[input.base] as FileBase).bytes, input))
        const frames = split(bytes)
        await allowedLater(async () => {
          const decoded = decodeMessage('', frames)
          const comms = new CommManager((outgoing) => void JSON.stringify(outgoing))
          comms.register('jupyter.widget.control', () => {})
          comms.open('x', { id: 'a' })
          await comms.take(decoded.header.msg_type, decoded.content, decoded)
          comms.info(decoded.content.target_name)
        })
        allowed(() => decodeMessage('key', frames))
      },
    }
  },
}

function split(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf(separator, at)
    frames.push(bytes.subarray(at, end < 0 ? bytes.length : end))
    if (end < 0) return frames
    at = end + separator.length
  }
}

export function file(name: string, bytes: Uint8Array): FileBase {
  return { name, bytes, structure: [] }
}
