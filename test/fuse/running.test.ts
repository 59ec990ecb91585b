import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import { demoGuest } from '../../src/ui/demo-guest.js'
import { recordOf } from '../../src/ui/fuse/records.js'
import { cryoscope, output, run, said, scratch, shell, whyNoFuse } from './support.js'

const reason = await whyNoFuse()
/** How long many read at once; a minute is what a release is tried with. */
const seconds = Number(process.env.CRYOSCOPE_READERS_SECONDS ?? 10)

describe.skipIf(said(reason))('the mount of a guest that is let run', () => {
  const place = scratch()
  const directory = join(place.path, 'mount')
  let guest: Session
  let process_: { pid: number }

  beforeAll(async () => {
    mkdirSync(directory)
    guest = await boot({
      ...(await demoGuest({ kernel: '6.18', cpus: 2, memoryBytes: 2 ** 29 })),
      bootTimeoutMs: 240_000,
    })
    await guest.freeze()
    const { code, stderr } = await cryoscope('mount', guest.target.name, directory, '--detach', '--writable')
    expect([code, stderr]).toEqual([0, ''])
    process_ = recordOf(directory)?.process ?? { pid: 0 }
  })

  afterAll(async () => {
    await cryoscope('unmount', directory)
    await guest.close()
    place.remove()
  })

  const control = async (): Promise<string> => await output('cat', join(directory, 'control'))
  /** This session hears of what the mount's process does a moment later. */
  const becomes = async (state: string): Promise<void> => {
    const end = performance.now() + 30_000
    while (guest.state !== state && performance.now() < end) await new Promise((go) => setTimeout(go, 20))
    expect(guest.state).toBe(state)
  }
  const tell = async (line: string) => await shell(`echo '${line}' > '${directory}/control'`)

  it('obeys control, and says the state', async () => {
    expect(await control()).toBe('frozen\nstop 1\n')
    expect((await tell('advance 5ms')).code).toBe(0)
    expect(await control()).toMatch(/^frozen\nstop 2\nlast advance 5ms: ran for \d+ us\n$/)
    expect((await tell('step 0 3')).code).toBe(0)
    expect(await control()).toMatch(/^frozen\nstop 3\nlast step 0 3: \d steps on CPU 0/)
    const wrong = await tell('jump')
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('Invalid argument')])
    expect(await control()).toContain('"jump" is no command; write freeze, thaw, advance 5ms')
    expect((await tell('thaw')).code).toBe(0)
    expect(await control()).toMatch(/^running\n/)
    await becomes('running')
    expect((await tell('freeze')).code).toBe(0)
    await becomes('frozen')
  })

  it('lets a guest run again after a look', async () => {
    await tell('thaw')
    expect(await output('jq', '-r', '.release', join(directory, 'info.json'))).toContain(guest.kernel.release)
    await becomes('running')
    await tell('freeze')
  })

  it('lets the kernel believe what it was told for as long as the guest stands still', async () => {
    const info = join(directory, 'info.json')
    const time = async (): Promise<string> => (await output('stat', '-c', '%y', info)).trim()
    const first = await time()
    expect(await time()).toBe(first)
    // By another process: the mount hears of it a moment later.
    await guest.advance({ ms: 5 })
    await expect.poll(time, { timeout: 20_000 }).not.toBe(first)
    // By what is written to another file, while nothing runs.
    const entry = join(directory, 'maps/by-name/control/entries/0.json')
    const size = async (): Promise<number> => Number(await output('stat', '-c', '%s', entry))
    const before = await size()
    await shell(`echo '{"pause":1234567}' > '${directory}/maps/by-name/control/value.json'`)
    expect(await size()).toBeGreaterThan(before)
    await shell(`echo '{"pause":0}' > '${directory}/maps/by-name/control/value.json'`)
    expect(await size()).toBe(before)
    // Of a stream that is read for the first time its length is true once it is open.
    const raw = join(directory, 'kernel/kallsyms')
    const [length, counted] = (
      await output('sh', '-c', `exec < '${raw}'; stat -L -c %s /dev/fd/0; wc -c`)
    ).split(/\s+/)
    expect(length).toBe(counted)
  })

  it('shows no page of memory from before the guest ran to who had it open', async () => {
    const code = `
      const { openSync, readSync } = require('node:fs')
      const fd = openSync(process.argv[1], 'r')
      const read = () => {
        try { return readSync(fd, Buffer.alloc(4096), 0, 4096, 2 ** 25) } catch (error) { return error.errno }
      }
      process.stdout.write(\`\${read()} \${read()}\\n\`)
      process.stdin.on('data', () => process.stdout.write(\`\${read()}\\n\`))
    `
    const reader = spawn(process.execPath, ['-e', code, join(directory, 'memory/physical')])
    const answer = async (): Promise<string> => String((await once(reader.stdout, 'data'))[0]).trim()
    try {
      expect(await answer()).toBe('4096 4096')
      expect((await tell('advance 5ms')).code).toBe(0)
      const ask = async (): Promise<string> => {
        reader.stdin.write('\n')
        return await answer()
      }
      await expect.poll(ask, { timeout: 20_000 }).toBe('-116')
    } finally {
      reader.kill()
    }
  })

  it('keeps stops, and diff -r tells them apart', async () => {
    expect((await tell('keep')).code).toBe(0)
    const [, first] = /^stop (\d+)$/m.exec(await control()) ?? []
    const same = await run('diff', [
      '-rq',
      '-x',
      'entries',
      join(directory, 'stops', first ?? ''),
      join(directory, 'stops/current/'),
    ])
    expect(same).toEqual({ code: 0, stdout: '', stderr: '' })
    await tell('advance 30ms')
    await tell('keep')
    const [, second] = /^stop (\d+)$/m.exec(await control()) ?? []
    const { code, stdout, stderr } = await run('diff', [
      '-rq',
      '-x',
      'entries',
      join(directory, 'stops', first ?? ''),
      join(directory, 'stops', second ?? ''),
    ])
    expect([code, stderr]).toEqual([1, ''])
    expect(stdout).toContain('sched/state.json')
    expect(stdout).not.toContain('vmcoreinfo')
    expect((await tell(`drop ${first}`)).code).toBe(0)
  })

  it('writes values of maps, and refuses nonsense and what is not writable', async () => {
    const entry = join(directory, 'maps/by-name/control/entries/0.json')
    const pause = () => (guest.map('control').get(0) as unknown as { pause: number }).pause
    const changed = await shell(
      `jq -c '.value.value.pause = 7' '${entry}' > '${place.path}/new.json' && cat '${place.path}/new.json' > '${entry}'`,
    )
    expect(changed).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(pause()).toBe(7)
    expect(JSON.parse(await output('cat', entry))).toMatchObject({ value: { value: { pause: 7 } } })
    await shell(`echo '{"pause":0}' > '${directory}/maps/by-name/control/value.json'`)
    expect(pause()).toBe(0)
    // bash does not look at what close(2) says; cp does.
    const nonsense = await shell(`echo '{"paws":1}' > '${place.path}/bad'; cp '${place.path}/bad' '${entry}'`)
    expect([nonsense.code, nonsense.stderr]).toEqual([1, expect.stringContaining('Invalid argument')])
    expect(pause()).toBe(0)
    expect((await shell(`echo x > '${directory}/info.json'`)).stderr).toContain('Permission denied')
    expect((await shell(`rm '${directory}/info.json'`)).stderr).toContain('Permission denied')
  })

  it('serves many readers while the guest is frozen, thawed and stepped', async () => {
    const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process_.pid}/status`, 'utf8'))?.[1])
    const scripts = [
      `grep -rI --exclude-dir=entries demo maps >&3`,
      `find . -maxdepth 2 -ls >&3`,
      `cat maps/by-name/[a-c]*/entries.jsonl >&3`,
      `cat tasks/[0-9]/task.json tasks/1*/stack >&3`,
      `cat progs/by-name/demo_*/xlated.txt sched/state.json >&3`,
      `head -c 64M memory/physical >&3; head -c 1M memory/vmcore >&3`,
      `cat arenas/*/info.json allocators/*/entries.jsonl >&3`,
      `head -c 20M arenas/*/memory >&3; cat kernel/dmesg info.json >&3`,
    ]
    const before = rss()
    const readers = scripts.map((script) =>
      shell(
        `cd '${directory}' && exec 3>/dev/null; n=0; while [ $SECONDS -lt ${seconds} ]; do ${script}; n=$((n+1)); done; echo $n`,
      ),
    )
    const finished = Promise.all(readers)
    let isOver = false
    void finished.then(() => {
      isOver = true
    })
    for (let round = 0; !isOver; round++) {
      await tell(['thaw', 'freeze', 'advance 2ms', 'freeze', 'step 1 5', 'thaw'][round % 6] ?? 'freeze')
      await new Promise((go) => setTimeout(go, 300))
    }
    const results = await finished
    await tell('freeze')
    // Tasks come and go, and a file that was open before the guest ran says so.
    const documented = /No such file or directory|Stale file handle|^$/
    const others = results.flatMap(({ stderr }) =>
      stderr.split('\n').filter((line) => !documented.test(line)),
    )
    expect(others).toEqual([])
    for (const { stdout } of results) expect(Number(stdout)).toBeGreaterThan(0)
    expect(JSON.parse(await output('cat', join(directory, 'info.json')))).toMatchObject({ state: 'frozen' })
    const grown = rss() - before
    console.info(
      `${seconds} s: reader rounds ${results.map(({ stdout }) => stdout.trim()).join(' ')}; ${grown} KiB more resident`,
    )
    expect(grown).toBeLessThan(800 * 1024)
  })
})
