import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boot } from '../../src/session/guest.js'
import type { Session } from '../../src/session/session.js'
import type { StructValue } from '../../src/value/types.js'

/** A shell has a tree of two levels, node one of three. */
const script = `
node -e 'setInterval(() => {}, 1e6)' & echo node $! >/tmp/names
sleep 1000 & echo sleep $! >>/tmp/names
mkdir -p /tmp/out
sleep 8
cat /tmp/names >/tmp/out/names
while read -r name pid; do cat /proc/$pid/maps >/tmp/out/maps.$name; done </tmp/names
cat /proc/2/task/2/children >/tmp/out/children
ls /sys >/tmp/out/sys
cat /proc/net/netlink >/tmp/out/netlink
for port in /sys/class/virtio-ports/*; do
  [ "$(cat $port/name)" = cryoscope.out ] && tar -c -C /tmp/out . >/dev/\${port##*/}
done
echo "cryoscope: ready"
sleep 1000
`

describe.each(['6.18', '7.0'])('lists and trees of kernel %s', (kernel) => {
  let vm: Session
  let out: string
  const text = (name: string): string => readFileSync(join(out, name), 'latin1')

  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'cryoscope-walks-'))
    const file = join(out, 'script.sh')
    writeFileSync(file, script)
    vm = await boot({
      kernel,
      cpus: 2,
      memoryBytes: 2 ** 29,
      run: [[process.execPath, '--version']],
      script: file,
      waitFor: /cryoscope: ready/,
      bootTimeoutMs: 240_000,
    })
    await vm.freeze()
    mkdirSync(join(out, 'truth'))
    execFileSync('tar', ['-xf', vm.machine?.outbox ?? '', '-C', out])
  })

  afterAll(async () => {
    await vm?.stop()
    rmSync(out, { recursive: true, force: true })
  })

  it.each(['node', 'sleep'])('has the memory map of %s as /proc/PID/maps', (name) => {
    const pid = Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text('names'))?.[1])
    const expected = text(`maps.${name}`)
      .trim()
      .split('\n')
      .filter((line) => !line.includes('[vsyscall]'))
      .map((line) => /^(\S+) (...)/.exec(line)?.slice(1, 3).join(' '))
    const task = vm.task(pid) as StructValue
    const found = vm.maple(task.mm.mm_mt, 'struct vm_area_struct').toArray()
    const areas = found.map(({ first, last, value }) => {
      const { vm_start, vm_end, vm_flags } = value as StructValue
      expect([vm_start, vm_end]).toEqual([first, last + 1n])
      const flags = Number(vm_flags & 7n)
      const letters = ['r', 'w', 'x'].map((letter, bit) => ((flags >> bit) & 1 ? letter : '-')).join('')
      return `${vm_start.toString(16).padStart(8, '0')}-${vm_end.toString(16).padStart(8, '0')} ${letters}`
    })
    expect(areas).toEqual(expected)
    if (name === 'node') expect(areas.length).toBeGreaterThan(60)
  })

  it('has the children of a task on its list', () => {
    const task = vm.task(2) as StructValue
    const found = vm.list(task.children, 'struct task_struct', 'sibling').toArray()
    const expected = text('children').trim().split(/\s+/).map(Number)
    const pids = found.map((child) => (child as StructValue).pid)
    // What wrote the truth has ended since.
    expect(pids.filter((pid) => expected.includes(pid))).toEqual(expected.filter((pid) => pids.includes(pid)))
    expect(pids.length).toBeGreaterThan(5)
  })

  it('has directories in their tree, sockets in their hash, filesystems on their chain, objects in their idr', () => {
    const root = vm.at('sysfs_root_kn', 'struct kernfs_node *') as StructValue
    const nodes = vm.rbtree(root.dir.children, 'struct kernfs_node', 'rb').toArray()
    const names = nodes.map((node) => (node as StructValue).name.$string())
    expect(names.sort()).toEqual(text('sys').trim().split('\n').sort())

    const lines = text('netlink').trim().split('\n').slice(1)
    const route = lines.map((line) => line.split(/\s+/)).filter(([, family]) => family === '0')
    const table = vm.at('nl_table', 'struct netlink_table *') as StructValue
    const sockets = vm.rhashtable(table.hash, 'struct netlink_sock', 'node').toArray()
    expect(sockets.map((socket) => Number((socket as StructValue).portid)).sort()).toEqual(
      route.map(([, , portid]) => Number(portid)).sort(),
    )

    const supers = vm.hlist(
      (vm.at('sysfs_fs_type', 'struct file_system_type') as StructValue).fs_supers,
      'struct super_block',
      's_instances',
    )
    expect(supers.toArray().map((block) => (block as StructValue).s_id)).toEqual(['sysfs'])

    const progs = vm.xarray('prog_idr', 'struct bpf_prog').toArray()
    expect(progs.map(({ index }) => index)).toEqual(vm.progs.map(({ id }) => id))
    expect(vm.problems).toEqual([])
  })
})
