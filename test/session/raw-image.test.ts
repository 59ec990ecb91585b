import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { openDump } from '../../src/session/open.js'
import { addArray } from '../support/bpf-objects.js'
import { KernelGuest } from '../support/kernel-guest.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-raw-'))
afterAll(() => rmSync(directory, { recursive: true }))

function guestMemory(): Uint8Array {
  const guest = new KernelGuest()
  addArray(guest, { id: 4, name: 'stats', valueSize: 8, maxEntries: 2 }, [new Uint8Array(8).fill(5)])
  guest.finish()
  return guest.memory.bytes
}

const memory = guestMemory()

describe('a raw image', () => {
  it('opens when a kernel in it proves itself, and says that its layout is a guess', async () => {
    const path = join(directory, 'ram')
    writeFileSync(path, memory)
    const vm = openDump(path)
    expect(vm.target.facts).toEqual({ format: 'raw image, from address 0 on' })
    expect(vm.problems).toEqual([expect.stringContaining(`state it in ${path}.layout`)])
    expect(vm.map('stats').id).toBe(4)
    await vm.close()
  })

  it('opens by a stated layout, given or beside the file', async () => {
    const half = Math.floor(memory.length / 8192) * 4096
    const path = join(directory, 'turned')
    writeFileSync(path, Buffer.concat([memory.subarray(half), memory.subarray(0, half)]))
    expect(() => openDump(path)).toThrow(CryoscopeError)
    const layout = `0:${memory.length - half}:${half}, ${half}:0:${memory.length - half}`
    const given = openDump(path, { layout })
    expect(given.map('stats').id).toBe(4)
    expect(given.problems).toEqual([])
    await given.close()
    writeFileSync(`${path}.layout`, `# turned round\n${layout}\n`)
    const beside = openDump(path)
    expect(beside.target.facts).toEqual({ format: 'raw image, stated layout' })
    expect(beside.map('stats').id).toBe(4)
    await beside.close()
    writeFileSync(`${path}.layout`, '0:0:1T')
    expect(() => openDump(path)).toThrow(/reaches beyond/)
  })

  it('is refused when no kernel is in it', () => {
    const path = join(directory, 'noise')
    writeFileSync(path, Buffer.alloc(2 ** 21, 7))
    expect(() => openDump(path)).toThrow(/nor RAM in which a kernel proves itself/)
  })
})
