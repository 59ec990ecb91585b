import { createHash } from 'node:crypto'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asPhysical } from '../../src/brands.js'
import { allocatorDocument } from '../../src/contract/allocators.js'
import { mapLines } from '../../src/contract/maps.js'
import { programJson } from '../../src/contract/programs.js'
import { open } from '../../src/session/open.js'
import type { Session } from '../../src/session/session.js'
import { type Mount, mount } from '../../src/ui/fuse/mount.js'
import { type GroundTruth, sharedDemo } from '../integration/support/demo-guest.js'
import { cryoscope, output, run, said, scratch, shell, whyNoFuse } from './support.js'

const reason = await whyNoFuse()

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

type Kind = 'frozen guest' | 'dump'

describe.skipIf(said(reason))('a mounted target', () => {
  const place = scratch()
  const dump = join(place.path, 'vmcore')
  let guest: Session
  let truth: GroundTruth
  const targets = new Map<Kind, { session: Session; mounted: Mount; name: string }>()

  beforeAll(async () => {
    const shared = await sharedDemo('6.18')
    guest = shared.session
    truth = shared.truth
    await guest.dump(dump)
    const opened = { 'frozen guest': guest, dump: await open(dump) }
    for (const [kind, session] of Object.entries(opened) as [Kind, Session][]) {
      const directory = join(place.path, kind.replace(' ', '-'))
      mkdirSync(directory)
      const name = kind === 'dump' ? dump : session.target.name
      targets.set(kind, { session, mounted: await mount(session, directory), name })
    }
  })

  afterAll(async () => {
    for (const { mounted } of targets.values()) await mounted.unmount()
    await targets.get('dump')?.session.close()
    place.remove()
  })

  const target = (kind: Kind) => {
    const found = targets.get(kind)
    if (found === undefined) throw new Error(`${kind} is not mounted`)
    return found
  }
  const file = async (kind: Kind, path: string): Promise<string> =>
    await output('cat', join(target(kind).mounted.directory, path))
  const digest = async (kind: Kind, path: string): Promise<string> =>
    (await output('sha256sum', join(target(kind).mounted.directory, path))).replace(
      /^\\?([0-9a-f]{64}).*$/s,
      '$1',
    )
  const json = async <T>(kind: Kind, path: string): Promise<T> => JSON.parse(await file(kind, path)) as T
  const asked = async <T>(kind: Kind, command: string, ...words: string[]): Promise<T> => {
    const { code, stdout } = await cryoscope(command, target(kind).name, ...words, '--json')
    expect(code).toBe(0)
    return JSON.parse(stdout) as T
  }

  describe.each(['frozen guest', 'dump'] as const)('of a %s', (kind) => {
    it('has the tree that scripts rely on', async () => {
      const { session, mounted } = target(kind)
      const found = (await output('find', mounted.directory, '-printf', '%y %P\n')).split('\n')
      const paths = new Set(found)
      const stats = session.maps.find(({ name }) => name === 'pid_stats')
      const [prog] = session.progs
      const [arena] = session.arenas
      for (const expected of [
        ...['f README.md', 'f info.json', 'f report.json', 'f report.txt', 'f control'],
        ...['f vcpus/0/registers.json', 'f vcpus/1/registers.txt', 'f vcpus/0/where'],
        ...['task.json', 'task.txt', 'context.json', 'comm', 'stack'].map((name) => `f tasks/1/${name}`),
        ...['info.json', 'entries.jsonl', 'entries/1.json', 'raw'].map(
          (name) => `f maps/by-id/${stats?.id}/${name}`,
        ),
        'l maps/by-name/pid_stats',
        ...['info.json', 'xlated.txt', 'jited.bin', 'stats.json'].map(
          (name) => `f progs/by-id/${prog?.id}/${name}`,
        ),
        `l progs/by-name/${prog?.name}`,
        ...['info.json', 'pages.txt', 'memory'].map((name) => `f arenas/${arena?.id}/${name}`),
        ...['info.json', 'entries.jsonl'].map((name) => `f allocators/scx_task_allocator/${name}`),
        ...['state.json', 'events.json', 'rq/0.json', 'dsqs/0x77.json'].map((name) => `f sched/${name}`),
        ...['f memory/physical', 'f memory/vmcore'],
        ...['f kernel/vmcoreinfo', 'f kernel/kallsyms', 'f kernel/dmesg', 'f kernel/btf/vmlinux'],
        ...['d stops/1', 'l stops/current'],
      ]) {
        expect(paths, expected).toContain(expected)
      }
      const directories = found.filter((line) => line.startsWith('d ')).map((line) => line.slice(2))
      for (const directory of directories) expect(paths).toContain(`f ${join(directory, 'README.md')}`)
    })

    it('says what the command line says', async () => {
      const { openMilliseconds: _, ...info } = await json<Record<string, unknown>>(kind, 'info.json')
      const { openMilliseconds: __, ...said } = await asked<Record<string, unknown>>(kind, 'info')
      expect(info).toEqual(said)
      for (const vcpu of await asked<{ cpu: number }[]>(kind, 'vcpus')) {
        expect(await json(kind, `vcpus/${vcpu.cpu}/registers.json`)).toEqual(vcpu)
      }
      expect(await file(kind, 'tasks/1/task.json')).toBe(
        (await cryoscope('tasks', target(kind).name, '1', '--json')).stdout,
      )
      const state = await asked<{ runqueues: { cpu: number }[]; queues: { id: string }[]; events: unknown }>(
        kind,
        'sched',
      )
      expect(await json(kind, 'sched/state.json')).toEqual(state)
      expect(await json(kind, 'sched/rq/1.json')).toEqual(state.runqueues.find(({ cpu }) => cpu === 1))
      expect(await json(kind, 'sched/dsqs/0x77.json')).toEqual(state.queues.find(({ id }) => id === '0x77'))
      expect(await json(kind, 'sched/events.json')).toEqual(state.events)
      for (const { id } of target(kind).session.arenas) {
        expect(await json(kind, `arenas/${id}/info.json`)).toEqual(await asked(kind, 'arena', String(id)))
      }
    })

    it('holds the report', async () => {
      const report = await json<Record<string, unknown>>(kind, 'report.json')
      const fromCommand = await asked<Record<string, unknown>>(kind, 'report')
      expect(Object.keys(report)).toEqual(Object.keys(fromCommand))
      for (const part of ['maps', 'tasks', 'sched', 'programs'])
        expect(report[part]).toEqual(fromCommand[part])
      expect(await file(kind, 'report.txt')).toContain(target(kind).session.kernel.release)
    })

    it('shows every map as the command line does', async () => {
      const all = await asked<{ id: number; name: string }[]>(kind, 'maps')
      for (const map of all) {
        const found = target(kind).session.map(map.id)
        const directory = `maps/by-id/${map.id}`
        expect(await json(kind, `${directory}/info.json`)).toEqual(map)
        if (found.unsupported !== undefined) continue
        const lines = [...mapLines(found)].join('')
        expect(await file(kind, `${directory}/entries.jsonl`)).toBe(lines)
      }
      for (const name of ['pid_stats', 'cpu_events', 'task_notes']) {
        const { stdout } = await cryoscope('map', target(kind).name, name, '--json-lines')
        expect(await file(kind, `maps/by-name/${name}/entries.jsonl`)).toBe(stdout)
        const entries = await shell(
          `cd '${target(kind).mounted.directory}/maps/by-name/${name}/entries' && cat *.json | sort`,
        )
        expect(entries.stdout.trim()).toBe(stdout.trim().split('\n').sort().join('\n'))
      }
    })

    it('shows every program as the command line does', async () => {
      for (const { id, name } of await asked<{ id: number; name: string }[]>(kind, 'progs')) {
        const found = target(kind).session.prog(id)
        const info = await json<Record<string, unknown>>(kind, `progs/by-id/${id}/info.json`)
        expect(info).toMatchObject({ id, name, tag: found.tag })
        const size = await output(
          'stat',
          '-c',
          '%s',
          join(target(kind).mounted.directory, `progs/by-id/${id}/jited.bin`),
        )
        expect(Number(size)).toBe(found.jited.reduce((sum, { bytes }) => sum + bytes.length, 0))
      }
      const name = 'demo_enqueue'
      expect(await json(kind, `progs/by-name/${name}/info.json`)).toEqual(await asked(kind, 'prog', name))
      expect(await file(kind, `progs/by-name/${name}/xlated.txt`)).toBe(
        (await cryoscope('prog', target(kind).name, name, '--xlated')).stdout,
      )
      const links = await output(
        'readlink',
        '-e',
        ...(await shellGlob(kind, `progs/by-name/${name}/maps/*-control`)),
      )
      expect(links.trim()).toBe(await realPath(`${target(kind).mounted.directory}/maps/by-name/control`))
    })

    it('holds what the kernel says of itself, byte for byte', async () => {
      const vmlinux = sha256(truth.bytes('btf'))
      expect(await digest(kind, 'kernel/btf/vmlinux')).toBe(vmlinux)
      expect(await digest(kind, 'kernel/kallsyms')).toBe(sha256(truth.bytes('kallsyms')))
      expect(await file(kind, 'kernel/vmcoreinfo')).toBe(target(kind).session.kernel.info.text)
      const log = truth.bytes('dmesg').toString('utf8')
      expect((await file(kind, 'kernel/dmesg')).slice(0, log.length)).toBe(log)
    })

    it('shows machine code, counters, registers, stacks and memory as they are', async () => {
      const { session } = target(kind)
      for (const vcpu of session.vcpus) {
        const where = vcpu.where ?? `0x${vcpu.rip.toString(16)}${vcpu.privilege === 3 ? ' in user code' : ''}`
        const frames =
          vcpu.stack?.frames.map(({ symbol, address }) => symbol ?? `0x${address.toString(16)}`) ?? []
        const shown = await file(kind, `vcpus/${vcpu.cpu}/stack`)
        expect(
          shown
            .split('\n')
            .slice(0, frames.length)
            .map((line) => line.replace(/ \?$/, '')),
        ).toEqual(frames)
        expect(await file(kind, `vcpus/${vcpu.cpu}/where`)).toBe(`${where}\n`)
        const registers = await file(kind, `vcpus/${vcpu.cpu}/registers.txt`)
        expect(registers).toContain(`rip        0x${vcpu.rip.toString(16).padStart(16, '0')}\n`)
      }
      for (const task of session.tasks.filter(({ pid }) => pid !== 0).slice(0, 20)) {
        expect(await file(kind, `tasks/${task.pid}/comm`)).toBe(`${task.name}\n`)
        const [innermost] = task.isRunning ? [] : session.sched.stack(task.pid).frames
        if (innermost?.symbol !== undefined) {
          expect(await file(kind, `tasks/${task.pid}/stack`)).toContain(innermost.symbol)
        }
      }
      for (const listed of session.progs) {
        const program = session.prog(listed.id)
        const place = `progs/by-id/${listed.id}`
        const code = Buffer.concat(program.jited.map(({ bytes }) => bytes))
        expect(await digest(kind, `${place}/jited.bin`)).toBe(sha256(code))
        const info = await json<Record<string, unknown>>(kind, `${place}/info.json`)
        expect(info).toMatchObject(JSON.parse(JSON.stringify(programJson(program))) as object)
        expect(info).toMatchObject(await json<object>(kind, `${place}/stats.json`))
      }
      const control = [...session.map('control').entries()][0]
      expect(await digest(kind, 'maps/by-name/control/raw')).toBe(
        sha256(control?.value?.bytes ?? new Uint8Array()),
      )
      const value = await json<{ value: { value: unknown } }>(kind, 'maps/by-name/control/entries/0.json')
      expect(await json(kind, 'maps/by-name/control/value.json')).toEqual(value.value.value)
      expect(await json<object>(kind, 'maps/by-name/ring/state.json')).toHaveProperty('unconsumed')

      const init = session.symbol('init_task').address
      const at = session.kernel.space.translate(init)
      if ('problem' in at) throw new Error('init_task is not mapped')
      const part = (path: string, from: number) =>
        `dd if='${join(target(kind).mounted.directory, path)}' bs=64 count=1 skip=${from} iflag=skip_bytes status=none | sha256sum`
      const physical = await shell(part('memory/physical', at.physical))
      expect(physical.stdout).toContain(sha256(session.kernel.space.bytes(init, 64)))
      const [arena] = session.arenas
      const [page = 0] = arena?.pages ?? []
      const start = await shell(part(`arenas/${arena?.id}/memory`, page * 4096))
      const frame = (arena?.window.frameOf(page) ?? 0) * 4096
      expect(start.stdout).toContain(sha256(session.target.memory.read(asPhysical(frame), 64).bytes))
    })

    it('shows every allocation', async () => {
      for (const allocator of target(kind).session.allocators) {
        const { allocations, ...rest } = JSON.parse([...allocatorDocument(allocator)].join('')) as {
          allocations: { index: number }[]
        }
        const directory = `allocators/${allocator.name}`
        expect(await json(kind, `${directory}/info.json`)).toEqual(rest)
        const lines = (await file(kind, `${directory}/entries.jsonl`))
          .split('\n')
          .filter((line) => line !== '')
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(allocations)
        for (const allocation of allocations.slice(0, 5)) {
          expect(await json(kind, `${directory}/${allocation.index}.json`)).toEqual(allocation)
        }
      }
    })

    it('serves grep the same twice, and jq', async () => {
      const { directory } = target(kind).mounted
      const grep = await run('grep', ['-rIc', '--exclude-dir=entries', 'demo', `${directory}/maps`])
      expect([grep.code, grep.stderr]).toEqual([0, ''])
      const again = await run('grep', ['-rIc', '--exclude-dir=entries', 'demo', `${directory}/maps`])
      expect(again.stdout).toBe(grep.stdout)
      const count = await output('jq', '-s', 'length', `${directory}/maps/by-name/many/entries.jsonl`)
      expect(Number(count)).toBe([...target(kind).session.map('many').entries()].length)
    })

    it('splits many entries, and finds each by its key', async () => {
      const entries = join(target(kind).mounted.directory, 'maps/by-name/many/entries')
      const pages = (await output('ls', entries))
        .trim()
        .split('\n')
        .filter((name) => name !== 'README.md')
      const all = [...target(kind).session.map('many').entries()]
      expect(pages).toHaveLength(Math.ceil(all.length / 4000))
      const names = (await output('find', entries, '-name', '*.json', '-printf', '%f\n')).trim().split('\n')
      expect(await output('find', entries, '-mindepth', '1', '-type', 'd', '-printf', '%f\n')).toBe(
        `${pages.join('\n')}\n`,
      )
      const keys = all.map(({ key }) => `${Buffer.from(key.bytes).readBigUInt64LE()}.json`)
      expect(new Set(names)).toEqual(new Set(keys))
      const [last = ''] = keys.slice(-1)
      expect(await output('cat', join(entries, last))).toBe(
        await output('cat', join(entries, pages.at(-1) ?? '', last)),
      )
      expect((await run('cat', [join(entries, '0xnothing.json')])).stderr).toContain('No such file')
    })

    it('carries types and addresses as extended attributes', async () => {
      const { mounted, session } = target(kind)
      const map = session.map('pid_stats')
      const shown = await output(
        'getfattr',
        '--absolute-names',
        '-d',
        `${mounted.directory}/maps/by-id/${map.id}`,
      )
      expect(shown).toContain(`user.cryoscope.address="0x${map.address.toString(16)}"`)
      expect(shown).toContain('user.cryoscope.type="struct bpf_map (hash)"')
    })

    it('says what the kernel does not hold, and refuses what cannot be written', async () => {
      const { directory } = target(kind).mounted
      expect(await file(kind, 'kernel/problems')).toContain('CONFIG_IKCONFIG')
      const written = await shell(`echo freeze > '${directory}/control'`)
      expect(written.stderr).toContain('Read-only file system')
      expect((await shell(`touch '${directory}/new'`)).stderr).toContain('Read-only file system')
      expect((await shell(`cat '${directory}/maps/by-id/999999/info.json'`)).stderr).toContain('No such file')
    })
  })

  it('serves find, tar, cp and diff', async () => {
    const { directory } = target('dump').mounted
    const listing = await output('find', directory, '-ls')
    expect(listing.split('\n').length).toBeGreaterThan(5000)

    // Whole, also what is streamed or made only when somebody opens it.
    const unpacked = join(place.path, 'unpacked')
    const archive = await shell(
      `mkdir '${unpacked}' && cd '${directory}' && tar --exclude=memory --exclude=stops --exclude=entries -cf - . | tar -xf - -C '${unpacked}'`,
    )
    expect(archive).toEqual({ code: 0, stdout: '', stderr: '' })
    for (const name of ['report.json', 'report.txt', 'kernel/kallsyms']) {
      expect(statSync(join(unpacked, name)).size, name).toBeGreaterThan(10_000)
    }

    const copy = join(place.path, `copy`)
    const copied = await shell(
      `mkdir '${copy}' && cd '${directory}' && cp -r README.md info.json vcpus tasks maps progs allocators sched kernel '${copy}/'`,
    )
    expect(copied).toEqual({ code: 0, stdout: '', stderr: '' })
    const compared = await shell(
      `cd '${directory}' && for each in README.md info.json vcpus tasks maps progs allocators sched kernel; do diff -rq $each '${copy}/'$each; done`,
    )
    expect(compared).toEqual({ code: 0, stdout: '', stderr: '' })
    const same = await shell(
      `cd '${unpacked}' && for each in README.md info.json vcpus tasks maps progs allocators sched kernel; do diff -rq -x entries $each '${copy}/'$each; done`,
    )
    expect(same).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  async function shellGlob(kind: Kind, pattern: string): Promise<string[]> {
    const { stdout } = await shell(`ls -d '${target(kind).mounted.directory}/'${pattern}`)
    return stdout.trim().split('\n')
  }

  async function realPath(path: string): Promise<string> {
    return (await output('readlink', '-e', path)).trim()
  }
})
