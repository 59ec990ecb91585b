import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lockGdb } from '../../src/machine/gdb-lock.js'
import {
  commandLine,
  identify,
  isAlive,
  killProcess,
  type ProcessIdentity,
} from '../../src/machine/host-process.js'
import {
  type GuestRecord,
  guestFiles,
  Registry,
  readRecord,
  writeRecord,
} from '../../src/machine/registry.js'
import { runtimeDirectory } from '../../src/machine/runtime-directory.js'

const me = identify(process.pid)
if (me === undefined) throw new Error('/proc is not there')
/** Our pid in another life: what a recorded process looks like after its pid was given away again. */
const dead: ProcessIdentity = { pid: process.pid, startTime: '1' }

const record: Omit<GuestRecord, 'name'> = {
  created: '2026-01-01T00:00:00.000Z',
  state: 'ready',
  qemu: null,
  owner: me,
  kernel: '6.18',
  accelerator: 'tcg',
  cpus: 2,
  memoryBytes: 512 * 1024 * 1024,
}

let scratch: string
let registry: Registry
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cs-reg-'))
  registry = new Registry(scratch)
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

async function sleeper(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  await new Promise((resolve) => child.once('spawn', resolve))
  const identity = identify(child.pid ?? 0)
  if (identity === undefined) throw new Error('it did not start')
  return identity
}

describe('host processes', () => {
  it('are told apart by their start', async () => {
    expect(isAlive(me)).toBe(true)
    expect(isAlive(dead)).toBe(false)
    expect(identify(2 ** 30)).toBe(undefined)
    expect(commandLine(process.pid)[0]).toMatch(/node/)
    expect(commandLine(2 ** 30)).toEqual([])
  })

  it('are killed when they are the ones that were meant', async () => {
    const process = await sleeper()
    expect(await killProcess({ ...process, startTime: '1' })).toBe(true)
    expect(isAlive(process)).toBe(true)
    expect(await killProcess(process)).toBe(true)
    expect(isAlive(process)).toBe(false)
  })
})

describe('Registry', () => {
  it('gives names that are free, and each only once', () => {
    expect(registry.claim(undefined, record).record.name).toBe('vm1')
    expect(registry.claim(undefined, record).record.name).toBe('vm2')
    const mine = registry.claim('mine', record)
    expect(statSync(mine.path).mode & 0o777).toBe(0o700)
    expect(readRecord(mine.path)).toEqual({ ...record, name: 'mine' })
    expect(() => registry.claim('mine', record)).toThrow('there is a guest @mine already')
    expect(readdirSync(scratch).sort()).toEqual(['mine', 'vm1', 'vm2'])
  })

  it.each(['', '.', '..', 'a/b', '/a', '-x', 'x y', 'ä', 'a'.repeat(33), 'a\n'])(
    'refuses the name %j',
    (name) => {
      expect(() => registry.claim(name, record)).toThrow(/cannot name a guest/)
    },
  )

  it('lists and finds the guests that run', async () => {
    registry.claim('starting', record)
    registry.claim('gone', { ...record, qemu: dead })
    registry.claim('here', { ...record, qemu: me })
    expect(registry.list().map((guest) => guest.record.name)).toEqual(['here'])
    expect(registry.find('@here').path).toBe(join(scratch, 'here'))
    expect(registry.find('here').path).toBe(join(scratch, 'here'))
    expect(() => registry.find('@gone')).toThrow('there is no guest @gone; running: @here')
    expect(() => registry.find('@../x')).toThrow('cannot name a guest')
  })

  it('sweeps what a dead owner left: the QEMU, then the directory', async () => {
    const qemu = await sleeper()
    registry.claim('left', { ...record, owner: dead, qemu })
    registry.claim('never-started', { ...record, owner: dead })
    expect((await registry.sweep()).sort()).toEqual([
      `cleaned up guest @left: process ${dead.pid}, which started it, ended without stopping it`,
      `cleaned up guest @never-started: process ${dead.pid}, which started it, ended without stopping it`,
    ])
    expect(isAlive(qemu)).toBe(false)
    expect(readdirSync(scratch)).toEqual([])
    expect(await registry.sweep()).toEqual([])
  })

  it('finds the QEMU of a starter that died before it noted the pid', async () => {
    const { path } = registry.claim('unnoted', { ...record, owner: dead })
    const child = spawn('sh', ['-c', 'sleep 60; true', guestFiles(path).console], { stdio: 'ignore' })
    const qemu = identify(child.pid ?? 0)
    writeFileSync(guestFiles(path).pid, `${child.pid}\n`)
    await registry.sweep()
    expect(qemu === undefined || isAlive(qemu)).toBe(false)
  })

  it('kills nobody whose pid file is not about this guest', async () => {
    const bystander = await sleeper()
    const { path } = registry.claim('confused', { ...record, owner: dead })
    writeFileSync(guestFiles(path).pid, `${bystander.pid}\n`)
    await registry.sweep()
    expect(isAlive(bystander)).toBe(true)
    await killProcess(bystander)
  })

  it('leaves alone what lives: an owner, or a guest that was left running', async () => {
    registry.claim('owned', { ...record, qemu: dead })
    registry.claim('detached', { ...record, owner: null, qemu: me })
    expect(await registry.sweep()).toEqual([])
    expect(readdirSync(scratch)).toHaveLength(2)
  })

  it.each([
    ['a detached guest', null],
    ['a guest of another process', me],
  ])('lets %s run again that a killed look left frozen', async (_, owner) => {
    const { path } = registry.claim('frozen', { ...record, owner, qemu: me })
    mkdirSync(join(path, 'looks'))
    writeFileSync(join(path, 'looks', '1.5'), JSON.stringify(dead))
    const told: string[] = []
    const monitor = createServer((socket) => {
      socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n')
      socket.on('data', (chunk) => {
        for (const line of String(chunk).trim().split('\n')) {
          const { execute, id } = JSON.parse(line)
          told.push(execute)
          const result = execute === 'query-status' ? { running: false } : {}
          socket.write(`${JSON.stringify({ return: result, id })}\n`)
        }
      })
    })
    await new Promise<void>((resolve) => monitor.listen(guestFiles(path).monitors[0], resolve))
    expect(await registry.sweep()).toEqual([
      `guest @frozen runs again: process ${dead.pid}, which held it for a look, was killed`,
    ])
    expect(told).toEqual(['qmp_capabilities', 'query-status', 'cont'])
    expect(await registry.sweep()).toEqual([])
    monitor.close()
  })

  it('tells the last words of a detached guest that ended, made safe', async () => {
    const { path } = registry.claim('quiet', { ...record, owner: null, qemu: dead })
    writeFileSync(guestFiles(path).console, 'one\r\nKernel panic \x1b[2J- not syncing\r\n\r\n')
    expect(await registry.sweep()).toEqual([
      'cleaned up guest @quiet: it had ended by itself; last console line: Kernel panic \\x1b[2J- not syncing',
    ])
  })

  it('does not trust what lies in its directory', async () => {
    mkdirSync(join(scratch, 'empty'))
    mkdirSync(join(scratch, 'broken'))
    writeFileSync(join(scratch, 'broken/guest.json'), '{')
    writeFileSync(join(scratch, 'file'), '')
    for (const [name, change] of Object.entries({
      group: { qemu: { pid: 0, startTime: '1' } },
      all: { owner: { pid: -1, startTime: '1' } },
      one: { owner: { pid: 1, startTime: '1' } },
      text: { owner: 'me' },
      none: { owner: undefined },
    })) {
      mkdirSync(join(scratch, name))
      writeRecord(join(scratch, name), { ...record, name, ...change } as GuestRecord)
    }
    mkdirSync(join(scratch, 'renamed'))
    writeRecord(join(scratch, 'renamed'), { ...record, owner: dead, name: 'other' })
    expect(registry.list()).toEqual([])
    expect(await registry.sweep()).toEqual([])
    expect(existsSync(join(scratch, 'group'))).toBe(true)
  })

  it('removes what a claim left half done, once it is old', async () => {
    for (const name of ['.new-old', '.new-young']) mkdirSync(join(scratch, name))
    utimesSync(join(scratch, '.new-old'), 1, 1)
    await registry.sweep()
    expect(readdirSync(scratch)).toEqual(['.new-young'])
  })
})

describe('runtimeDirectory', () => {
  it('is private and in the session, or elsewhere when the path is too long for sockets', () => {
    const path = runtimeDirectory({ XDG_RUNTIME_DIR: scratch })
    expect(path).toBe(join(scratch, 'cryoscope'))
    expect(statSync(path).mode & 0o777).toBe(0o700)
    const long = join(scratch, 'x'.repeat(80))
    mkdirSync(long)
    expect(runtimeDirectory({ XDG_RUNTIME_DIR: long })).not.toContain(long)
    expect(runtimeDirectory({ XDG_RUNTIME_DIR: 'relative' })).toMatch(/^\/tmp\/cryoscope-\d+$/)
  })

  it('is not one that others can write to', () => {
    mkdirSync(join(scratch, 'cryoscope'), { mode: 0o755 })
    expect(runtimeDirectory({ XDG_RUNTIME_DIR: scratch })).not.toContain(scratch)
  })

  it('leaves room for the longest socket path', () => {
    const directory = join('/', 'x'.repeat(59), 'a'.repeat(32))
    for (const path of [...guestFiles(directory).monitors, guestFiles(directory).gdb]) {
      expect(Buffer.byteLength(path)).toBeLessThan(108)
    }
  })
})

describe('lockGdb', () => {
  it('admits one at a time, and takes over from the dead', async () => {
    const lock = join(scratch, 'gdb.lock')
    const unlock = await lockGdb(lock)
    let second = false
    const waiting = lockGdb(lock).then((release) => {
      second = true
      return release
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(second).toBe(false)
    unlock()
    ;(await waiting)()
    writeFileSync(lock, JSON.stringify(dead))
    ;(await lockGdb(lock))()
    expect(readdirSync(scratch)).toEqual([])
  })

  it('says who has it', async () => {
    const unlock = await lockGdb(join(scratch, 'l'))
    await expect(lockGdb(join(scratch, 'l'), undefined, 30)).rejects.toThrow(
      `process ${process.pid} is stepping or running the guest`,
    )
    unlock()
  })
})
