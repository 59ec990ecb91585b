import { describe, expect, it } from 'vitest'
import { textWidth } from '../../../../src/present/text/fit.js'
import { differences } from '../../../../src/ui/tui/model/looking.js'
import { ArrayRows, type Row } from '../../../../src/ui/tui/model/row.js'
import { TreeRows } from '../../../../src/ui/tui/model/tree.js'
import { fakeSession, listView, TestScreen, tabOf } from '../support/screen.js'

const columns = [
  { title: 'NAME', identifies: true },
  { title: 'N', align: 'right', rigid: true },
] as const
const many = (count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ id: `t/${i}`, cells: [`row${i}`, String(i)] }))

describe('the screen', () => {
  it.each([
    [80, 24],
    [120, 40],
    [170, 45],
    [40, 12],
  ])('is as high and wide as the terminal: %i columns, %i lines', (width, height) => {
    using screen = new TestScreen([tabOf(listView(columns, many(1000)))], { columns: width, rows: height })
    expect(screen.lines).toHaveLength(height)
    for (const line of screen.lines) expect(textWidth(line)).toBeLessThanOrEqual(width)
    expect(screen.text).toMatch(/1\[Overview\]/)
    expect(screen.text).toMatch(/› row0/)
    expect(screen.text).toMatch(/\? help {2}q quit/)
  })

  it('moves the cursor by keys that come one by one or all at once, and draws them in few frames', async () => {
    using screen = new TestScreen([tabOf(listView(columns, many(1_000)))])
    await screen.type('j')
    expect(screen.text).toMatch(/› row1 /)
    const before = screen.frames
    await screen.type('j'.repeat(200))
    expect(screen.text).toMatch(/› row201 /)
    expect(screen.frames - before).toBeLessThanOrEqual(2)
    await screen.type('\x1b[A'.repeat(100))
    expect(screen.text).toMatch(/› row101 /)
  })

  it('reads the detail of the row that keys lead to, and of none that they pass', async () => {
    const read: string[] = []
    const detail = (row: Row) => {
      read.push(row.id)
      const rows = new ArrayRows([{ id: `${row.id}/about`, cells: [`about ${row.id}`] }])
      return { title: row.id, content: { columns: [{ title: '' }], rows, empty: '', untitled: true } }
    }
    using screen = new TestScreen([tabOf(listView(columns, many(1_000), { detail }))])
    read.length = 0
    await screen.type('jjjjjjjjjj')
    expect(screen.text).toMatch(/about t\/10/)
    expect(read).toEqual(['t/10'])
  })

  it('promises Enter only where it does something, and says what', async () => {
    const rows: Row[] = [
      { id: 'a', cells: ['leads', '1'], target: { kind: 'map', id: 1 } },
      { id: 'b', cells: ['leads nowhere', '2'] },
      { id: 'c', cells: ['does', '3'], act: () => {} },
    ]
    using screen = new TestScreen([tabOf(listView(columns, rows))])
    expect(screen.lines.at(-1)).toMatch(/Enter open/)
    await screen.type('j')
    expect(screen.lines.at(-1)).not.toMatch(/Enter/)
    await screen.type('j')
    expect(screen.lines.at(-1)).toMatch(/Enter do it/)
  })

  it('says of a tree whether Enter opens or closes a branch', async () => {
    const tree = () =>
      new TreeRows(
        [
          {
            row: { id: 'v.a', cells: ['a', '{ … }', 'struct a'] },
            parts: () => [{ row: { id: 'v.a.b', cells: ['b', '1', 'int'] } }],
          },
        ],
        new Set(),
      )
    const view = {
      title: 'value',
      load: () => ({
        columns: [{ title: 'FIELD' }, { title: 'VALUE' }, { title: 'TYPE' }],
        rows: tree(),
        empty: '',
      }),
    }
    using screen = new TestScreen([tabOf(view)])
    expect(screen.lines.at(-1)).toMatch(/Enter open/)
    expect(screen.text).toMatch(/› ▸ a +\{ … \} +struct a/)
    await screen.type('\r')
    expect(screen.lines.at(-1)).toMatch(/Enter close/)
    expect(screen.text).toMatch(/▾ a[^\n]*\n +b +1 +int/)
  })

  it('draws the record with its checkpoints, and shows no memory while that is on its way elsewhere', async () => {
    const time = { ns: 5e9, instructions: 5e9, branch: undefined as object | undefined }
    const session = fakeSession({ state: 'frozen' })
    const record = {
      time,
      end: { ns: 10e9 },
      checkpoints: [{ ns: 0 }, { ns: 2e9 }],
      onStateChange: () => () => {},
    }
    Object.assign(session.target, { record })
    let isThere = true
    const view = listView(columns, [], {
      load: () => ({
        columns,
        rows: new ArrayRows(isThere ? many(3) : []),
        empty: 'This kernel holds no BPF map',
      }),
    })
    using screen = new TestScreen([tabOf(view), { ...tabOf(view), name: 'maps' }], { session })
    expect(screen.lines[1]).toMatch(/^ 0 ├┬─+┬─+●─+┤ 10\.000 s/)
    let arrive = (): void => {}
    screen.cockpit.operate(
      'going back 1 ms',
      () =>
        new Promise<string>((resolve) => {
          arrive = () => resolve('on the record')
        }),
    )
    Object.assign(session, { state: 'running' })
    isThere = false
    await screen.type('2')
    expect(screen.text).toMatch(/ON THE WAY/)
    expect(screen.text).toMatch(/› row0/)
    expect(screen.text).not.toMatch(/no BPF map|live/)
    expect(screen.text).toMatch(/going back 1 ms; Esc ends that/)
    Object.assign(session, { state: 'frozen' })
    isThere = true
    time.branch = { ns: 5e9 }
    arrive()
    await screen.rest()
    expect(screen.text).toMatch(/on the record/)
    expect(screen.lines[1]).toMatch(/◆/)
  })

  it('says on every tab that the dump is cut short, and marks the tab that tells it', async () => {
    const session = fakeSession({ problems: ['vmcore is cut short: it has 50 % of its 536 bytes'] })
    const second = { ...tabOf(listView(columns, many(3)), 'maps'), title: 'Maps', short: 'Maps' }
    using screen = new TestScreen([tabOf(listView(columns, many(3))), second], { session })
    await screen.type('3')
    expect(screen.text).toMatch(/3\[Maps\]/)
    expect(screen.text).toMatch(/1 Overview!/)
    expect(screen.text).toMatch(/\* vmcore is cut short: it has 50 % of its 536 bytes/)
  })

  it('shows what cannot be drawn in its place, and goes on', async () => {
    const broken: Row = Object.defineProperty({ id: 'x', cells: ['a', '1'] }, 'tones', {
      get() {
        throw new TypeError('broken on purpose')
      },
    })
    using screen = new TestScreen([tabOf(listView(columns, [...many(1), broken]))])
    expect(screen.text).toMatch(/This part of the screen failed/)
    expect(screen.text).toMatch(/TypeError: broken on purpose/)
    expect(screen.text).toMatch(/q quit/)
  })

  it('marks a vCPU that runs another task, though it stands where it stood', async () => {
    const vcpu = (name: string) => ({
      index: 0,
      cpu: 0,
      where: 'schedule+0x10',
      rip: 1n,
      task: { name, pid: 7 },
    })
    using screen = new TestScreen([tabOf(listView(columns, many(1)))], {
      session: fakeSession({ state: 'frozen', vcpus: [vcpu('worker')] }),
    })
    const { ledger } = screen.cockpit
    ledger.note({ id: 'vcpus/0', cells: ['0', '0', 'schedule+0x10', 'worker (7)'] })
    screen.cockpit.changed()
    await screen.rest()
    expect(screen.lines[1]).toMatch(/^› 0 schedule\+0x10 {2}worker \(7\)/)
    ledger.next()
    ledger.note({ id: 'vcpus/0', cells: ['0', '0', 'schedule+0x10', 'other (7)'] })
    ledger.next()
    screen.cockpit.changed()
    await screen.rest()
    expect(screen.lines[1]).toMatch(/^›~0 schedule\+0x10 {2}worker \(7\)/)
  })

  it('lists what changed by name, again after each stop, and counts the same in the title (task 28)', async () => {
    using screen = new TestScreen([tabOf(listView(columns, many(1)))])
    const { ledger } = screen.cockpit
    const entry = (runtime: string): Row => ({
      id: 'map:5/e4',
      name: 'pid_stats[228]',
      parts: ['', '.nr_run', '.runtime_ns'],
      cells: ['228', '4', runtime],
      target: { kind: 'map', id: 5 },
    })
    for (const [before, now] of [
      ['10', '20'],
      ['20', '35'],
    ] as const) {
      ledger.note(entry(before))
      ledger.next()
      ledger.note(entry(now))
      if (screen.cockpit.page.view.title !== 'changes') differences(screen.cockpit)
      screen.cockpit.refresh(true)
      screen.cockpit.changed()
      await screen.rest()
      expect(screen.text).toMatch(new RegExp(`› pid_stats\\[228\\]\\.runtime_ns +${before} +${now}`))
      expect(screen.lines[0]).toMatch(/~ 1 changed/)
      expect(screen.lines.at(-1)).toMatch(/Enter open/)
    }
  })

  it('searches in help as one types (task 38)', async () => {
    using screen = new TestScreen([tabOf(listView(columns, many(1)))])
    await screen.type('?')
    expect(screen.text).toMatch(/── Keys/)
    await screen.type('/')
    await screen.type('checkpoint')
    expect(screen.text).not.toMatch(/a page up/)
    await screen.type('\x7f'.repeat(10))
    await screen.type('page up')
    expect(screen.text).toMatch(/── Keys {2}\/page up_/)
    expect(screen.text).toMatch(/Move\n +PgUp Ctrl-B +a page up/)
  })
})
