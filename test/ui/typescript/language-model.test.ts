import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Session } from '../../../src/session/session.js'
import { declarationsOf, moduleText } from '../../../src/ui/typescript/declarations.js'
import { LanguageModel } from '../../../src/ui/typescript/language-model.js'
import { addArray, addProgram } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeTasks } from '../../support/kernel-objects.js'

const library = new URL('../../../src/index.ts', import.meta.url).pathname

describe('LanguageModel', () => {
  const cache = mkdtempSync(join(tmpdir(), 'cryoscope-types-'))
  const outside = process.env.XDG_CACHE_HOME
  let model: LanguageModel

  beforeAll(() => {
    process.env.XDG_CACHE_HOME = cache
    const guest = new KernelGuest()
    writeTasks(guest, [{ pid: 1 }])
    addArray(guest, { name: 'totals', valueSize: 8, maxEntries: 4 })
    addProgram(guest, { id: 1, name: 'on_wakeup' })
    guest.finish()
    const vm = new Session({
      name: 'test',
      memory: guest.memory,
      control: undefined,
      vcpus: () => [],
      problems: [],
      facts: {},
    })
    const declarations = declarationsOf(vm)
    const { kernel, objects, guest: own } = declarations
    model = new LanguageModel(library)
    model.declare(
      Object.fromEntries(
        [kernel, ...objects, own].map((module) => [module.name, moduleText(declarations, module)]),
      ),
    )
  }, 120_000)

  afterAll(() => {
    model?.dispose()
    if (outside === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = outside
    rmSync(cache, { recursive: true, force: true })
  })

  const messages = (code: string): string[] => model.check(code).map(({ message }) => message)
  const names = (code: string): string[] => model.complete(code, code.length).items.map(({ name }) => name)

  it.each([
    'vm.task(1).comm.length',
    "vm.variable('init_task').pid + 1",
    "vm.at(0n, 'struct task_struct').tgid",
    "vm.at(0n, 'struct task_struct *').$target.comm",
    'for (const t of vm.tasks) console.log(t.pid)',
    'const [first] = vm.maps\nfirst.name',
    'await vm.freeze()',
    '{ a: vm.task(1).pid, b: [1, 2] }',
    "import { readFileSync } from 'node:fs'\nreadFileSync('x')",
    'let name = "totals"; vm.map(name as string).get(0)',
    'await vm.when((at) => at.task(1).pid > 5)',
    'await vm.series((at) => at.task(1).comm)',
    'const { events } = await vm.writes(1n)\nevents[0].after > 5n',
    "vm.arena('any' as string).describe(1n).value.pid",
    'interface A { x: number }\nconst a = { x: 1 } as A',
  ])('accepts %s', (code) => {
    expect(messages(code)).toEqual([])
  })

  it.each([
    ['vm.task(1).com', "Property 'com' does not exist on type 'task_struct'. Did you mean 'comm'?", 11],
    ['vm.task(1).comn', "Property 'comn' does not exist on type 'task_struct'. Did you mean 'comm'?", 11],
    ['vm.task(1).nothing', "Property 'nothing' does not exist on type 'task_struct'.", 11],
    [
      'await vm.series((at) => at.task(1).pidd)',
      "Property 'pidd' does not exist on type 'task_struct'. Did you mean 'pid'?",
      35,
    ],
    ["vm.map('total')", "There is no map 'total' in this target; did you mean 'totals'?", 7],
    [
      "vm.variable('init_tas')",
      "There is no variable 'init_tas' in this target; did you mean 'init_task'?",
      12,
    ],
    ["vm.prog('on_wakup')", "There is no prog 'on_wakup' in this target; did you mean 'on_wakeup'?", 8],
    ['vm.thawn()', "Property 'thawn' does not exist on type 'Guest'. Did you mean 'thaw'?", 3],
    [
      '{ a: vm.task(1).pidd }',
      "Property 'pidd' does not exist on type 'task_struct'. Did you mean 'pid'?",
      16,
    ],
    ['x = 5', "Cannot find name 'x'.", 0],
    ['const n: number = vm.task(1).comm', "Type 'string' is not assignable to type 'number'.", 6],
  ])('rejects %s', (code, message, start) => {
    expect(model.check(code)).toMatchObject([{ message, start }])
  })

  it('completes members with their C types, and names of what there is', () => {
    const { items, start, target } = model.complete('vm.task(1).pi', 13)
    expect(start).toBe(11)
    expect(target).toBe('vm.task(1)')
    expect(items).toContainEqual(
      expect.objectContaining({
        name: 'pid',
        type: 'number',
        note: expect.stringMatching(/^int, offset \d+, 4 bytes$/),
      }),
    )
    expect(names("vm.map('")).toEqual(['totals'])
    expect(names("vm.map('to")).toEqual(['totals'])
    expect(names("vm.prog('")).toEqual(['on_wakeup'])
    expect(names("vm.variable('init_t")).toEqual(['init_task'])
    expect(names("vm.at(0n, 'struct task_s")).toContain('struct task_struct')
    expect(names('v')[0]).toBe('vm')
    expect(names('vm.thaw')).toEqual(['thaw'])
    expect(names('vm.sched.').filter((name) => !/^\w/.test(name))).toEqual([])
  })

  it('knows what earlier code declared, until it is declared again', () => {
    model.accept('const t = vm.task(1)')
    model.accept('function twice(n: number) { return n * 2 }\ninterface Pair { a: number }')
    expect(messages('t.comm')).toEqual([])
    expect(messages('t.com')).toHaveLength(1)
    expect(messages('twice("x")')).toHaveLength(1)
    expect(messages('const p: Pair = { a: twice(t.pid) }')).toEqual([])
    expect(messages('const t = 5; t.toFixed()')).toEqual([])
    expect(names('t.com')).toEqual(['comm'])
    model.accept('const t = "text"')
    expect(messages('t.comm')).toHaveLength(1)
    expect(messages('t.length')).toEqual([])
  })

  it('keeps the type of names that belong to its surroundings', () => {
    const notebook = new LanguageModel(library, {
      declarations: 'declare let vm: { readonly one: number }\ndeclare const open: () => any\n',
      fixed: ['vm'],
    })
    notebook.accept('const vm = open(), other = open()')
    expect(notebook.check('vm.two').map(({ code }) => code)).toEqual([2339])
    expect(notebook.check('vm = other; other.two')).toEqual([])
    notebook.dispose()
  })

  it('knows the last value', () => {
    model.accept('vm.task(1)')
    expect(messages('_.comm')).toEqual([])
    expect(messages('_.com')).toHaveLength(1)
  })

  it('describes what stands somewhere', () => {
    expect(model.describe('vm.task(1).pid', 12)).toMatchObject({
      text: '(property) task_struct.pid: number',
      note: expect.stringMatching(/^int, offset \d+, 4 bytes$/),
    })
    expect(model.describe('   ', 1)).toBeUndefined()
  })
})
