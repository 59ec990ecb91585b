import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fresh, print, type Row, repeat, wholeProcess } from './measure.js'

const runs = 15

/**
 * How long a fresh process takes from the bytes of a kernel's BTF to its first answers, engine cold; and what the
 * machine itself needs to touch those bytes.
 */
export function measureBtf(file: string, dist: string): void {
  const probe = (body: string): number[] =>
    repeat(runs, () =>
      fresh(`
        import { readFileSync } from 'node:fs'
        const bytes = readFileSync(${JSON.stringify(file)})
        const { Btf } = await import(${JSON.stringify(join(dist, 'btf/btf.js'))})
        const start = performance.now()
        ${body}
        console.log(performance.now() - start)
      `),
    )
  print('BTF of vmlinux, fresh process', [
    {
      what: 'limit: read every cache line',
      times: probe('let x = 0; for (let n = 0; n < bytes.length; n += 64) x ^= bytes[n]'),
    },
    { what: 'limit: copy the bytes', times: probe('new Uint8Array(bytes.length).set(bytes)') },
    { what: 'index', times: probe('Btf.parse(bytes)'), goal: 15 },
    {
      what: 'index, then find task_struct',
      times: probe("Btf.parse(bytes).find('task_struct', 'struct').size"),
      goal: 15,
    },
    { what: 'index, then find a function', times: probe("Btf.parse(bytes).find('schedule', 'function').id") },
    {
      what: 'index, then inflate every type',
      times: probe('for (const type of Btf.parse(bytes).types()) type.kind'),
    },
    ...peers(file),
  ])
}

/** Whole processes of other tools over the same file, where they are installed. */
function peers(file: string): Row[] {
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ['bpftool', ['btf', 'dump', 'file', file, 'format', 'raw']],
    ['pahole', ['-F', 'btf', '-C', 'task_struct', file]],
  ]
  return commands
    .filter(([command]) => spawnSync(command, ['--version']).status === 0)
    .map(([command, args]) => ({
      what: `${command}, whole process`,
      times: repeat(runs, () => wholeProcess(command, args)),
    }))
}
