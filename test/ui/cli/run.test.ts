import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { commands } from '../../../src/ui/cli/commands.js'
import { guarded } from '../../../src/ui/cli/failures.js'
import { generalHelp, unknownCommand } from '../../../src/ui/cli/front.js'
import { BrokenPipe } from '../../../src/ui/cli/output.js'
import { parseAndRun } from '../../../src/ui/cli/run.js'
import { capture } from '../support/capture.js'

let scratch: string
const before = process.env.XDG_RUNTIME_DIR

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cs-'))
  // A registry of our own: no guest of anybody else is seen or swept.
  process.env.XDG_RUNTIME_DIR = scratch
})

afterAll(() => {
  if (before === undefined) delete process.env.XDG_RUNTIME_DIR
  else process.env.XDG_RUNTIME_DIR = before
  rmSync(scratch, { recursive: true, force: true })
})

async function run(name: string, ...words: string[]) {
  const { output, stdout, stderr } = capture()
  const entry = commands.find((command) => command.name === name)
  if (entry === undefined) throw new Error(`no command ${name}`)
  const code = await guarded(output, async () => parseAndRun(entry, await entry.load(), words, output))
  return { code, stdout: stdout(), stderr: stderr() }
}

function file(name: string, bytes: string | Buffer): string {
  const path = join(scratch, name)
  writeFileSync(path, bytes)
  return path
}

describe('exit codes', () => {
  it('is 1 for a target that is not there or is no dump', async () => {
    const missing = await run('info', join(scratch, 'nothing'))
    expect(missing).toMatchObject({ code: 1, stdout: '' })
    expect(missing.stderr).toMatch(/^cryoscope: there is no file .*\n$/)
    const empty = await run('info', file('empty', ''))
    expect(empty).toMatchObject({ code: 1, stdout: '' })
    expect(empty.stderr).toContain('empty')
    const text = await run('maps', file('text', 'not a dump at all\n'.repeat(100)), '--json')
    expect(text).toMatchObject({ code: 1, stdout: '' })
    const elf = Buffer.alloc(4096)
    elf.write('\x7fELF', 'latin1')
    expect(await run('info', file('broken-elf', elf))).toMatchObject({ code: 1, stdout: '' })
    expect((await run('info', '@nobody')).code).toBe(1)
  })

  it.each([
    ['info'],
    ['info', 'a', 'b'],
    ['info', 'a', '--nonsense'],
    ['map', 'vmcore'],
    ['map', 'vmcore', 'm', '--limit', '-1'],
    ['map', 'vmcore', 'm', '--limit', 'ten'],
    ['map', 'vmcore', 'm', '--json', '--json-lines'],
    ['tasks', 'vmcore', 'init'],
    ['type', 'vmcore', 'struct', 'rq', '--offsets', '--ts'],
    ['freeze', 'vm1'],
    ['thaw', '@'],
    ['advance', '@vm1'],
    ['advance', '@vm1', '--ms', '0'],
    ['advance', '@vm1', '--ms', '5', '--us', '5'],
    ['advance', '@vm1', '--ms', 'soon'],
    ['step', '@vm1'],
    ['step', '@vm1', '--vcpu', 'x'],
    ['step', '@vm1', '--vcpu', '0', '--count', '0'],
    ['dump', '@vm1', 'file', '--format', 'raw'],
    ['dump', '@vm1'],
    ['stop'],
    ['repl'],
    ['boot', '--cpus', '0'],
    ['boot', '--cpus', 'two'],
    ['boot', '--memory', 'lots'],
    ['boot', '--accel', 'magic'],
    ['boot', '--boot', 'floppy'],
    ['boot', '--run'],
    ['boot', '--detach', '--repl'],
    ['boot', '--detach=a', '--name', 'b'],
    ['boot', '--tui', '--repl'],
    ['boot', 'surplus'],
    ['demo', '--kernel', '6.12'],
  ])('is 2 for wrong usage: %s %s %s %s %s', async (...words) => {
    const [name = '', ...rest] = words.filter((word) => word !== undefined)
    const { code, stdout, stderr } = await run(name, ...rest)
    expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^cryoscope: [^\n]+\n$/)
  })

  it('is 3 when the environment lacks something', async () => {
    const { output, stderr } = capture()
    const code = await guarded(output, async () => {
      throw new CryoscopeError('environment', 'QEMU is not installed; install it')
    })
    expect(code).toBe(3)
    expect(stderr()).toBe('cryoscope: QEMU is not installed; install it\n')
  })

  it('is 0 when the reader of a pipe has gone', async () => {
    const { output, stderr } = capture()
    expect(
      await guarded(output, async () => {
        throw new BrokenPipe()
      }),
    ).toBe(0)
    expect(stderr()).toBe('')
  })

  it('says of an unknown error that it is a bug, without a stack', async () => {
    const { output, stderr } = capture()
    const code = await guarded(output, async () => {
      throw new TypeError('x is not a function')
    })
    expect(code).toBe(1)
    expect(stderr()).toMatch(/^cryoscope: x is not a function \(this is a bug in cryoscope;[^\n]*\)\n$/)
  })
})

describe('help', () => {
  it('shows every command by a call of it', () => {
    const help = generalHelp(capture().output)
    for (const { name, example, summary } of commands) {
      expect(help).toContain(`$ ${example}`)
      expect(help).toContain(summary)
      expect(example).toMatch(new RegExp(`^cryoscope ${name}\\b`))
    }
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(84)
  })

  it.each(commands.map(({ name }) => name))('of %s has usage, options and the example', async (name) => {
    const { code, stdout, stderr } = await run(name, '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Usage: cryoscope ${name}`)
    expect(stdout).toContain(commands.find((command) => command.name === name)?.example)
  })

  it('knows what was meant', () => {
    expect(unknownCommand('mpas').message).toContain('did you mean maps')
    expect(unknownCommand('inof').message).toContain('info')
    expect(unknownCommand('frobnicate').message).toContain('cryoscope --help')
    expect(unknownCommand('x\u001b[2J').message).not.toContain('\u001b')
    expect(unknownCommand('x').code).toBe('usage')
  })
})

describe('a command without a guest', () => {
  it('ps lists none, as JSON an empty array', async () => {
    expect(await run('ps', '--json')).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
    expect((await run('ps')).stdout).toBe('')
  })

  it('doctor takes names for mending alone, and only those of its checks', async () => {
    expect(await run('doctor', 'fuse')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('doctor --fix'),
    })
    expect(await run('doctor', '--fix', 'nonsense')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing called nonsense'),
    })
  }, 30_000)

  it('doctor reports every check, and its exit code follows from them', async () => {
    const { code, stdout } = await run('doctor', '--json')
    const report = JSON.parse(stdout) as {
      healthy: boolean
      checks: { name: string; state: string; needed: boolean; found: string; fix?: string }[]
    }
    expect(code).toBe(report.healthy ? 0 : 3)
    expect(report.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'node',
        'koffi',
        'qemu-system-x86_64',
        'busybox',
        'kvm',
        'guest kernels',
        'bpftool',
        ...['fuse', 'fusermount3', 'fuse-native'],
      ]),
    )
    for (const check of report.checks) {
      for (const key of Object.keys(check)) {
        expect(['name', 'state', 'needed', 'found', 'fix']).toContain(key)
      }
    }
    for (const { name, state, needed, fix } of report.checks) {
      if (state === 'missing' && needed) expect(fix, name).toBeTruthy()
    }
  }, 30_000)
})
