import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../src/session/session.js'
import { sharedDemo } from './support/demo-guest.js'
import { Terminal } from './support/terminal.js'

/** Several programs start one after the other, and each reads the kernel's types. */
const patience = 600_000
const program = new URL('../../bin/cryoscope.js', import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-repl-'))
const state = join(directory, 'state')
const script = join(directory, 'session.ts')
const dump = join(directory, 'vmcore')
let vm: Session

beforeAll(async () => {
  vm = (await sharedDemo('6.18')).session
  await vm.dump(dump)
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** High enough that nothing scrolls away, low enough that a task_struct does not fit. */
const rows = 120

function prompt(target: string): Terminal {
  const terminal = new Terminal(110, rows, { XDG_STATE_HOME: state }, patience)
  terminal.line(`exec ${process.execPath} ${program} repl ${target}`)
  return terminal
}

describe('the prompt on a dump', () => {
  it(
    'completes, checks before it runs, awaits, can be interrupted, and saves what ran',
    async () => {
      using terminal = prompt(dump)
      await terminal.waitFor(/^vmcore>$/m)

      terminal.line('vm.task(1).com')
      const refused = await terminal.waitFor(/Nothing has run\./)
      expect(refused).toContain(
        "             ~~~\nProperty 'com' does not exist on type 'task_struct'. Did you mean 'comm'?",
      )

      terminal.line("vm.map('pid_stat')")
      await terminal.waitFor(/There is no map 'pid_stat' in this target; did you mean 'pid_stats'\?/)

      terminal.type("vm.map('pid_st")
      terminal.press('Tab')
      await terminal.waitFor(/vm\.map\('pid_stats/)
      terminal.line("').get(1).comm")
      await terminal.waitFor(/^(vmcore> )?init$/m)

      terminal.type('vm.task(1).sc')
      terminal.press('Tab')
      const listed = await terminal.waitFor(/^scx +struct sched_ext_entity$/m)
      expect(listed).toMatch(/^sched_class += ext_sched_class +const struct sched_class \*$/m)
      terminal.press('C-c')

      terminal.line('const task = await Promise.resolve(vm.task(1))')
      terminal.line('const twice = (n: number) => {')
      await terminal.waitFor(/^\.\.\./m)
      terminal.line('return n * 2 }')
      terminal.line('twice(task.pid + 20)')
      await terminal.waitFor(/^(vmcore> )?42$/m)

      terminal.line('while (true) {}')
      await terminal.waitFor(/^vmcore> while \(true\) \{\}$/m)
      // The loop starts when its types have been checked; Ctrl-C before that cancels it, which is as good.
      terminal.press('C-c')
      await terminal.waitFor(/^(\^C)?interrupted$/m)
      terminal.line('await new Promise(() => {})')
      await terminal.waitFor(/^vmcore> await new Promise/m)
      terminal.press('C-c')
      await terminal.waitFor(/interrupted\n[\s\S]*interrupted$/m)
      // Nothing but the loop itself can hear of this one.
      terminal.line('await 1; for (;;) { try { for (;;) {} } catch {} }')
      await terminal.waitFor(/^vmcore> await 1; for/m)
      terminal.press('C-c')
      await terminal.waitFor(/interrupted\n[\s\S]*interrupted\n[\s\S]*interrupted$/m)
      terminal.line('twice(task.pid + 23)')
      await terminal.waitFor(/^(vmcore> )?48$/m)

      terminal.line("vm.variable('init_task')")
      await terminal.waitFor(/q: back/)
      terminal.press('q')
      await terminal.waitFor(/^vmcore>$/m)
      terminal.line('.hex 255')
      await terminal.waitFor(/^(vmcore> )?0xff$/m)
      terminal.line('?map')
      await terminal.waitFor(/for example: vm\.map\('pid_stats'\)\.get\(1\)/)

      terminal.line(`.save ${script}`)
      await terminal.waitFor(/runs with: cryoscope repl vmcore -f/)
      // Node writes the history a moment later, and may be slower than the one who leaves.
      await expect.poll(() => readFileSync(join(state, 'cryoscope/history'), 'utf8')).toMatch(/^\.save/)
      terminal.press('C-d')
    },
    patience,
  )

  it(
    'replays what it saved',
    () => {
      expect(readFileSync(script, 'utf8')).toContain('const twice = (n: number) => {\nreturn n * 2 }\n')
      const words = [program, 'repl', dump, '-f', script, '--check']
      expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe('255\n')
    },
    patience,
  )

  it(
    'keeps its history',
    async () => {
      using terminal = prompt(dump)
      await terminal.waitFor(/^vmcore>$/m)
      terminal.press('Up')
      await terminal.waitFor(/^vmcore> \.save/m)
      terminal.press('C-c', 'C-r')
      terminal.type('twice(task.pid + 20')
      await terminal.waitFor(/^vmcore> twice\(task\.pid \+ 20\) *$/m)
    },
    patience,
  )
})

describe('the prompt on a guest', () => {
  it(
    'marks what changed, and freezes again after an interrupt',
    async () => {
      const name = `@${vm.machine?.record.name}`
      await vm.checkpoint('repl')
      try {
        using terminal = prompt(name)
        await terminal.waitFor(/\(frozen\)>$/m)
        terminal.line("vm.variable('kernel_cpustat', 0)")
        await terminal.waitFor(/^struct kernel_cpustat \{/m)
        terminal.line('await vm.advance({ ms: 300 })')
        await terminal.waitFor(/reason: 'advance'/)
        terminal.line("vm.variable('kernel_cpustat', 0)")
        await terminal.waitFor(/^\* \d+ changed since it was shown at an earlier stop$/m)
        terminal.line('await vm.advance({ ms: 600000 })')
        await terminal.waitFor(/\(frozen\)> await vm\.advance\(\{ ms: 600000 \}\)$/m)
        await expect.poll(() => vm.state, { timeout: 60_000 }).toBe('running')
        terminal.press('C-c')
        await terminal.waitFor(/interrupted; the guest is frozen again/)
        await expect.poll(() => vm.state, { timeout: 60_000 }).toBe('frozen')
      } finally {
        await vm.restore('repl')
        await vm.deleteCheckpoint('repl')
      }
    },
    patience,
  )
})
