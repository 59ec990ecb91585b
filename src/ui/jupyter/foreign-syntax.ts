const shell = (): string => "(await import('node:child_process')).execSync('command', { encoding: 'utf8' })"

/** What IPython's magics and shell lines are for, and how cells say it here. */
const magics: Readonly<Record<string, string>> = {
  bash: shell(),
  sh: shell(),
  system: shell(),
  sx: shell(),
  cd: "process.chdir('directory')",
  pwd: 'process.cwd()',
  ls: "(await import('node:fs')).readdirSync('.')",
  env: 'process.env.NAME',
  set_env: "process.env.NAME = 'value'",
  pip: 'npm install NAME in the directory of the notebook, in a terminal; then import it',
  conda: 'npm install NAME in the directory of the notebook, in a terminal; then import it',
  time: "console.time('it'); …; console.timeEnd('it')",
  timeit: "console.time('it'); …; console.timeEnd('it')",
  matplotlib: 'nothing: series, histogram, spans and plot draw into the notebook',
  pylab: 'nothing: series, histogram, spans and plot draw into the notebook',
  load_ext: "import { … } from 'package'",
  load: "(await import('node:fs')).readFileSync('file', 'utf8')",
  run: "await import('./file.js')",
  writefile: "(await import('node:fs')).writeFileSync('file', text)",
  html: 'display.html(text)',
  HTML: 'display.html(text)',
  svg: 'display.svg(text)',
  SVG: 'display.svg(text)',
  markdown: 'display.markdown(text)',
  javascript: 'the cell as it is: it runs beside the target, not in the browser',
  js: 'the cell as it is: it runs beside the target, not in the browser',
  capture: 'const shown = …, and no last line',
  sql: 'frame(…).filter(…).groupBy(…).rollup(…)',
  who: 'Tab, which lists names, or Shift-Tab on one',
  whos: 'Tab, which lists names, or Shift-Tab on one',
  reset: 'Kernel → Restart',
  debug: 'display(…) of what is of interest; errors name the line of the cell',
}

const forms: readonly (readonly [form: RegExp, said: (word: string) => string])[] = [
  [/^\s*(%%?[A-Za-z]\w*)/, (word) => `${word} is a magic of IPython; ${insteadOf(word.replace(/^%+/, ''))}`],
  [
    /^\s*!\s*([\w./~-]+)/,
    (word) => `"!${word}" runs a command in IPython; here it is ${shell().replace('command', `${word} …`)}`,
  ],
  [
    /^\s*(?:\?{1,2}(?=[\w$.]+\s*$)|(?=[\w$.]+\?{1,2}\s*$))([\w$.]+)\?*\s*$/,
    (word) => `"${word}?" asks IPython for help; here it is Shift-Tab on ${word}, or vm.help()`,
  ],
]

function insteadOf(magic: string): string {
  const instead = Object.hasOwn(magics, magic) ? magics[magic] : undefined
  return instead === undefined ? 'cells are TypeScript here' : `here it is ${instead}`
}

/**
 * What to write instead, of a cell that is no TypeScript because it holds what only IPython knows: `%magic`, `%%magic`, `!command`,
 * `name?`. Undefined of any other: for cells that were refused, since `!ready` is both.
 */
export function foreignSyntax(code: string): string | undefined {
  for (const [at, line] of code.split('\n').entries()) {
    for (const [form, said] of forms) {
      const word = form.exec(line)?.[1]
      if (word !== undefined) return `${at + 1}:1 - ${said(word)}\n  ${line}`
    }
  }
  return undefined
}
