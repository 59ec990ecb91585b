import type { Input } from '../terminal/input.js'
import type { Cockpit } from './cockpit.js'
import { type Menu, type Overlay, type Prompt, type Reading, readLines } from './overlay.js'

/** What keys do while something lies over the panes. */
export function overlayInput(cockpit: Cockpit, overlay: Overlay, input: Input): void {
  if (overlay.kind === 'prompt') promptInput(cockpit, overlay, input)
  else if (overlay.kind === 'menu') menuInput(cockpit, overlay, input)
  else readingInput(cockpit, overlay, input)
}

function promptInput(cockpit: Cockpit, prompt: Prompt, input: Input): void {
  const { editor } = prompt
  if (input.kind === 'paste') editor.insert(input.text)
  else if (input.kind !== 'key') return
  else {
    switch (input.key) {
      case 'enter': {
        cockpit.overlay = undefined
        const { text } = editor
        if (text.trim() !== '' && prompt.history.at(-1) !== text) (prompt.history as string[]).push(text)
        prompt.submit(text)
        return
      }
      case 'escape':
        cockpit.overlay = undefined
        prompt.cancel?.()
        return
      case 'up':
        recall(prompt, -1)
        break
      case 'down':
        recall(prompt, 1)
        break
      case 'tab':
        complete(cockpit, prompt, 1)
        return
      case 'shift-tab':
        complete(cockpit, prompt, -1)
        return
      default:
        if (!editor.key(input.key)) {
          if (input.text === '') return
          editor.insert(input.text)
        }
    }
  }
  prompt.chosen = -1
  prompt.change?.(editor.text)
  offer(cockpit, prompt)
}

/** Milliseconds after which one is told that something is looked for: types are read before the first completion. */
const patience = 400

/** Finds what can be meant, now or soon. */
function offer(cockpit: Cockpit, prompt: Prompt): void {
  const { editor } = prompt
  const { text, at } = editor
  const found = prompt.complete?.(text, at) ?? []
  prompt.isLooking = false
  if (!(found instanceof Promise)) {
    prompt.completions = found
    return
  }
  prompt.completions = []
  const isCurrent = () => cockpit.overlay === prompt && editor.text === text && editor.at === at
  const timer = setTimeout(() => {
    if (!isCurrent()) return
    prompt.isLooking = true
    cockpit.changed()
  }, patience)
  found
    .finally(() => clearTimeout(timer))
    .then(
      (completions) => {
        if (!isCurrent()) return
        prompt.isLooking = false
        prompt.completions = completions
        cockpit.changed()
      },
      // Without types there is nothing to offer.
      () => {
        prompt.isLooking = false
        cockpit.changed()
      },
    )
}

function recall(prompt: Prompt, distance: number): void {
  const { history, editor } = prompt
  prompt.historyAt = Math.max(0, Math.min(history.length, prompt.historyAt + distance))
  editor.set(history[prompt.historyAt] ?? '')
}

/** Puts in the next of what can be meant. */
function complete(cockpit: Cockpit, prompt: Prompt, distance: number): void {
  const { editor } = prompt
  if (prompt.completions.length === 0) offer(cockpit, prompt)
  const { completions } = prompt
  if (completions.length === 0) return
  prompt.chosen = (prompt.chosen + distance + completions.length) % completions.length
  const chosen = completions[prompt.chosen]
  if (chosen === undefined) return
  const rest = editor.text.slice(editor.at)
  editor.text = editor.text.slice(0, chosen.from) + chosen.text + rest
  editor.at = chosen.from + chosen.text.length
}

function menuInput(cockpit: Cockpit, menu: Menu, input: Input): void {
  if (input.kind !== 'key') return
  const { items } = menu
  const direct = items.find(({ key }) => key === input.key)
  if (direct !== undefined) {
    cockpit.overlay = undefined
    direct.run()
    return
  }
  switch (input.key) {
    case 'escape':
    case 'q':
      cockpit.overlay = undefined
      return
    case 'up':
    case 'k':
      menu.cursor = (menu.cursor + items.length - 1) % items.length
      return
    case 'down':
    case 'j':
    case 'tab':
      menu.cursor = (menu.cursor + 1) % items.length
      return
    case 'enter':
      cockpit.overlay = undefined
      items[menu.cursor]?.run()
  }
}

function readingInput(cockpit: Cockpit, reading: Reading, input: Input): void {
  const page = Math.max(1, cockpit.layout.bodyRows - 1)
  const last = (): number => Math.max(0, readLines(reading, cockpit.columns - 4).length - page)
  const move = (distance: number) => {
    reading.top = Math.max(0, Math.min(reading.top + distance, last()))
  }
  if (input.kind === 'wheel') move(input.lines)
  if (input.kind !== 'key') return
  if (reading.isTyping === true) {
    searchInput(reading, input)
    return
  }
  switch (input.key) {
    case 'up':
    case 'k':
      move(-1)
      return
    case 'down':
    case 'j':
      move(1)
      return
    case 'pageup':
    case 'ctrl-b':
      move(-page)
      return
    case 'pagedown':
    case 'ctrl-f':
    case 'space':
      move(page)
      return
    case 'home':
      reading.top = 0
      return
    case 'end':
      reading.top = last()
      return
    case '/':
      reading.query ??= ''
      reading.isTyping = true
      return
    case 'escape':
      if (reading.query !== undefined) reading.query = undefined
      else cockpit.overlay = undefined
      return
    default:
      cockpit.overlay = undefined
  }
}

/** Words that are typed after /: what has them stays, as one types. */
function searchInput(reading: Reading, { key, text }: { readonly key: string; readonly text: string }): void {
  const query = reading.query ?? ''
  reading.top = 0
  if (key === 'enter') reading.isTyping = false
  else if (key === 'escape') {
    reading.isTyping = false
    reading.query = undefined
  } else if (key === 'backspace') reading.query = query.slice(0, -1)
  else if (key === 'ctrl-u') reading.query = ''
  else reading.query = query + text
}
