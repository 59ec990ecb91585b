import type { Cockpit } from './cockpit.js'

/** Asks for a line of code and runs it. */
export function askCode(cockpit: Cockpit): void {
  const { engine } = cockpit
  if (engine === undefined) {
    cockpit.say('there is no evaluator in this build', 'warning')
    return
  }
  engine.warm()
  const row = cockpit.selected
  const selected = row?.value?.()
  cockpit.prompt(
    ':',
    (code) => {
      if (code.trim() !== '') runCode(cockpit, code, selected)
    },
    { history: cockpit.history.code, complete: (text, at) => engine.complete(text, at) },
  )
}

/** Runs a line of code; what it gives is shown. */
export function runCode(cockpit: Cockpit, code: string, selected: unknown): void {
  const { engine } = cockpit
  if (engine === undefined) return
  const run = async (signal: AbortSignal): Promise<string | undefined> => {
    const text = await engine.evaluate(code, selected, cockpit.columns - 4, signal)
    const lines = text.split('\n')
    if (lines.length === 1) return text === '' ? 'done' : text
    cockpit.read(code, () => lines)
    return undefined
  }
  cockpit.operate('running the code', run, { silent: 0 })
}
