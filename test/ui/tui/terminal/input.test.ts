import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputParser } from '../../../../src/ui/tui/terminal/input.js'

const keysOf = (...chunks: string[]) => {
  const parser = new InputParser()
  return [...chunks.flatMap((chunk) => parser.feed(chunk)), ...parser.flush()].map((input) =>
    input.kind === 'key' ? input.key : input.kind,
  )
}

describe('InputParser', () => {
  it.each([
    ['j', ['j']],
    ['jjk', ['j', 'j', 'k']],
    ['\r', ['enter']],
    ['\x7f', ['backspace']],
    ['\t', ['tab']],
    ['\x1b[Z', ['shift-tab']],
    ['\x1b[A\x1b[B', ['up', 'down']],
    ['\x1bOA', ['up']],
    ['\x1b[5~\x1b[6~', ['pageup', 'pagedown']],
    ['\x1b[1;5C', ['ctrl-right']],
    ['\x0e', ['ctrl-n']],
    ['\x1b', ['escape']],
    ['\x1bx', ['alt-x']],
    ['é漢', ['é', '漢']],
  ])('reads %j', (text, keys) => {
    expect(keysOf(text)).toEqual(keys)
  })

  it('puts sequences together that come in pieces', () => {
    expect(keysOf('\x1b', '[', 'A', 'j')).toEqual(['up', 'j'])
  })

  it('tells clicks and the wheel by their place', () => {
    const parser = new InputParser()
    expect(parser.feed('\x1b[<0;12;5M\x1b[<0;12;5m\x1b[<65;1;2M')).toEqual([
      { kind: 'click', row: 4, column: 11 },
      { kind: 'wheel', row: 1, column: 0, lines: 3 },
    ])
  })

  it('takes pasted text as text, whatever is in it', () => {
    const parser = new InputParser()
    expect([...parser.feed('\x1b[200~q\nf'), ...parser.feed('oo\x1b[201~k')]).toEqual([
      { kind: 'paste', text: 'q\nfoo' },
      { kind: 'key', key: 'k', text: 'k' },
    ])
  })

  it('never fails or keeps more than a sequence, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 })), (chunks) => {
        const parser = new InputParser()
        for (const chunk of chunks) parser.feed(chunk)
        parser.flush()
        expect(parser.pending).toBe(false)
      }),
    )
  })
})
