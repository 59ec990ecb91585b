import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../../../src/ui/cli/commands.js'
import { completionScripts, completions as find } from '../../../src/ui/cli/completion.js'

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
