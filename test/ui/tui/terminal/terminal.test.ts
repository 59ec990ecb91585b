import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { themeFor } from '../../../../src/ui/tui/style/theme.js'
import { plainCharacters, wantsAscii } from '../../../../src/ui/tui/terminal/plain-characters.js'
import { Terminal } from '../../../../src/ui/tui/terminal/terminal.js'

class Out extends EventEmitter {
  columns = 80
  rows = 24
  sent: string[] = []

  write(text: string): boolean {
    this.sent.push(text)
    return true
  }

  get last(): string {
    return this.sent.at(-1) ?? ''
  }
}

const opened = (ascii = false) => {
  const out = new Out()
  const terminal = new Terminal(out, { mouse: true, ascii })
  terminal.open()
  return { out, terminal }
}

describe('Terminal', () => {
  it('has the second screen and the mouse until it is restored, and writes nothing after that', () => {
    const { out, terminal } = opened()
    expect(out.last).toContain('\x1b[?1049h')
    expect(out.last).toContain('\x1b[?1002h')
    terminal.restore()
    expect(out.last).toContain('\x1b[?1049l')
    expect(out.last).toContain('\x1b[?1002l')
    terminal.write('late frame\n')
    expect(out.last).not.toContain('late frame')
  })

  it('lets Ink write as many lines as there are, without scrolling them', () => {
    const { out, terminal } = opened()
    expect([terminal.rows, terminal.height]).toEqual([25, 24])
    terminal.write('one\ntwo\n')
    expect(out.last).toBe('one\ntwo')
    terminal.write('\x1b[2Dthree\x1b[E')
    expect(out.last).toBe('\x1b[2Dthree')
  })

  it('erases a line before its text, whose last character would go with the rest', () => {
    const { out, terminal } = opened()
    terminal.write('\x1b[3A\x1b[Efirst\x1b[1Gsecond\x1b[K\n\x1b[1Gthird\x1b[K\n')
    expect(out.last).toBe('\x1b[3A\x1b[Efirst\x1b[1G\x1b[Ksecond\n\x1b[1G\x1b[Kthird')
  })

  it('erases from where a piece of a line begins, and nothing before the first one', () => {
    const { out, terminal } = opened()
    terminal.write('\x1b[3A\x1b[E\x1b[109Gpiece\x1b[K\n\x1b[E\x1b[E')
    expect(out.last).toBe('\x1b[3A\x1b[E\x1b[109G\x1b[Kpiece\n\x1b[E')
  })

  it('writes no frame of the old size after another one, until all is laid out', () => {
    const { out, terminal } = opened()
    const widths: number[] = []
    terminal.on('resize', () => {
      widths.push(terminal.columns)
      terminal.write(`frame for ${terminal.columns}\n`)
    })
    out.columns = 120
    out.emit('resize')
    terminal.write('of the old size\n')
    expect(out.sent.join('')).not.toContain('of the old size')
    terminal.redraw()
    // Ink writes all of a frame only when the terminal got narrower.
    expect(widths).toEqual([121, 120])
    expect(out.sent.slice(-2)).toEqual(['\x1b[m\x1b[2J\x1b[H', 'frame for 120'])
    terminal.restore()
  })

  it('has only ASCII where the locale is not UTF-8', () => {
    const { out, terminal } = opened(true)
    terminal.write('› a… ─│▸▾ 漢\n')
    expect(out.last).toBe('> a~ -|+v ?')
    expect(plainCharacters('plain')).toBe('plain')
    expect(
      [{ LANG: 'C' }, { LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }, { LANG: 'de_DE' }].map(wantsAscii),
    ).toEqual([true, true, true])
    expect([{}, { LANG: 'en_US.UTF-8' }, { LC_CTYPE: 'C.utf8', LANG: 'C' }].map(wantsAscii)).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('themeFor', () => {
  it('uses colours only where the terminal has them and nobody forbids them', () => {
    expect(themeFor({ TERM: 'xterm-256color' }, 'light')).toBe('light')
    expect(themeFor({ TERM: 'xterm-256color' })).toBe('dark')
    expect(themeFor({ TERM: 'vt100' }, 'dark')).toBe('none')
    expect(themeFor({ TERM: 'xterm', NO_COLOR: '1' }, 'dark')).toBe('none')
  })
})
