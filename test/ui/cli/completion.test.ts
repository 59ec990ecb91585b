import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { identify } from '../../../src/machine/host-process.js'
import { Registry, writeRecord } from '../../../src/machine/registry.js'
import { commands } from '../../../src/ui/cli/commands.js'
import { completionScripts, completions as find } from '../../../src/ui/cli/completion.js'
import { addArray } from '../../support/bpf-objects.js'
import { buildElfCore } from '../../support/elf-core.js'
import { KernelGuest } from '../../support/kernel-guest.js'

const completions = (words: string[]) => find(words, commands)

describe('completion', () => {
  it('knows commands, also behind help', async () => {
    expect(await completions(['all'])).toEqual(['allocators'])
    expect(await completions(['help', 'unm'])).toEqual(['unmount'])
    expect(await completions([''])).toContain('demo')
  })

  it('knows the options of a command and the values that they choose among', async () => {
    expect(await completions(['map', 'vmcore', 'pid_stats', '--js'])).toEqual(['--json', '--json-lines'])
    expect(await completions(['nothing', '--js'])).toEqual([])
  })

  it('leaves files to the shell', async () => {
    expect(await completions(['maps', './no-such'])).toEqual([])
    expect(await completions(['map', './no-such', ''])).toEqual([])
  })

  it.each(['bash', 'zsh', 'fish'])('has a script that %s can read', (shell) => {
    const script = completionScripts[shell] as string
    const path = ['/usr/bin', '/bin']
      .map((directory) => `${directory}/${shell}`)
      .find((each) => existsSync(each))
    expect(script).toContain('cryoscope completion words --')
    if (path === undefined) return
    // From a file: fish does not check what comes through a socket, which is what a child's input is here.
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-completion-'))
    try {
      writeFileSync(join(directory, 'script'), script)
      const { status, stderr } = spawnSync(path, ['-n', join(directory, 'script')], { encoding: 'utf8' })
      expect([status, stderr]).toEqual([0, ''])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('gives bash what it asks for', () => {
    const probe = `
      cryoscope() { printf '%s\\n' "$*" >&2; printf 'maps\\n'; }
      ${completionScripts.bash}
      COMP_WORDS=(cryoscope ma); COMP_CWORD=1
      _cryoscope; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = spawnSync('bash', ['-c', probe], { encoding: 'utf8' })
    expect(stdout).toBe('maps\n')
  })
})

describe('completion of what is here', () => {
  let scratch: string
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'cs-words-'))
    vi.stubEnv('XDG_RUNTIME_DIR', scratch)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(scratch, { recursive: true })
  })

  it('knows the guests that run', async () => {
    const { root } = new Registry()
    const guest = (name: string, qemu: ReturnType<typeof identify>) => {
      mkdirSync(join(root, name), { mode: 0o700 })
      writeRecord(join(root, name), {
        ...{ name, created: '2026-01-01T00:00:00.000Z', state: 'ready', owner: null, kernel: '6.18' },
        ...{ accelerator: 'tcg', cpus: 1, memoryBytes: 2 ** 28, qemu: qemu ?? null },
      })
    }
    guest('one', identify(process.pid))
    guest('other', identify(process.pid))
    guest('over', { pid: process.pid, startTime: '1' })
    expect(await completions(['maps', '@o'])).toEqual(['@one', '@other'])
    expect(await completions(['stop', '@ot'])).toEqual(['@other'])
    expect(await completions(['diff', 'vmcore', '@on'])).toEqual(['@one'])
  })

  it('knows the maps and pids of a dump, and those that are asked for alone', async () => {
    const guest = new KernelGuest()
    addArray(guest, { id: 4, name: 'stats', valueSize: 8, maxEntries: 1 }, [new Uint8Array(8)])
    addArray(guest, { id: 5, name: 'start', valueSize: 8, maxEntries: 1 }, [new Uint8Array(8)])
    guest.finish()
    const dump = join(scratch, 'vmcore')
    writeFileSync(dump, buildElfCore({ loads: [{ physical: 0, bytes: guest.memory.bytes }] }))
    expect(await completions(['map', dump, ''])).toEqual(['start', 'stats'])
    expect(await completions(['map', '--json', dump, 'stat'])).toEqual(['stats'])
    expect(await completions(['map', dump, 'stats', ''])).toEqual([])
    expect(await completions(['map', dump, 'stats', '--key', ''])).toEqual([])
  })
})
