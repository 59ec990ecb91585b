import { describe, expect, it } from 'vitest'
import { exportText } from '../../../../src/ui/tui/model/export.js'
import { fuzzyMatch } from '../../../../src/ui/tui/model/fuzzy.js'
import { LineEditor } from '../../../../src/ui/tui/model/line-editor.js'

describe('fuzzyMatch', () => {
  it.each([
    ['pidst', 'pid_stats'],
    ['PID', 'pid_stats'],
    ['task hash', 'scx_task_map hash'],
    ['', 'anything'],
  ])('finds %s in %s', (query, text) => {
    expect(fuzzyMatch(query, text)).toBeDefined()
  })

  it.each([
    ['stp', 'pid_stats'],
    ['zz', 'pid_stats'],
    ['queue', 'a question that is, unlike others, no map of its kind, even so'],
  ])('does not find %s in %s', (query, text) => {
    expect(fuzzyMatch(query, text)).toBeUndefined()
  })

  it('tells words from letters', () => {
    expect(fuzzyMatch('Worker/1 demo', 'demo_worker/1 (186)')).toBe('words')
    expect(fuzzyMatch('worker/1', 'demo_worker/2 (187)')).toBe('letters')
  })
})

describe('LineEditor', () => {
  it('edits at its place', () => {
    const editor = new LineEditor('vm.maps')
    for (const key of ['left', 'backspace', 'backspace']) editor.key(key)
    editor.insert('ap\nx')
    expect(editor.text).toBe('vm.map xs')
    editor.key('ctrl-w')
    editor.key('ctrl-k')
    expect([editor.text, editor.at]).toEqual(['vm.map ', 7])
  })
})

describe('exportText', () => {
  const columns = [{ title: 'NAME' }, { title: 'VALUE' }]
  const rows = [
    { id: '1', cells: ['a,"b"', '=1+1'], value: () => 12345678901234567890n },
    { id: '2', cells: ['x', '-'], depth: 1 },
  ]

  it('quotes CSV and leaves a spreadsheet nothing to execute', () => {
    expect(exportText('csv', columns, rows)).toBe('NAME,VALUE\r\n"a,""b""",\'=1+1\r\nx,-\r\n')
  })

  it('writes JSON with the values behind rows', () => {
    expect(JSON.parse(exportText('json', columns, rows))).toEqual([
      { name: 'a,"b"', value: '12345678901234567890' },
      { name: 'x', value: '-' },
    ])
  })

  it('writes text in columns, trees indented', () => {
    expect(exportText('txt', columns, rows)).toBe('NAME   VALUE\na,"b"  =1+1\n  x    -\n')
  })
})
