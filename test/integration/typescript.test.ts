import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../src/session/session.js'
import { declarationsOf, singleModule } from '../../src/ui/typescript/declarations.js'
import { libraryDeclarations, PromptTypes } from '../../src/ui/typescript/prompt-types.js'
import { sharedDemo } from './support/demo-guest.js'

const root = new URL('../../', import.meta.url).pathname

/** What the demo's own source says, and the kernel's. */
const right = `
import type { Guest } from './guest.js'
declare const vm: Guest
export const vruntime: bigint = vm.variable('init_task').se.vruntime
export const comm: string = vm.at(0xffffffff81000000n, 'struct rq').curr.comm
export const load: number = vm.variable('runqueues', 0).nr_running
export const all: number[] = vm.variable('runqueues').map((rq) => rq.cpu)
export const weight: number | undefined = vm.map('pid_stats').get(1)?.weight
export const perCpu = vm.map('cpu_events').get(0)?.map((events) => events.$address)
export const sections = [vm.map('scx_demo.bss').variables.$members, vm.map('scx_demo.rodata').variables]
export const kind: string | undefined = vm.map('pid_stats').get(1)?.class.name
export const dsq: bigint = vm.task(1).scx.dsq.id
export const list: boolean = vm.task(1).tasks.next.$isNull
export const flags: number = vm.task(1).sched_reset_on_fork
export const chars: string = vm.variable('linux_banner').$string()
declare const some: string
export const unknown = [vm.map(some).get(1), vm.variable(some), vm.prog('demo_enqueue').xlated, vm.map(3).name]
`
const wrong = [
  ["vm.variable('init_task').se.vruntim", "Did you mean 'vruntime'"],
  ["vm.map('pid_stats').get(1)?.weigh", "Did you mean 'weight'"],
  ["vm.at(0n, 'struct rq').cur", "Did you mean 'curr'"],
  ["vm.map('pid_stat')", '\'"pid_stat"\' is not assignable'],
] as const

describe('declarations of a whole kernel and its BPF programs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-types-'))
  let vm: Session

  beforeAll(async () => {
    vm = (await sharedDemo('6.18')).session
    writeFileSync(
      join(directory, 'guest.d.ts'),
      singleModule(declarationsOf(vm), libraryDeclarations().replace('.d.ts', '.js')),
    )
    writeFileSync(join(directory, 'right.ts'), right)
    const lines = wrong.map(([code]) => `void ${code}`)
    const head = "import type { Guest } from './guest.js'\ndeclare const vm: Guest\n"
    writeFileSync(join(directory, 'wrong.ts'), `${head}${lines.join('\n')}\n`)
  })

  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  /** tslab brings a compiler of its own, and notebooks are checked by that one. */
  it.each(['typescript', '@tslab/typescript-for-tslab'])('are read by %s', (compiler) => {
    const { stdout } = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules', compiler, 'lib/tsc.js'),
        ...['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2022'],
        ...['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '5.0'],
        ...['right.ts', 'wrong.ts'],
      ],
      { cwd: directory, encoding: 'utf8' },
    )
    expect(stdout).not.toContain('right.ts')
    for (const [index, [, message]] of wrong.entries()) {
      const line = stdout.split('\n').find((text) => text.startsWith(`wrong.ts(${index + 3},`))
      const more = stdout.slice(stdout.indexOf(line ?? '\0'))
      expect(more.slice(0, 2000)).toContain(message)
    }
  })

  it('say what values are', () => {
    const { reference } = declarationsOf(vm)
    const task = vm.task(1)
    expect(reference(vm.type('struct task_struct'))).toBe('vmlinux.task_struct')
    if (typeof task !== 'object' || !('$members' in task)) throw new Error('a task has members')
    let compared = 0
    for (const name of task.$members) {
      const value: unknown = (task as Readonly<Record<string, unknown>>)[name]
      const declared = reference(task.$member(name).$ctype as never)
      if (typeof value === 'object' && value !== null) {
        const { $kind } = value as { $kind?: string }
        expect([name, declared.startsWith('Pointer'), declared.startsWith('List<')]).toEqual([
          name,
          $kind === 'pointer',
          $kind === 'array',
        ])
      } else {
        const isBits = (task.$member(name) as { $bitSize?: number }).$bitSize
        if (!isBits) expect([name, declared]).toEqual([name, typeof value])
      }
      compared++
    }
    expect(compared).toBeGreaterThan(100)
  })

  it('are there for a prompt, in another thread', async () => {
    const types = new PromptTypes(vm)
    try {
      expect(await types.check("vm.map('pid_stats').get(1).weigh")).toMatchObject([
        { message: "Property 'weigh' does not exist on type 'pid_stats'. Did you mean 'weight'?" },
      ])
      expect((await types.complete('vm.task(1).sc')).items[0]).toMatchObject({
        name: 'scx',
        type: 'sched_ext_entity',
        note: expect.stringMatching(/^struct sched_ext_entity, offset \d+, \d+ bytes$/),
      })
      expect((await types.complete("vm.map('")).items.map(({ name }) => name)).toContain('pid_stats')
    } finally {
      types.close()
    }
    await expect(types.check('1')).rejects.toThrow('it was closed')
  })
})
