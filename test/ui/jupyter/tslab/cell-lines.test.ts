import { describe, expect, it } from 'vitest'
import { CellLines } from '../../../../src/ui/jupyter/tslab/cell-lines.js'
import { guardName } from '../../../../src/ui/typescript/loop-guard.js'

const source = 'const a = 1\n\nfor (const x of list) work(x)\nfail()\nfail()'
const output = [
  'Object.defineProperty(exports, "__esModule", { value: true });',
  'exports.a = 1;',
  `for (const x of list) { ${guardName}(); (0, exports.work)(x); }`,
  'fail();',
  'exports.tsLastExpr0 = fail();',
].join('\n')

describe('CellLines', () => {
  const lines = new CellLines()
  const named = lines.name('cell-7', source, output)

  it('names code after its cell', () => {
    expect(named).toBe(`${output}\n//# sourceURL=cell-7`)
  })

  it('names the line of the cell where one reads the same', () => {
    expect(lines.translate('    at f (cell-7:2:5)')).toBe('    at f (cell 7, line 1)')
    expect(lines.translate('    at cell-7:3:5')).toBe('    at cell 7, line 3')
  })

  it('names none where none or several do', () => {
    expect(lines.translate('    at f (cell-7:1:5)')).toBe('    at f (cell 7)')
    expect(lines.translate('    at f (cell-7:4:5)')).toBe('    at f (cell 7)')
    expect(lines.translate('    at f (cell-7:5:5)')).toBe('    at f (cell 7)')
  })

  it('drops the call of the cell itself and keeps other frames', () => {
    expect(lines.translate('    at cell-7:7:3')).toBeUndefined()
    expect(lines.translate('    at f (/tmp/x.js:1:2)')).toBe('    at f (/tmp/x.js:1:2)')
  })
})
