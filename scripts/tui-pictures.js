/**
 * Takes pictures of the terminal UI: `node scripts/tui-pictures.js TARGET [DIRECTORY]` runs it on a target in tmux, goes to
 * tabs, and writes each screen as an SVG (default: docs/images).
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [target, directory = join(root, 'docs/images')] = process.argv.slice(2)
if (target === undefined) {
  console.error('usage: node scripts/tui-pictures.js TARGET [DIRECTORY]')
  process.exit(2)
}
const columns = 110
const rows = 32
/** Keys that lead to a screen, and what the screen is called. */
const screens = [
  { name: 'overview', keys: ['1'] },
  { name: 'maps', keys: ['3'] },
  { name: 'scheduler', keys: ['7'] },
  { name: 'tasks', keys: ['8'] },
]
const server = `cryoscope-pictures-${process.pid}`
const tmux = (...words) => execFileSync('tmux', ['-L', server, ...words], { encoding: 'utf8' })
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

/** The screen when it has stood still for a while. */
async function settled() {
  let last = ''
  for (let still = 0; still < 4; ) {
    await wait(300)
    const now = tmux('capture-pane', '-p', '-e', '-N')
    still = now === last && now.trim() !== '' ? still + 1 : 0
    last = now
  }
  return last
}

/** The 16 colours of a terminal with a dark theme, then the cube and the greys of xterm. */
const base =
  '0d1117 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4 6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd f0f6fc'.split(
    ' ',
  )
function colour(index) {
  if (index < 16) return `#${base[index]}`
  const level = (value) => (value === 0 ? 0 : 55 + value * 40)
  const parts =
    index < 232
      ? [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6].map(level)
      : Array(3).fill(8 + (index - 232) * 10)
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** SGR of ECMA-48: what a sequence changes. */
function styled(style, words) {
  const codes = words === '' ? [0] : words.split(';').map(Number)
  let next = { ...style }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]
    if (code === 0) next = {}
    else if (code === 1) next.bold = true
    else if (code === 2) next.dim = true
    else if (code === 3) next.italic = true
    else if (code === 4) next.underline = true
    else if (code === 7) next.inverse = true
    else if (code === 22) next = { ...next, bold: false, dim: false }
    else if (code === 24) next.underline = false
    else if (code === 27) next.inverse = false
    else if ((code >= 30 && code < 38) || (code >= 90 && code < 98))
      next.front = colour(code < 38 ? code - 30 : code - 82)
    else if ((code >= 40 && code < 48) || (code >= 100 && code < 108))
      next.back = colour(code < 48 ? code - 40 : code - 92)
    else if (code === 39) next.front = undefined
    else if (code === 49) next.back = undefined
    else if (code === 38 || code === 48) {
      const value = codes[i + 1] === 5 ? colour(codes[i + 2]) : `rgb(${codes.slice(i + 2, i + 5).join(',')})`
      next[code === 38 ? 'front' : 'back'] = value
      i += codes[i + 1] === 5 ? 2 : 4
    }
  }
  return next
}

const esc = String.fromCharCode(27)
/** SGR sequences, and text between them. */
const parts = new RegExp(`${esc}\\[([\\d;]*)m|([^${esc}]+)`, 'g')

const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

function svg(screen, title) {
  const [width, height] = [8.4, 18]
  const drawn = []
  let style = {}
  for (const [row, line] of screen.replace(/\n$/, '').split('\n').slice(0, rows).entries()) {
    let column = 0
    for (const [, sequence, text] of line.matchAll(parts)) {
      if (text === undefined) {
        style = styled(style, sequence)
        continue
      }
      const cells = [...text].length
      const place = `x="${(10 + column * width).toFixed(1)}" y="${(10 + row * height).toFixed(1)}"`
      const [front, back] = style.inverse
        ? [style.back ?? '#0d1117', style.front ?? '#c9d1d9']
        : [style.front ?? '#c9d1d9', style.back]
      if (back !== undefined)
        drawn.push(`<rect ${place} width="${(cells * width).toFixed(1)}" height="${height}" fill="${back}"/>`)
      if (text.trim() !== '') {
        const looks = [
          `fill="${front}"`,
          ...(style.bold ? ['font-weight="bold"'] : []),
          ...(style.dim ? ['opacity="0.65"'] : []),
          ...(style.underline ? ['text-decoration="underline"'] : []),
        ]
        const at = place.replace(/y="[^"]*"/, `y="${(10 + row * height + 13.5).toFixed(1)}"`)
        drawn.push(
          `<text ${at} textLength="${(cells * width).toFixed(1)}" lengthAdjust="spacingAndGlyphs" ${looks.join(' ')}>${escaped(text)}</text>`,
        )
      }
      column += cells
    }
  }
  const size = `width="${Math.ceil(columns * width + 20)}" height="${rows * height + 20}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve"><title>${title}</title><rect width="100%" height="100%" rx="6" fill="#0d1117"/>${drawn.join('')}</svg>\n`
}

const command = `${process.execPath} ${join(root, 'bin/cryoscope.js')} tui '${resolve(target)}' --theme dark --no-mouse`
tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), command)
try {
  tmux('set-option', '-g', 'status', 'off')
  await settled()
  for (const { name, keys } of screens) {
    tmux('send-keys', ...keys)
    writeFileSync(
      join(directory, `tui-${name}.svg`),
      svg(await settled(), `The terminal UI of cryoscope: ${name}`),
    )
  }
  tmux('send-keys', 'q')
} finally {
  await wait(500)
  try {
    tmux('kill-server')
  } catch {
    // It ended with the program.
  }
}
