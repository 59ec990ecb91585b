import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Machine } from '../../src/machine/machine.js'
import { addArray } from '../support/bpf-objects.js'
import { sessionWith } from './support/sessions.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-steering-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A machine that keeps saved states by name alone. */
class SavingMachine {
  readonly calls: unknown[][] = []
  checkpoint = async (name = 'c1', options?: unknown) => {
    this.calls.push(['checkpoint', name, options])
    return { name, created: 1 }
  }
  restore = async (name: string) => {
    this.calls.push(['restore', name])
    return { name, created: 1 }
  }
  checkpoints = async () => [{ name: 'c1' }]
  deleteCheckpoint = async (name: string) => void this.calls.push(['delete', name])
}

describe('saved states', () => {
  const opened = () => {
    const machine = new SavingMachine()
    const made = sessionWith((guest) => guest.global('panic_timeout', 4), {
      machine: machine as unknown as Machine,
    })
    return { ...made, machine }
  }

  it('are the machine’s, with what was written when they were made', async () => {
    const { vm, machine } = opened()
    expect(vm.machine).toBe(machine)
    vm.write('panic_timeout', 1)
    expect(await vm.checkpoint('one', { progress: undefined } as never)).toEqual({ name: 'one', created: 1 })
    vm.write('panic_timeout', 2)
    expect(vm.written).toHaveLength(2)
    expect(await vm.restore('one')).toEqual({ name: 'one', created: 1 })
    expect(vm.written.map(({ after }) => after)).toEqual([1])
    expect(await vm.checkpoint()).toMatchObject({ name: 'c1' })
    expect(await vm.checkpoints()).toEqual([{ name: 'c1' }])
    await vm.deleteCheckpoint('one')
    expect(machine.calls).toEqual([
      ['checkpoint', 'one', { progress: undefined }],
      ['restore', 'one'],
      ['checkpoint', 'c1', {}],
      ['delete', 'one'],
    ])
  })

  it('need a guest that QEMU runs', async () => {
    const { vm } = sessionWith()
    const dump = sessionWith(() => undefined, { control: undefined, name: 'vmcore' }).vm
    for (const what of ['checkpoint', 'restore', 'checkpoints', 'deleteCheckpoint'] as const) {
      await expect((vm[what] as (name: string) => Promise<unknown>)('x')).rejects.toThrow(
        `${what} needs a guest that QEMU runs; @test is none`,
      )
      await expect((dump[what] as (name: string) => Promise<unknown>)('x')).rejects.toThrow(
        `${what} needs a guest that QEMU runs; vmcore is a dump and does not run`,
      )
    }
  })
})

describe('whichever of several comes first', () => {
  it('is places of code and writes to memory, each as if it were asked for alone', async () => {
    let [code, place] = [0n, 0n]
    const { vm, control } = sessionWith((guest) => {
      code = guest.symbol('schedule', guest.image(0x40), 'T')
      place = guest.global('panic_timeout', 4)
    })
    await vm.runUntil({
      any: ['schedule+0x4', { write: place, length: 4 }, 0x1234n, { write: 'panic_timeout' }],
    })
    expect(control.calls).toEqual([
      [
        'runUntil',
        {
          addresses: [code + 4n, 0x1234n],
          writes: [
            { write: place, length: 4 },
            { write: place, length: 8 },
          ],
        },
        {},
      ],
    ])
    await expect(vm.runUntil({ any: ['nowhere'] })).rejects.toThrow('has no symbol nowhere')
  })
})

describe('a dump of a guest', () => {
  it('is written by us where there is a kernel, and the guest is held meanwhile', async () => {
    const { vm, control } = sessionWith()
    const path = join(directory, 'core')
    await vm.dump(path)
    expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe('\u007fELF')
    await vm.dump(path, 'kdump')
    expect(readFileSync(path).subarray(0, 8).toString('latin1')).toBe('KDUMP   ')
    expect(control.calls).toEqual([['hold'], ['hold']])
    expect(control.released).toBe(2)
  })

  it('lets the guest go where it fails', async () => {
    const { vm, control } = sessionWith()
    writeFileSync(join(directory, 'file'), '')
    await expect(vm.dump(join(directory, 'file', 'core'))).rejects.toThrow()
    expect(control.released).toBe(1)
  })
})

describe('the end of a session', () => {
  it('stops the guest, and lets go of its memory whatever happens', async () => {
    const { vm, control } = sessionWith((guest) => addArray(guest, { id: 1, valueSize: 8, maxEntries: 1 }))
    const { space } = vm.kernel
    const at = vm.map(1).address
    expect(space.read(at, 8).ok).toBe(true)
    await vm.stop()
    expect(control.calls).toEqual([['stop']])
    expect(space.read(at, 8).ok).toBe(false)
    const failing = sessionWith((guest) => addArray(guest, { id: 1, valueSize: 8, maxEntries: 1 }))
    failing.control.close = async () => {
      throw new Error('it has ended')
    }
    failing.control.stop = failing.control.close
    const kept = failing.vm.kernel.space
    const place = failing.vm.map(1).address
    await expect(failing.vm.close()).rejects.toThrow('it has ended')
    expect(kept.read(place, 8).ok).toBe(false)
    await expect(failing.vm.stop()).rejects.toThrow('it has ended')
  })
})

describe('what was read', () => {
  const wild = 0xffff800000001000n

  it('is read anew after a write and after it was taken back', () => {
    const { vm } = sessionWith((guest) => guest.global('panic_timeout', 4))
    const first = vm.maps
    expect(vm.maps).toBe(first)
    vm.write('panic_timeout', 1)
    const second = vm.maps
    expect(second).not.toBe(first)
    vm.undo()
    expect(vm.maps).not.toBe(second)
  })

  it('is said to lack the same maps again after the guest has run', () => {
    const { vm, control } = sessionWith((guest) => {
      guest.maps.set(1, wild)
      addArray(guest, { id: 2, name: 'stats', valueSize: 8, maxEntries: 1 })
    })
    for (let run = 0; run < 3; run++) {
      expect(vm.maps.map(({ name }) => name)).toEqual(['stats'])
      expect(vm.problems).toEqual([expect.stringMatching(/^map 1: page not present at 0xffff80000000/)])
      control.epoch++
    }
  })
})
