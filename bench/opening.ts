import { join } from 'node:path'
import type { Fixture } from './fixture.js'
import { fresh, print, repeat, wholeProcess } from './measure.js'

const runs = 15

/** From nothing to the first answer, in fresh processes. */
export function measureOpening({ dump, name }: Fixture, dist: string): void {
  const command = join(dist, '../bin/cryoscope.js')
  const node = (args: readonly string[]): number[] => repeat(runs, () => wholeProcess(process.execPath, args))
  const library = (body: string): number[] =>
    repeat(runs, () =>
      fresh(`
        const { open } = await import(${JSON.stringify(join(dist, 'bundle/index.js'))})
        ${body}
      `),
    )
  print('opening, 1 GiB', [
    { what: 'limit: node alone, whole process', times: node(['-e', '0']) },
    { what: 'info from a dump, whole process', times: node([command, 'info', dump]), goal: 300 },
    { what: 'info of a frozen guest, whole process', times: node([command, 'info', name]) },
    {
      what: 'frozen guest to init_task.comm, since process start',
      times: library(`
        const vm = await open(${JSON.stringify(name)})
        if (vm.variable('init_task').comm !== 'swapper/0') throw new Error('wrong')
        console.log(performance.now())
        await vm.close()
      `),
      goal: 150,
    },
    {
      what: 'dump to init_task.comm, since process start',
      times: library(`
        const vm = await open(${JSON.stringify(dump)})
        if (vm.variable('init_task').comm !== 'swapper/0') throw new Error('wrong')
        console.log(performance.now())
      `),
    },
    {
      what: 'kallsyms: first lookup by name',
      times: library(`
        const vm = await open(${JSON.stringify(dump)})
        const { symbols } = vm.kernel
        const start = performance.now()
        if (symbols.lookup('bpf_prog_put') === undefined) throw new Error('wrong')
        console.log(performance.now() - start)
      `),
      goal: 5,
    },
  ])
}
