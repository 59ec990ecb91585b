import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Directory, Node } from '../../../../src/ui/files/node.js'
import type { BindingOptions } from '../../../../src/ui/fuse/binding.js'
import {
  inHeaderSize,
  opcode,
  openFlags,
  outHeaderSize,
  putLong,
  Request,
} from '../../../../src/ui/fuse/device/protocol.js'
import { Responder } from '../../../../src/ui/fuse/device/responder.js'
import { FileSystem } from '../../../../src/ui/fuse/file-system.js'

const rootNode = 1
/** What a directory holds in each test: names, to which one can be added. */
let names: string[]
let scratch: string
let device: number

const file: Node = { kind: 'file', size: () => 0, open: () => ({ read: () => 0 }) }
const directory: Directory = {
  kind: 'directory',
  about: 'a directory',
  names: () => names,
  child: (name) => (name === 'inner' ? directory : names.includes(name) ? file : undefined),
}

function responder(isFixed: boolean): Responder {
  const source = {
    root: directory,
    generation: 1,
    time: new Date(0),
    isFixed,
    writable: false,
    ready: () => undefined,
    during: <T>(work: () => Promise<T>) => work(),
  }
  const options: BindingOptions = {
    directory: '/nowhere',
    files: new FileSystem(source),
    name: 'test',
    attributes: false,
    readOnly: true,
    forAll: false,
    namesHold: 60,
    isFixed,
  }
  return new Responder(device, options)
}

function request(code: number, node: number, body: Buffer): Request {
  const bytes = Buffer.alloc(inHeaderSize + body.length)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeUInt32LE(code, 4)
  bytes.writeBigUInt64LE(7n, 8)
  putLong(bytes, 16, node)
  body.copy(bytes, inHeaderSize)
  return new Request(bytes)
}

/** What is answered: the last thing that was written. */
function ask(to: Responder, code: number, node: number, body = Buffer.alloc(16)): Buffer {
  const before = readFileSync(join(scratch, 'device')).length
  to.take(request(code, node, body))
  const answer = readFileSync(join(scratch, 'device')).subarray(before)
  if (answer.length > 0) expect(answer.readInt32LE(4), 'the error').toBe(0)
  return answer.subarray(outHeaderSize)
}

const opened = (to: Responder, node = rootNode): number => ask(to, opcode.OPENDIR, node).readUInt32LE(8)
const { CACHE_DIR, KEEP_CACHE } = openFlags

beforeEach(() => {
  names = ['a', 'b']
  scratch = mkdtempSync(join(tmpdir(), 'cs-responder-'))
  device = openSync(join(scratch, 'device'), 'a')
})
afterEach(() => {
  closeSync(device)
  rmSync(scratch, { recursive: true })
})

describe('names that the kernel keeps', () => {
  it('are those of a target that never changes, once it has them', () => {
    const fixed = responder(true)
    expect([opened(fixed), opened(fixed), opened(fixed)]).toEqual([
      CACHE_DIR,
      CACHE_DIR | KEEP_CACHE,
      CACHE_DIR | KEEP_CACHE,
    ])
  })

  it('are dropped when something in the directory could not be read', () => {
    const fixed = responder(true)
    opened(fixed)
    names.push('problems')
    expect(opened(fixed)).toBe(CACHE_DIR)
    expect(opened(fixed)).toBe(CACHE_DIR | KEEP_CACHE)
  })

  it('are asked for again after the kernel has forgotten the directory', () => {
    const fixed = responder(true)
    const node = ask(fixed, opcode.LOOKUP, rootNode, Buffer.from('inner\0')).readUInt32LE(0)
    opened(fixed, node)
    expect(opened(fixed, node)).toBe(CACHE_DIR | KEEP_CACHE)
    const once = Buffer.alloc(8)
    putLong(once, 0, 1)
    expect(ask(fixed, opcode.FORGET, node, once)).toHaveLength(0)
    const again = ask(fixed, opcode.LOOKUP, rootNode, Buffer.from('inner\0')).readUInt32LE(0)
    expect(opened(fixed, again)).toBe(CACHE_DIR)
  })

  it('are none of a guest, which can go on', () => {
    const guest = responder(false)
    expect([opened(guest), opened(guest)]).toEqual([0, 0])
  })
})
