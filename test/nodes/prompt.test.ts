import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { Terminal } from '../integration/support/terminal.js'
import { buildElfCore, prstatusNote } from '../support/elf-core.js'
import { KernelGuest } from '../support/kernel-guest.js'

/** What works with Node's own prompt, threads and terminals, on a dump that needs no guest; scripts/test-nodes.js runs it. */
const program = new URL('../../bin/cryoscope.js', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-nodes-'))
const dump = join(directory, 'core')
const patience = 120_000

const guest = new KernelGuest()
guest.finish()
const registers = Array.from({ length: 27 }, (_, i) => BigInt(i))
const loads = [{ physical: 0, bytes: guest.memory.bytes }]
writeFileSync(dump, buildElfCore({ loads, notes: [prstatusNote(registers)] }))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const environment = { XDG_STATE_HOME: directory, XDG_CONFIG_HOME: directory, XDG_RUNTIME_DIR: directory }

/** Runs code as `repl -e` does; what does not end in time has no code. */
async function evaluate(...words: readonly string[]) {
  const child = spawn(process.execPath, [program, 'repl', dump, ...words], {
    env: { ...process.env, ...environment, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: patience * 0.75,
  })
  const texts = Promise.all([text(child.stdout), text(child.stderr)])
  const code = await new Promise((resolve) => child.once('close', resolve))
  const [stdout, stderr] = await texts
  return { code, stdout, stderr }
}

describe('-e', { timeout: patience }, () => {
  it.each([
    ['vm.kernel.release', 0, '6.99.0-test\n', ''],
    ['await Promise.resolve(6) * 7', 0, '42\n', ''],
    ['const n: number = 2; n as number', 0, '2\n', ''],
    ['throw new Error("x")', 1, '', 'cryoscope: Error: x\n    at code:1:7\n'],
    ['await Promise.reject(new Error("late"))', 1, '', /^cryoscope: Error: late\n/],
    ['nosuch', 1, '', 'cryoscope: ReferenceError: nosuch is not defined\n    at code:1:1\n'],
    ['throw 5', 1, '', 'cryoscope: the code threw 5\n'],
    ['vm.kernle', 1, '', /^cryoscope: vm has no member kernle; did you mean kernel/],
  ])('%s', async (code, exit, stdout, stderr) => {
    const result = await evaluate('-e', code)
    expect(result).toMatchObject({ code: exit, stdout })
    expect(result.stderr).toEqual(typeof stderr === 'string' ? stderr : expect.stringMatching(stderr))
  })

  it('reports what fails beside the result', async () => {
    const code =
      'setTimeout(() => { throw new Error("timer") }, 1); await new Promise((r) => setTimeout(r, 100)); 7'
    const result = await evaluate('-e', code)
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('Error: timer')
  })

  it('checks types before anything runs', async () => {
    const result = await evaluate('--check', '-e', 'vm.mapz')
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toContain("Property 'mapz' does not exist")
  })
})

const hasTmux = spawnSync('tmux', ['-V']).status === 0

describe.skipIf(!hasTmux)('in a terminal', () => {
  it(
    'the prompt goes on after errors and interrupts',
    async () => {
      using terminal = new Terminal(100, 60, environment, patience)
      terminal.line(`exec ${process.execPath} ${program} repl ${dump}`)
      await terminal.waitFor(/^core>$/m)
      terminal.line('40 + 2')
      await terminal.waitFor(/^(core> )?42$/m)
      terminal.line('throw new Error("on purpose")')
      await terminal.waitFor(/^(core> )?Error: on purpose$/m)
      terminal.line('await Promise.reject(new Error("later"))')
      await terminal.waitFor(/^(core> )?Error: later$/m)
      terminal.line('40 + 3')
      await terminal.waitFor(/^(core> )?43$/m)
      for (const [index, loop] of [
        'for (;;) {}',
        'await new Promise(() => {})',
        'await 1; for (;;) {}',
      ].entries()) {
        terminal.line(loop)
        await terminal.waitFor((screen) => screen.includes(`core> ${loop}`))
        // What checks it before it runs is interrupted, too.
        await new Promise((resolve) => setTimeout(resolve, 1000))
        terminal.press('C-c')
        await terminal.waitFor((screen) => screen.split('interrupted').length === index + 2)
      }
      terminal.line('40 + 4')
      await terminal.waitFor(/^(core> )?44$/m)
      terminal.press('C-d')
    },
    patience,
  )

  it(
    'the terminal UI opens, runs a line of code, and leaves',
    async () => {
      using terminal = new Terminal(100, 30, environment, patience)
      terminal.line(`${process.execPath} ${program} tui ${dump}; echo "code $?"`)
      await terminal.waitFor(/1\[Over/)
      terminal.press(':')
      await terminal.waitFor(/^ :/m)
      terminal.line('vm.kernel.release + 1')
      await terminal.waitFor(/6\.99\.0-test1/)
      terminal.press('Escape')
      terminal.press('q')
      await terminal.waitFor(/^code 0$/m)
    },
    patience,
  )
})
