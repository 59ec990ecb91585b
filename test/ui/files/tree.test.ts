import { afterEach, describe, expect, it, vi } from 'vitest'
import { Session } from '../../../src/session/session.js'
import type { Control } from '../../../src/session/target.js'
import { type File, nodeAt } from '../../../src/ui/files/node.js'
import { SessionTree } from '../../../src/ui/files/tree.js'
import { addArray, elementAt } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'

/** A guest whose state is set by the test, and that counts who holds it. */
class FakeControl implements Control {
  state: 'running' | 'frozen' = 'frozen'
  epoch = 1
  held = 0
  readonly told: string[] = []

  freeze = async () => this.#stop('freeze')
  thaw = async () => {
    this.told.push('thaw')
    this.state = 'running'
  }
  hold = async () => {
    if (this.state === 'frozen' && this.held === 0) return undefined
    this.held++
    this.#stop()
    return {
      release: async () => {
        this.held--
        this.state = 'running'
      },
      abandon: () => true,
    }
  }
  advance = async () => {
    this.epoch++
    return { ...this.#stop('advance'), elapsedMicroseconds: 5000 }
  }
  step = async (cpu: number, count: number) => ({ ...this.#stop(`step ${cpu}`), steps: count })
  runUntil = async () => this.#stop('runUntil')
  trace = async () => ({ reason: 'time', stops: 0, ranMs: 0, tookMs: 0 }) as const
  dump = async () => {}
  close = async () => {}
  stop = async () => {}

  #stop(told?: string): { reason: 'freeze' } {
    if (told !== undefined) this.told.push(told)
    if (this.state === 'running') this.epoch++
    this.state = 'frozen'
    return { reason: 'freeze' }
  }
}

function opened({ writable = true } = {}) {
  const guest = new KernelGuest()
  const spec = { id: 7, name: 'one/two', keySize: 4, valueSize: 4, maxEntries: 2 }
  const map = addArray(guest, spec, [Uint8Array.of(1, 0, 0, 0)])
  guest.finish()
  const control = new FakeControl()
  const session = new Session({
    name: '@test',
    memory: guest.memory,
    control,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
  const tree = new SessionTree(session, { writable })
  return { tree, control, guest, map }
}

async function read(tree: SessionTree, path: string): Promise<string> {
  await tree.ready()
  const node = nodeAt(tree.root, path) as File
  const target = Buffer.alloc(100_000)
  return target.toString('utf8', 0, node.open().read(target, 0))
}

async function tell(tree: SessionTree, text: string): Promise<void> {
  await (nodeAt(tree.root, '/control') as File).write?.(text)
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a session as a tree', () => {
  it('names maps so that they are found by name and by id', async () => {
    const { tree } = opened()
    expect([...(nodeAt(tree.root, '/maps/by-name') as { names(): Iterable<string> }).names()]).toEqual([
      'README.md',
      'one%2Ftwo',
    ])
    expect(nodeAt(tree.root, '/maps/by-name/one%2Ftwo')).toMatchObject({ kind: 'link', target: '../by-id/7' })
    expect(JSON.parse(await read(tree, '/maps/by-id/7/info.json'))).toMatchObject({ id: 7, name: 'one/two' })
  })

  it('is a new one for every stop, and the same within one', async () => {
    const { tree, control } = opened()
    await tree.ready()
    const { root, generation } = tree
    await tree.ready()
    expect(tree.root).toBe(root)
    control.epoch++
    await tree.ready()
    expect(tree.root).not.toBe(root)
    expect(tree.generation).toBeGreaterThan(generation)
    expect(await read(tree, '/control')).toBe('frozen\nstop 2\n')
  })

  it('holds a guest that runs for the look, and lets it run afterwards', async () => {
    vi.useFakeTimers()
    const { tree, control } = opened()
    control.state = 'running'
    await read(tree, '/maps/by-id/7/info.json')
    expect([control.state, control.held]).toEqual(['frozen', 1])
    expect(await read(tree, '/control')).toMatch(/^running \(it stands still for looks\)/)
    const { epoch } = control
    await vi.advanceTimersByTimeAsync(200)
    await read(tree, '/maps/by-id/7/entries.jsonl')
    await vi.advanceTimersByTimeAsync(200)
    expect([control.state, control.epoch]).toEqual(['frozen', epoch])
    await vi.advanceTimersByTimeAsync(400)
    expect([control.state, control.held]).toEqual(['running', 0])
    expect(control.told).toEqual([])
  })

  it('holds once for many who look at once', async () => {
    vi.useFakeTimers()
    const { tree, control } = opened()
    control.state = 'running'
    await Promise.all(Array.from({ length: 20 }, () => read(tree, '/maps/by-id/7/info.json')))
    expect(control.held).toBe(1)
    await tree.close()
    expect([control.state, control.held]).toEqual(['running', 0])
  })

  it('never touches a guest that is frozen on purpose', async () => {
    const { tree, control } = opened()
    await read(tree, '/maps/by-id/7/info.json')
    await tree.close()
    expect([control.state, control.held, control.told]).toEqual(['frozen', 0, []])
  })

  it('keeps a stop when told, and forgets it when told', async () => {
    const { tree, control, guest, map } = opened()
    const before = await read(tree, '/maps/by-id/7/entries.jsonl')
    await tell(tree, 'keep\n')
    guest.u32(elementAt(guest, map, 1, 4), 0x2a)
    control.epoch++
    await tree.ready()
    expect([...(nodeAt(tree.root, '/stops') as { names(): Iterable<string> }).names()]).toEqual([
      'README.md',
      '1',
      '2',
      'current',
    ])
    expect(nodeAt(tree.root, '/stops/current')).toMatchObject({ target: '2' })
    expect(await read(tree, '/stops/1/maps/by-id/7/entries.jsonl')).toBe(before)
    expect(await read(tree, '/stops/2/maps/by-id/7/entries.jsonl')).not.toBe(before)
    expect(nodeAt(tree.root, '/stops/1/memory/physical')).toBeUndefined()
    await tell(tree, 'drop 1')
    expect(nodeAt(tree.root, '/stops/1')).toBeUndefined()
    await expect(tell(tree, 'drop 1')).rejects.toThrow('stop 1 is not kept')
  })

  it('obeys several lines in their order, and says what came of the last', async () => {
    const { tree, control } = opened()
    await tell(tree, 'thaw\nfreeze\nstep 1 3\n')
    expect(control.told).toEqual(['thaw', 'freeze', 'step 1'])
    expect(await read(tree, '/control')).toMatch(/^frozen\nstop \d+\nlast step 1 3: 3 steps on CPU 1\n$/)
    await expect(tell(tree, 'jump')).rejects.toThrow('is no command')
    expect(await read(tree, '/control')).toContain('last "jump" is no command')
  })

  it('cannot be written unless asked', () => {
    const { tree } = opened({ writable: false })
    expect((nodeAt(tree.root, '/control') as File).write).toBeUndefined()
  })
})
