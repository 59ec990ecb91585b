/** What a person did at the terminal. */
export type Input =
  | { readonly kind: 'key'; readonly key: string; readonly text: string }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'click'; readonly row: number; readonly column: number }
  | { readonly kind: 'wheel'; readonly row: number; readonly column: number; readonly lines: number }

const named: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  ' ': 'space',
}
const finals: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  Z: 'shift-tab',
}
const tildes: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  15: 'f5',
}
const pasteStart = '\x1b[200~'
const pasteEnd = '\x1b[201~'
const longestSequence = 64

/** Takes what a terminal sends apart into keys, clicks and pasted text; what comes in pieces is put together. */
export class InputParser {
  #rest = ''

  /** Whether an escape waits for what may follow it. */
  get pending(): boolean {
    return this.#rest !== ''
  }

  /** Inputs that are complete. */
  feed(chunk: string): Input[] {
    let data = this.#rest + chunk
    this.#rest = ''
    const found: Input[] = []
    while (data !== '') {
      const taken = take(data)
      if (taken === undefined) {
        if (data.length > longestSequence && !data.startsWith(pasteStart)) data = data.slice(1)
        else {
          this.#rest = data
          break
        }
      } else {
        if (taken.input !== undefined) found.push(taken.input)
        data = data.slice(taken.length)
      }
    }
    return found
  }

  /** Nothing followed: what waits is a key of its own. */
  flush(): Input[] {
    const rest = this.#rest
    this.#rest = ''
    if (rest === '') return []
    return [key('escape'), ...(rest.length > 1 ? this.feed(rest.slice(1)) : [])]
  }
}

interface Taken {
  readonly input: Input | undefined
  readonly length: number
}

function take(data: string): Taken | undefined {
  if (!data.startsWith('\x1b')) return character(data)
  if (data.startsWith(pasteStart)) {
    const end = data.indexOf(pasteEnd)
    if (end < 0) return undefined
    return {
      input: { kind: 'paste', text: data.slice(pasteStart.length, end) },
      length: end + pasteEnd.length,
    }
  }
  if (data.length === 1) return undefined
  const second = data[1] as string
  if (second === '[' || second === 'O') return sequence(data)
  if (second === '\x1b') return { input: key('escape'), length: 1 }
  const inner = character(data.slice(1))
  return {
    input: inner.input?.kind === 'key' ? key(`alt-${inner.input.key}`, inner.input.text) : undefined,
    length: 1 + inner.length,
  }
}

function character(data: string): Taken {
  const text = String.fromCodePoint(data.codePointAt(0) ?? 0)
  const name = named[text]
  if (name !== undefined) return { input: key(name, name === 'space' ? ' ' : ''), length: text.length }
  if (text < ' ') return { input: key(`ctrl-${String.fromCharCode(text.charCodeAt(0) + 96)}`), length: 1 }
  return { input: key(text, text), length: text.length }
}

function sequence(data: string): Taken | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
  const match = /^\x1b(?:\[([<?]?[0-9;]*)([A-Za-z~])|O([A-Za-z]))/.exec(data)
  if (match === null) return undefined
  const [whole, parameters = '', final = '', short] = match
  const length = whole.length
  if (short !== undefined)
    return { input: finals[short] === undefined ? undefined : key(finals[short]), length }
  if (parameters.startsWith('<')) return { input: mouse(parameters.slice(1), final), length }
  const [first = '', modifier = ''] = parameters.split(';')
  const name = final === '~' ? tildes[first] : finals[final]
  if (name === undefined) return { input: undefined, length }
  const bits = modifier === '' ? 0 : Number(modifier) - 1
  const prefix = `${(bits & 4) !== 0 ? 'ctrl-' : ''}${(bits & 2) !== 0 ? 'alt-' : ''}${(bits & 1) !== 0 ? 'shift-' : ''}`
  return { input: key(`${prefix}${name}`), length }
}

/** SGR mouse reports: button;column;row, M for a press. */
function mouse(parameters: string, final: string): Input | undefined {
  const [button = -1, column = 1, row = 1] = parameters.split(';').map(Number)
  const place = { row: row - 1, column: column - 1 }
  if (button === 64 || button === 65) return { kind: 'wheel', ...place, lines: button === 64 ? -3 : 3 }
  return button === 0 && final === 'M' ? { kind: 'click', ...place } : undefined
}

function key(name: string, text = ''): Input {
  return { kind: 'key', key: name, text }
}
