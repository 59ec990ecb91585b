import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'bin/cryoscope.js')
const build = join(root, 'examples/scx_demo/build')
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope')
const bpftool = join(cache, 'tools/usr/sbin/bpftool')

const scratch = mkdtempSync(join(tmpdir(), 'cs-'))
// A runtime directory of our own: guests that someone else runs here are neither seen nor swept.
const environment = {
  ...process.env,
  XDG_RUNTIME_DIR: scratch,
  XDG_STATE_HOME: join(scratch, 'state'),
  NO_COLOR: '1',
}
const guests = join(scratch, 'cryoscope')

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built command line as a person does. */
async function run(...words: string[]): Promise<Ran> {
  return await runWith('', words)
}

/** The same with something on stdin. */
async function runWith(input: string, words: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [program, ...words], { env: environment, timeout: 110_000 })
  child.stdin.on('error', () => {}).end(input)
  const texts = [child.stdout, child.stderr].map(text)
  const [code] = (await once(child, 'close')) as [number | null]
  const [stdout = '', stderr = ''] = await Promise.all(texts)
  return { code, stdout, stderr }
}

/** The same for a command that must work; gives its stdout. */
async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...words)
  expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' })
  return stdout
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse(await ok(...words, '--json')) as T
}

function start(...words: string[]): ChildProcess {
  return spawn(process.execPath, [program, ...words], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode !== null || child.signalCode !== null)
    return { code: child.exitCode, signal: child.signalCode }
  return await new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
}

async function until(condition: () => boolean, what: string, limit = 60_000): Promise<void> {
  const end = performance.now() + limit
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await sleep(20)
  }
}

function guestNames(): string[] {
  return existsSync(guests) ? readdirSync(guests).filter((name) => !name.startsWith('.')) : []
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

const state = async (name: string) =>
  (await json<{ name: string; state: string }[]>('ps')).find((guest) => guest.name === name)?.state

interface VcpuJson {
  readonly cpu: number
  readonly rip: string
  readonly task: { readonly pid: number } | null
  readonly registers: Record<string, string>
}

interface MapJson {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly valueType: string | null
}

interface EntryJson {
  readonly key: { readonly hex: string; readonly value?: unknown }
  readonly value?: { readonly hex: string; readonly value?: Record<string, unknown> }
  readonly cpus?: readonly { readonly cpu: number; readonly hex: string }[]
}

afterAll(async () => {
  const left = guestNames()
  if (left.length > 0) await run('stop', ...left.map((name) => `@${name}`))
  rmSync(scratch, { recursive: true, force: true })
})

describe('without a guest', () => {
  it('alone prints help, and knows its version', async () => {
    expect(await ok()).toContain('cryoscope demo')
    expect(await ok('--help')).toBe(await ok())
    expect(await ok('help', 'map')).toBe(await ok('map', '--help'))
    expect(await ok('--version')).toMatch(/^cryoscope \d+\.\d+\.\d+( \([0-9a-f]+(, changed)?\))?\n$/)
  })

  it('answers bad input with a sentence and the right exit code', async () => {
    const text = join(scratch, 'text')
    writeFileSync(text, 'no dump\n')
    const empty = join(scratch, 'empty')
    writeFileSync(empty, '')
    for (const [code, ...words] of [
      [1, 'info', join(scratch, 'missing')],
      [1, 'info', text],
      [1, 'maps', empty, '--json'],
      [1, 'info', '@nobody'],
      [2, 'info', scratch],
      [2, 'infos'],
      [2, 'help', 'infos'],
      [2, 'map', text, 'x', '--limit', '1x'],
      [2, 'boot', '--memory', 'much'],
      ...(existsSync('/proc/kcore') ? [] : [[3, 'info', 'live'] as const]),
    ] as const) {
      const ran = await run(...words)
      expect({ words, code: ran.code, stdout: ran.stdout }).toEqual({ words, code, stdout: '' })
      expect(ran.stderr).toMatch(/^cryoscope: [^\n]+\n$/)
    }
  })

  it('prints the console of a guest until it powers off, and leaves nothing', async () => {
    const script = join(scratch, 'script.sh')
    writeFileSync(script, 'sleep 1\necho "hello from $(hostname)"\ncat /note\npoweroff -f\n')
    const note = join(scratch, 'note')
    writeFileSync(note, 'a file of the host\n')
    const ran = await run(
      'boot',
      '--cpus',
      '1',
      '--memory',
      '256M',
      '--name',
      'short',
      '--file',
      `${note}:/note`,
      '--script',
      script,
    )
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toContain('hello from short')
    expect(ran.stdout).toContain('a file of the host')
    expect(guestNames()).toEqual([])
  })

  it('cleans up after a process that was killed, and says so', async () => {
    const child = start('boot', '--cpus', '1', '--memory', '256M', '--name', 'orphan')
    let console = ''
    child.stdout?.on('data', (chunk) => {
      console += String(chunk)
    })
    await until(() => console.includes('guest ready'), 'the guest is ready')
    const [guest] = await json<{ name: string; pid: number; owner: number }[]>('ps')
    expect(guest).toMatchObject({ name: '@orphan', owner: child.pid })
    child.kill('SIGKILL')
    await ended(child)
    const { code, stdout, stderr } = await run('ps', '--json')
    expect({ code, stdout }).toEqual({ code: 0, stdout: '[]\n' })
    expect(stderr).toContain('cleaned up guest @orphan')
    expect(guestNames()).toEqual([])
    await until(() => !isRunning(guest?.pid ?? 0), 'its QEMU is gone')
  })
})

describe('a detached guest', () => {
  const dump = join(scratch, 'vmcore')

  beforeAll(async () => {
    const parts = ['scx_demo.o', 'gallery.o', 'fields.o', 'trace.o', 'load', 'populate', 'control.sh']
    const booted = await run(
      'boot',
      ...['--run', bpftool, 'version', '--cpus', '2', '--wait-for', 'cryoscope: demo ready', '--detach=cli'],
      ...['--file', `${bpftool}:/usr/local/bin/bpftool`],
      ...parts.flatMap((part) => ['--file', `${join(build, part)}:/cryoscope/${part}`]),
      ...['--script', join(build, 'start.sh')],
    )
    expect(booted, booted.stderr).toMatchObject({ code: 0, stdout: '@cli\n' })
  })

  it('is listed, and runs on by itself', async () => {
    const [guest] = await json<Record<string, unknown>[]>('ps')
    expect(guest).toMatchObject({
      name: '@cli',
      state: 'running',
      cpus: 2,
      memoryBytes: 2 ** 29,
      owner: null,
    })
    expect(await ok('ps')).toMatch(/@cli +running/)
  })

  it('refuses a second guest of the same name', async () => {
    expect(await run('boot', '--detach=cli')).toMatchObject({ code: 2, stdout: '' })
  })

  it('stands still only while it is read', async () => {
    const info = await json<Record<string, unknown>>('info', '@cli')
    expect(info).toMatchObject({ target: '@cli', kind: 'guest', state: 'frozen', vcpus: 2, problems: [] })
    expect(info.release).toMatch(/^\d+\.\d+/)
    expect(info.machine).toBe('x86_64')
    expect(await state('@cli')).toBe('running')
    expect((await run('map', '@cli', 'no_such_map')).code).toBe(1)
    expect(await state('@cli')).toBe('running')
  })

  it('runs again when the command that held it is ended, whatever ends it', async () => {
    expect((await run('repl', '@cli', '-e', 'process.exit(7)')).code).toBe(7)
    expect(await state('@cli')).toBe('running')
    for (const [signal, code] of [
      ['SIGTERM', 'console.log("here"); await new Promise(() => {})'],
      ['SIGINT', 'console.log("here"); while (true) {}'],
    ] as const) {
      const child = start('repl', '@cli', '-e', code)
      await new Promise((resolve) => child.stdout?.once('data', resolve))
      child.kill(signal)
      await ended(child)
      expect({ signal, state: await state('@cli') }).toEqual({ signal, state: 'running' })
    }
  })

  /** A command that looks until it is ended. */
  async function looker(): Promise<ChildProcess> {
    const child = start('repl', '@cli', '-e', 'console.log("here"); await new Promise(() => {})')
    await new Promise((resolve) => child.stdout?.once('data', resolve))
    return child
  }

  it('stands still as long as one of several commands looks', async () => {
    const [first, second] = await Promise.all([looker(), looker()])
    await ok('maps', '@cli')
    first.kill('SIGTERM')
    await ended(first)
    expect(await state('@cli')).toBe('frozen')
    second.kill('SIGTERM')
    await ended(second)
    expect(await state('@cli')).toBe('running')
  })

  it('runs again after a look that was killed, and the next command says so', async () => {
    const child = await looker()
    child.kill('SIGKILL')
    await ended(child)
    const { stdout, stderr } = await run('ps', '--json')
    expect(stderr).toContain(
      `guest @cli runs again: process ${child.pid}, which held it for a look, was killed`,
    )
    expect(JSON.parse(stdout)).toMatchObject([{ name: '@cli', state: 'running' }])
    expect((await run('ps')).stderr).toBe('')
  })

  it('is left as somebody put it during a look', async () => {
    const child = await looker()
    await ok('freeze', '@cli')
    child.kill('SIGTERM')
    await ended(child)
    expect(await state('@cli')).toBe('frozen')
    await ok('thaw', '@cli')
    expect(await state('@cli')).toBe('running')
  })

  it('freezes, and stays frozen while it is looked at', async () => {
    const frozen = await json<{ state: string; vcpus: VcpuJson[] }>('freeze', '@cli')
    expect(frozen.state).toBe('frozen')
    expect(frozen.vcpus).toHaveLength(2)
    await ok('maps', '@cli')
    expect(await state('@cli')).toBe('frozen')
    expect(await json<VcpuJson[]>('vcpus', '@cli')).toEqual(frozen.vcpus)
  })

  it('serves 40 commands at once', async () => {
    const looks = Array.from({ length: 30 }, () => run('vcpus', '@cli', '--json'))
    const steps = Array.from({ length: 10 }, () => run('step', '@cli', '--vcpu', '0', '--json'))
    const ran = await Promise.all([...looks, ...steps])
    expect(ran.filter(({ code }) => code !== 0)).toEqual([])
    expect(ran.filter(({ stderr }) => /monitor|Timeout|Warning/.test(stderr))).toEqual([])
  }, 300_000)

  it('shows its maps, typed', async () => {
    const maps = await json<MapJson[]>('maps', '@cli')
    expect(maps.find(({ name }) => name === 'pid_stats')).toMatchObject({
      type: 'hash',
      keySize: 4,
      valueSize: 64,
      keyType: 's32',
      valueType: 'struct pid_stats',
    })
    const table = (await ok('maps', '@cli')).trimEnd().split('\n')
    expect(table).toHaveLength(maps.length + 1)
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80)

    const one = await json<{ entries: EntryJson[] }>('map', '@cli', 'pid_stats', '--key', '1')
    expect(one.entries).toHaveLength(1)
    expect(one.entries[0]).toMatchObject({
      key: { hex: '01000000', value: 1 },
      value: { value: { comm: 'init' } },
    })
    const all = await json<{ entries: EntryJson[] }>('map', '@cli', 'pid_stats')
    expect(all.entries.length).toBeGreaterThan(20)
    expect(all).not.toHaveProperty('truncated')
    expect(all).not.toHaveProperty('problems')
    const lines = (await ok('map', '@cli', 'pid_stats', '--json-lines')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as EntryJson)).toEqual(all.entries)
    expect(
      await json<{ truncated: boolean; entries: [] }>('map', '@cli', 'pid_stats', '--limit', '2'),
    ).toMatchObject({
      truncated: true,
      entries: [{}, {}],
    })
    expect(await run('map', '@cli', 'pid_stats', '--key', '9999999')).toMatchObject({ code: 1, stdout: '' })
    const perCpu = await json<{ entries: EntryJson[] }>('map', '@cli', 'cpu_events')
    expect(perCpu.entries[0]?.cpus?.map(({ cpu }) => cpu)).toEqual([0, 1])
    expect(await ok('map', '@cli', 'pid_stats', '--key', '1')).toContain('.comm       = "init"')
    expect(await ok('map', '@cli', 'cpu_events')).toMatch(/KEY +CPU +select_cpu/)
    const storage = await json<{ entries: { key: { owner?: { kind: string; pid: number } } }[] }>(
      'map',
      '@cli',
      'scx_task_map',
    )
    expect(storage.entries.map(({ key }) => key.owner?.kind)).toContain('task')
    expect(await ok('map', '@cli', 'scx_task_map')).toMatch(/task pid \d+/)
    const section = await json<{ entries: EntryJson[] }>('map', '@cli', 'scx_demo.bss')
    expect(section.entries[0]?.value?.value).toMatchObject({ nr_cpus: 2 })
    expect(await ok('map', '@cli', 'scx_demo.bss')).toMatch(/\.nr_cpus +=+ 2,/)
  })

  it('shows programs, tasks, symbols and types', async () => {
    const programs = await json<{ id: number; name: string; runCount: string; mapIds: number[] }[]>(
      'progs',
      '@cli',
    )
    const enqueue = programs.find(({ name }) => name === 'demo_enqueue')
    expect(Number(enqueue?.runCount)).toBeGreaterThan(0)
    expect(await json('prog', '@cli', String(enqueue?.id))).toMatchObject({ ...enqueue })
    expect(await ok('prog', '@cli', 'demo_enqueue')).toContain('struct_ops')

    const tasks = await json<{ pid: number; comm: string; address: string }[]>('tasks', '@cli')
    const init = tasks.find(({ pid }) => pid === 1)
    expect(init?.comm).toBe('init')
    const one = await json<{ address: string; task_struct: Record<string, unknown> }>('tasks', '@cli', '1')
    expect(one).toMatchObject({ address: init?.address, task_struct: { pid: 1, comm: 'init' } })
    expect((await run('tasks', '@cli', '4000000')).code).toBe(1)

    const [symbol] = await json<{ name: string; address: string; type: string }[]>(
      'symbol',
      '@cli',
      'schedule',
    )
    expect(symbol).toMatchObject({ name: 'schedule', type: 'T', group: null, offset: 0 })
    const inside = `0x${(BigInt(symbol?.address ?? 0) + 4n).toString(16)}`
    expect(await json<unknown[]>('symbol', '@cli', inside)).toEqual([{ ...symbol, offset: 4 }])
    expect(await ok('symbol', '@cli', inside)).toBe(`${symbol?.address} T schedule+0x4\n`)

    expect(await ok('type', '@cli', 'struct', 'list_head')).toContain('struct list_head *')
    expect(await ok('type', '@cli', 'list_head', '--offsets')).toContain(
      '/* size: 16, cachelines: 1, members: 2 */',
    )
    expect(await ok('type', '@cli', 'struct list_head', '--ts')).toContain('export interface list_head')
    expect((await run('type', '@cli', 'struct nonsense')).code).toBe(1)
  })

  it('shows counters, the scheduler and allocators in words, as it has them in JSON', async () => {
    const program = await json<{ runCount: string; countsRuns: boolean }>('prog', '@cli', 'demo_enqueue')
    expect(program.countsRuns).toBe(true)
    expect(await ok('prog', '@cli', 'demo_enqueue')).toMatch(
      new RegExp(`^runs +${program.runCount} in [\\d.]+ [mu]?s, [\\d.]+ [mun]?s each$`, 'm'),
    )

    const { objects } = await json<{ objects: { mapName: string; mapId: number; evidence: string[] }[] }>(
      'sched',
      '@cli',
    )
    expect(objects).toMatchObject([{ mapName: 'demo_ops', isActive: true, name: 'scx_demo' }])
    const words = (await ok('sched', '@cli')).replace(/\n +/g, ' ')
    expect(words).toContain(`made of    struct_ops map demo_ops (${objects[0]?.mapId})`)
    expect(words).toContain(`known by   ${objects[0]?.evidence.join('; ')}`)
    expect(words).toMatch(/known by +the kernel calls (\d+) of its \1 functions; /)

    const allocator = await json<{ live: number }>(
      'repl',
      '@cli',
      '-e',
      "({ live: vm.allocator('scx_task_allocator').live.length })",
    )
    const { code, stdout: text, stderr } = await run('allocators', '@cli', 'scx_task_allocator')
    expect(code).toBe(0)
    // The scheduler keeps task_ctx.parent when the parent has ended.
    expect(stderr).toMatch(/^(?:cryoscope: scx_task_allocator\[\d+\]\+0x58 dangles: .+\n)*$/)
    expect(text).toMatch(
      /^scx_task_allocator: \S+ in \S+, arena \d+\nelements of 128 bytes, inferred: struct task_ctx /,
    )
    expect(text.match(/^\[\d+\] 0x1000[0-9a-f]+/gm)).toHaveLength(allocator.live)
    // Cut to 80 columns.
    expect(await ok('allocators', '@cli')).toMatch(/^ +\d+ +scx_task_al\S+ +sdt +/m)
  })

  it('evaluates code', async () => {
    expect(await ok('repl', '@cli', '-e', 'vm.task(1).comm')).toBe('init\n')
    expect(await json<number>('repl', '@cli', '-e', 'vm.maps.length')).toBeGreaterThan(10)
    expect(await json<number>('repl', '@cli', '-e', "vm.map('pid_stats').get(1).weight")).toBe(100)
    expect(await run('repl', '@cli', '-e', 'nonsense()')).toMatchObject({ code: 1, stdout: '' })
    expect(await run('repl', '@cli', '-e', "vm.map('nonsense')")).toMatchObject({ code: 1, stdout: '' })
    // A script on stdin.
    const script =
      'const n = await Promise.resolve(20)\nfunction twice(x) {\n  return 2 * x\n}\ntwice(n) + vm.task(1).pid\n'
    const ran = await runWith(script, ['repl', '@cli'])
    expect(ran).toMatchObject({ code: 0, stdout: '41\n', stderr: '' })
  })

  it('ends quietly when the reader has seen enough', async () => {
    const child = start('map', '@cli', 'mmap_words', '--json')
    let stderr = ''
    child.stderr?.on('data', (chunk) => {
      stderr += String(chunk)
    })
    child.stdout?.once('data', () => child.stdout?.destroy())
    expect(await ended(child)).toEqual({ code: 0, signal: null })
    expect(stderr).toBe('')
  })

  it('steps one vCPU, and only that one', async () => {
    const before = await json<VcpuJson[]>('vcpus', '@cli')
    // A halted vCPU steps when an interrupt comes, which is said on stderr.
    const result = await run('step', '@cli', '--vcpu', '1', '--count', '5', '--json')
    expect(result.code).toBe(0)
    const after = JSON.parse(result.stdout) as { cpu: number; steps: number; vcpus: VcpuJson[] }
    expect(after.cpu).toBe(1)
    expect(after.vcpus[0]).toEqual(before[0])
    if (after.steps > 0) expect(after.vcpus[1]?.registers).not.toEqual(before[1]?.registers)
    expect(await run('step', '@cli', '--vcpu', '9')).toMatchObject({ code: 2, stdout: '' })
  })

  it('says the same from a dump as from the frozen guest', async () => {
    expect(await json('dump', '@cli', dump)).toEqual({
      file: dump,
      format: 'elf',
      bytes: statSync(dump).size,
    })
    expect(await json('info', dump)).toMatchObject({
      target: 'vmcore',
      kind: 'dump',
      state: 'dump',
      vcpus: 2,
      problems: [],
    })
    for (const words of [
      ['maps'],
      ['progs'],
      ['tasks'],
      ['map', 'pid_stats'],
      ['map', 'scx_demo.bss'],
      ['symbol', 'schedule'],
      ['type', 'struct rq'],
    ]) {
      const [command = '', ...rest] = words
      expect(await json(command, dump, ...rest), words.join(' ')).toEqual(
        await json(command, '@cli', ...rest),
      )
    }
    const rips = async (target: string) =>
      (await json<VcpuJson[]>('vcpus', target)).map(({ rip, task }) => ({ rip, task }))
    expect(await rips(dump)).toEqual(await rips('@cli'))
    expect(await run('freeze', dump)).toMatchObject({ code: 2, stdout: '' })
    expect(await run('repl', dump, '-e', 'await vm.freeze()')).toMatchObject({ code: 2, stdout: '' })
  })

  it('advances by about the time that was asked for', async () => {
    const before = await json<{ entries: EntryJson[] }>('map', '@cli', 'cpu_events')
    const moved = await json<{ state: string; elapsedMicroseconds: number }>('advance', '@cli', '--ms', '50')
    expect(moved.state).toBe('frozen')
    expect(moved.elapsedMicroseconds).toBeGreaterThan(45_000)
    expect(await json('map', '@cli', 'cpu_events')).not.toEqual(before)
  })

  it('thaws, and stops without a trace', async () => {
    expect(await ok('thaw', '@cli')).toBe('@cli running\n')
    expect(await state('@cli')).toBe('running')
    const [guest] = await json<{ pid: number }[]>('ps')
    expect(await json('stop', '@cli')).toEqual([{ name: '@cli', state: 'stopped' }])
    expect(await json('ps')).toEqual([])
    expect(guestNames()).toEqual([])
    await until(() => !isRunning(guest?.pid ?? 0), 'its QEMU is gone')
    expect((await run('stop', '@cli')).code).toBe(1)
  })
})

describe('the demo', () => {
  it('boots, freezes and lists the maps, and leaves nothing', async () => {
    const { code, stdout, stderr } = await run('demo')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^target +@demo \(frozen/)
    expect(stdout).toMatch(/^ +\d+ +pid_stats +hash/m)
    expect(stdout).toMatch(/struct pid_stats \{\n {2}\.comm/)
    expect(guestNames()).toEqual([])
  })
})
