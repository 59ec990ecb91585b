import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../../src/errors.js'
import { InterruptedError } from '../../../../src/ui/jupyter/cell-scope.js'
import { errorOfDiagnostics, errorOfThrown } from '../../../../src/ui/jupyter/tslab/cell-error.js'

describe('errorOfThrown', () => {
  it('shows sentences of ours without frames', () => {
    expect(errorOfThrown(new CryoscopeError('not-found', 'no map\u001b[7m x'))).toMatchObject({
      ename: 'CryoscopeError',
      traceback: ['CryoscopeError: no map\\x1b[7m x'],
    })
  })

  it('keeps the frames of cells, at their places, and says what the cause was', () => {
    const error = new RangeError('far', { cause: new Error('deep') })
    error.stack = [
      'RangeError: far',
      '    at inner (cell-3:1:2)',
      '    at Object.run (/x/node_modules/tslab/dist/executor.js:1:1)',
      '    at node:internal/x:1:1',
      '    at /x/dist/bundle/kernel.js:5:5',
      '    at outer (cell-4:1:2)',
      '    at gone (cell-5:1:2)',
    ].join('\n')
    const place = (frame: string) =>
      frame.includes('gone') ? undefined : frame.replace(/cell-(\d):1:2/, 'cell $1, line 7')
    expect(errorOfThrown(error, place).traceback).toEqual([
      'RangeError: far',
      '    at inner (cell 3, line 7)',
      '    at outer (cell 4, line 7)',
      'caused by Error: deep',
    ])
  })

  it('tells interrupts, however they came, from errors', () => {
    const byTslab = new Error('Interrupted asynchronously')
    const byNode = Object.assign(new Error('x'), { code: 'ERR_SCRIPT_EXECUTION_INTERRUPTED' })
    for (const thrown of [new InterruptedError(), byTslab, byNode])
      expect(errorOfThrown(thrown).ename).toBe('Interrupted')
    expect(errorOfThrown(new Error('Interrupted')).ename).toBe('Error')
  })

  it('shows whatever else is thrown, and never throws itself', () => {
    expect(errorOfThrown('a\u001bb')).toMatchObject({ ename: 'string', traceback: ['Uncaught a\\x1bb'] })
    expect(errorOfThrown(null).ename).toBe('null')
    const hostile = {
      [inspect.custom]() {
        throw new Error('no')
      },
    }
    expect(errorOfThrown(hostile).evalue).toBe('a value that cannot be shown')
  })
})

describe('errorOfDiagnostics', () => {
  it('has the first sentence, and all lines below', () => {
    expect(errorOfDiagnostics(['1:2 - wrong\n  code\n  ~~', '3:1 - too'])).toEqual({
      ename: 'TypeScriptError',
      evalue: '1:2 - wrong',
      traceback: ['1:2 - wrong', '  code', '  ~~', '3:1 - too'],
    })
    expect(errorOfDiagnostics([]).evalue).toBe('the cell is not valid')
  })
})
