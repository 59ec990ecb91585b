import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bootGuest } from '../../src/machine/boot.js'
import { Registry } from '../../src/machine/registry.js'
import { demoGuest } from '../../src/ui/demo-guest.js'

describe('a guest on a machine without QEMU', () => {
  let scratch: string
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'cs-boot-'))
    for (const name of ['bin', 'cache', 'run']) mkdirSync(join(scratch, name), { mode: 0o700 })
    vi.stubEnv('PATH', join(scratch, 'bin'))
    vi.stubEnv('XDG_CACHE_HOME', join(scratch, 'cache'))
    vi.stubEnv('XDG_RUNTIME_DIR', join(scratch, 'run'))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(scratch, { recursive: true })
  })

  it.each([
    ['a guest', (onProgress: () => void) => bootGuest({ onProgress }, new Registry())],
    ['the demo', (onProgress: () => void) => demoGuest({ onProgress })],
  ])('is refused before anything is fetched: %s', async (_, start) => {
    const said = vi.fn()
    await expect(start(said)).rejects.toThrow(
      'qemu-system-x86_64 is not installed; install it (Debian: apt install qemu-system-x86)',
    )
    expect(said).not.toHaveBeenCalled()
    expect(readdirSync(join(scratch, 'cache'))).toEqual([])
  })
})
