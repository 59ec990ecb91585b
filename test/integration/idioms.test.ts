import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { analyzeFile } from '../../src/bpf/cast/analyze.js'
import type { CastObject } from '../../src/bpf/cast/report.js'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import type { ArrayValue, PointerValue, StructValue } from '../../src/value/types.js'
import { bpftool, demoBuild } from './support/demo-guest.js'

const sources = fileURLToPath(new URL('idioms/', import.meta.url))
const program = fileURLToPath(new URL('../../bin/cryoscope.js', import.meta.url))
const headers = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope/tools/usr/include')
const directory = mkdtempSync(join(tmpdir(), 'cryoscope-idioms-'))
const object = join(directory, 'idioms.o')
const linked = join(directory, 'linked.linked3.o')

/** What the source keeps in integers, and how much of it can be proven. */
const expected = [
  'proven .bss.topo_nodes -> struct topology arena',
  'proven struct cpu_value.cached_task -> struct task_struct kernel',
  'proven struct task_value.tptr -> struct task_struct kernel',
  'supported .bss.free_head -> ? arena',
  'supported .bss.slots -> struct queue arena',
]

function textsOf(found: CastObject | undefined): string[] {
  return (found?.findings ?? [])
    .map(
      ({ recovered, place, target, addressSpace }) =>
        `${recovered} ${place.type}.${place.member} -> ${target?.type ?? '?'} ${addressSpace}`,
    )
    .toSorted()
}

/** Loads the object in the guest, and has its program fill the maps. */
const script = `mount -t bpf bpf /sys/fs/bpf
bpftool prog loadall /idioms/idioms.o /sys/fs/bpf/idioms autoattach
umask 022
echo "idioms ready"
`

function compile(name: string): string {
  const compiled = join(directory, `${name}.bpf.o`)
  const flags = ['-O2', '-g', '-w', '--target=bpf', '-mcpu=v3', '-std=gnu11', '-D__TARGET_ARCH_x86']
  const includes = ['-DBPF_NO_KFUNC_PROTOTYPES', '-I', demoBuild, '-I', headers]
  const source = join(sources, `${name}.bpf.c`)
  execFileSync(process.env.CLANG ?? 'clang-19', [...flags, ...includes, '-c', source, '-o', compiled])
  return compiled
}

let session: Session

beforeAll(async () => {
  const compiled = compile('idioms')
  execFileSync(bpftool, ['gen', 'object', object, compiled])
  execFileSync(bpftool, ['gen', 'object', linked, compiled, compile('tree')])
  const file = join(directory, 'script.sh')
  writeFileSync(file, script)
  session = await boot({
    kernel: '7.0',
    memoryBytes: 512 * 2 ** 20,
    run: [[bpftool, 'version']],
    files: [`${bpftool}:/usr/sbin/bpftool`, `${object}:/idioms/idioms.o`],
    script: file,
    waitFor: /idioms ready/,
    bootTimeoutMs: 240_000,
  })
  await session.freeze()
}, 300_000)

afterAll(async () => {
  await session?.close()
  rmSync(directory, { recursive: true, force: true })
})

function programs(): CastObject | undefined {
  const found = session.recovery.loaded().find(({ programs: all }) => all.some(({ name }) => name === 'fill'))
  return found && session.recovery.of(found.types).object
}

const globals = (): StructValue => {
  const map = session.maps.find(({ name }) => name.endsWith('.bss') && name.startsWith('idioms'))
  return map?.entry(0)?.value?.value as unknown as StructValue
}
describe('pointers that schedulers keep in integers', () => {
  it('are found in the object file', () => {
    const { objects } = analyzeFile(object, { cache: null })
    expect(objects.flatMap(textsOf)).toEqual(expected)
  })

  it('are not lost when a library is linked to it', () => {
    const { objects } = analyzeFile(linked, { cache: null })
    expect(objects.map(({ functions }) => functions)[0]).toBeGreaterThan(programs()?.functions ?? 0)
    expect(objects.flatMap(textsOf)).toEqual(expected)
  })

  it('are found in the loaded programs alone, to the same degree', () => {
    expect(textsOf(programs())).toEqual(expected)
  })

  it('lead from a task storage and a per-CPU value to the tasks', () => {
    const alive = new Map(session.tasks.map(({ pid, address }) => [pid, address]))
    let seen = 0
    for (const { value } of session.map('task_values').entries()) {
      const stored = value?.value as unknown as StructValue
      const tptr = stored.$member('tptr') as PointerValue
      expect(tptr.$recovered?.degree).toBe('proven')
      expect(tptr.$value).toBe(alive.get(Number(stored.tid)))
      expect(tptr.pid).toBe(Number(stored.tid))
      seen++
    }
    expect(seen).toBe(2)
  })

  it('lead through supported slots and a list to what the arena holds, and marked as that', () => {
    const slots = globals().$member('slots') as ArrayValue
    const first = slots.$element(1) as PointerValue
    expect(first.$recovered?.degree).toBe('supported')
    expect(first.$format()).toMatch(/\(supported struct queue \*, idioms\.bpf\.c:\d+\)$/)
    expect((first.$json() as { recovered: string }).recovered).toBe('supported')
    expect([first.length, first.owner]).toEqual([77n, 5n])
    const head = globals().$member('free_head') as PointerValue
    expect(head.$recovered?.lines[0]).toMatch(/^idioms\.bpf\.c:\d+$/)
  })

  it('stay integers where memory does not pass: the page is no longer of the arena', () => {
    const slot = (globals().$member('slots') as ArrayValue).$element(2)
    expect(slot.$kind).toBe('scalar')
    expect(typeof slot.$json()).toBe('number')
  })

  it('are left integers when only what is proven is wanted', () => {
    session.onlyProven = true
    try {
      expect((globals().$member('slots') as ArrayValue).$element(1).$kind).toBe('scalar')
      const [, row] = [0, 1].map(
        (n) => (globals().$member('topo_nodes') as ArrayValue).$element(n) as ArrayValue,
      )
      const node = row?.$element(3) as unknown as PointerValue
      expect([node.level, node.id]).toEqual([1n, 3n])
    } finally {
      session.onlyProven = false
    }
  })

  it('are shown by commands to the degree that is asked for', async () => {
    const dump = join(directory, 'dump.elf')
    await session.dump(dump)
    const run = (...words: string[]): string =>
      execFileSync(process.execPath, [program, ...words, '--json'], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: directory },
        maxBuffer: 2 ** 26,
      })
    const degrees = (text: string): string[] =>
      [...new Set(text.match(/(?<="recovered":\s*")\w+/g) ?? [])].toSorted()
    const bss = session.maps.find(({ name }) => name.endsWith('.bss'))?.id
    const [stored] = session.map('task_values').entries()
    const pid = (stored?.value as unknown as { value: StructValue } | undefined)?.value.tid
    const commands = [['map', String(bss)], ['report']]
    for (const [command = '', ...words] of commands) {
      expect(degrees(run(command, dump, ...words)), command).toEqual(['proven', 'supported'])
      expect(degrees(run(command, dump, ...words, '--only-proven')), command).toEqual(['proven'])
    }
    const context = run('context', dump, String(pid), '--only-proven', '--object', object)
    expect(degrees(context)).toEqual(['proven'])
  })
})
