import { createHash } from 'node:crypto'
import { copyFileSync, createReadStream, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Machine } from '../../src/machine/machine.js'
import { connect } from '../../src/session/guest.js'
import { openDump } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { sharedDemo } from './support/demo-guest.js'

/** The shared guest runs here; what is restored is exactly what was, so other files find it as they expect it. */
describe('checkpoints of a guest with a scheduler in it', () => {
  let vm: Session
  let machine: Machine
  let before: string

  beforeAll(async () => {
    vm = (await sharedDemo('6.18')).session
    if (vm.machine === undefined) throw new Error('the demo is a guest')
    machine = vm.machine
    before = await state()
    await vm.checkpoint('before')
  })

  afterAll(async () => {
    await vm.restore('before')
    await vm.deleteCheckpoint('before')
  })

  async function hashOfRam(): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream((await machine.ramFile()).path)) hash.update(chunk as Buffer)
    return hash.digest('hex')
  }

  /** All that a freeze shows, read through the mapping that the session has had from its start. */
  async function state(): Promise<string> {
    const pids = [...vm.map('pid_stats').entries()]
    expect(pids.length).toBeGreaterThan(10)
    return JSON.stringify(
      {
        registers: machine.vcpus,
        pids,
        tasks: vm.tasks.map(({ pid, state: letter, cpu }) => [pid, letter, cpu]),
        jiffies: vm.variable('jiffies_64'),
        ram: await hashOfRam(),
      },
      (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
    )
  }

  it('changes nothing by saving', async () => {
    expect(await state()).toBe(before)
  })

  it('is opened as a dump, from the disk that it lies on', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-disk-'))
    const descriptors = `/proc/${machine.qemuPid}/fd`
    const disk = readdirSync(descriptors).find((name) =>
      /scratch-.*qcow2/.test(readlinkSync(join(descriptors, name))),
    )
    const file = join(directory, 'disk.qcow2')
    copyFileSync(join(descriptors, disk ?? 'none'), file)
    const dump = openDump(file)
    try {
      expect(dump.target.facts.format).toBe('snapshot "before" in qcow2')
      // As bytes: the shared session may know an object file, from which more pointers are recovered.
      const shown = (session: Session) =>
        [...session.map('pid_stats').json()].map((line) => {
          const { key, value } = JSON.parse(line) as Record<'key' | 'value', { hex: string }>
          return [key.hex, value.hex]
        })
      expect(shown(dump).length).toBeGreaterThan(10)
      expect(shown(dump)).toEqual(shown(vm))
      expect(dump.tasks).toEqual(vm.tasks)
      expect(dump.variable('jiffies_64')).toBe(vm.variable('jiffies_64'))
    } finally {
      await dump.close()
      rmSync(directory, { recursive: true })
    }
  })

  it('brings back map contents, registers and every byte of memory', async () => {
    await vm.advance({ ms: 200 })
    expect(await state()).not.toBe(before)
    const { epoch } = machine
    await vm.restore('before')
    expect(vm.state).toBe('frozen')
    expect(machine.epoch).toBeGreaterThan(epoch)
    expect(await state()).toBe(before)
  })

  it('goes on from there, as often as one likes', async () => {
    const start = vm.variable('jiffies_64') as bigint
    await vm.runUntil('schedule', { timeoutMs: 20_000 })
    await vm.advance({ ms: 100 })
    expect(vm.variable('jiffies_64') as bigint).toBeGreaterThan(start)
    await vm.restore('before')
    expect(await state()).toBe(before)
  })

  it('saves a running guest and lets it run on', async () => {
    await vm.thaw()
    const saved = await vm.checkpoint('running')
    expect(vm.state).toBe('running')
    expect(saved.bytes).toBeGreaterThan(2 ** 20)
    await vm.restore('running')
    expect(vm.state).toBe('frozen')
    const times = (await vm.checkpoints()).map(({ name, guestMilliseconds }) => ({ name, guestMilliseconds }))
    expect(times.map(({ name }) => name)).toEqual(['before', 'running'])
    expect(times[1]?.guestMilliseconds).toBeGreaterThan(times[0]?.guestMilliseconds ?? 0)
    await vm.deleteCheckpoint('running')
    await expect(vm.restore('running')).rejects.toThrow('there is no checkpoint "running"; there are before')
  })

  it('tells other programs that look at the guest', async () => {
    await vm.restore('before')
    await using other = await connect(`@${machine.record.name}`)
    expect(other.variable('jiffies_64')).toBe(vm.variable('jiffies_64'))
    await other.advance({ ms: 100 })
    const later = other.variable('jiffies_64')
    await expect.poll(() => vm.state === 'frozen' && vm.variable('jiffies_64')).toBe(later)
    await vm.restore('before')
    await expect.poll(() => other.state === 'frozen' && other.variable('jiffies_64')).not.toBe(later)
    expect(other.vcpus.map(({ rip }) => rip)).toEqual(vm.vcpus.map(({ rip }) => rip))
  })

  it('forgets writes that came after it, and knows those that it holds', async () => {
    const entry = { map: 'control', key: 0 }
    vm.write(entry, { pause: 1 })
    await vm.checkpoint('written')
    vm.write(entry, { pause: 2 })
    await vm.restore('written')
    expect(vm.written.map(({ after }) => after)).toMatchObject([{ pause: 1 }])
    vm.undo()
    await vm.restore('before')
    expect(vm.written).toEqual([])
    await vm.deleteCheckpoint('written')
  })

  it('refuses a name that is taken, or that is none', async () => {
    await expect(vm.checkpoint('before')).rejects.toThrow('there is a checkpoint "before" already')
    await expect(vm.checkpoint('../x')).rejects.toThrow('cannot name a checkpoint')
    expect((await vm.checkpoint('before', { replace: true })).name).toBe('before')
    const unnamed = await vm.checkpoint()
    expect(unnamed.name).toBe('c1')
    await vm.deleteCheckpoint(unnamed.name)
    expect(await state()).toBe(before)
  })

  it('leaves no file behind', () => {
    const directory = dirname(machine.outbox ?? '')
    expect(readdirSync(directory).filter((name) => name.includes('qcow2'))).toEqual([])
  })
})
