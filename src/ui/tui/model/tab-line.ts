import type { Cockpit } from './cockpit.js'

export interface PlacedTab {
  readonly index: number
  readonly key: string
  readonly label: string
  readonly isCurrent: boolean
  /** Columns of the screen, for clicks. */
  readonly from: number
  readonly to: number
}

/** The tabs, each with its key; where they do not fit, their short names, and last only the one that is seen. */
export function tabLine({ tabs, tab, columns, settings }: Cockpit): readonly PlacedTab[] {
  const { keymap } = settings
  const keys = tabs.map(({ name }) => {
    const action = keymap.actions.find((candidate) => candidate.name === name)
    return action === undefined ? '' : (keymap.keysOf(action)[0] ?? '')
  })
  const widthWith = (names: readonly string[], gap: number): number =>
    names.reduce((sum, name, i) => sum + name.length + (keys[i]?.length ?? 0) + 2 + gap, gap)
  const full = tabs.map(({ title }) => title)
  const short = tabs.map((entry) => entry.short)
  const names = [full, short].find((all) => widthWith(all, 0) <= columns)
  const gap = names !== undefined && widthWith(names, 1) <= columns ? ' ' : ''
  let at = gap.length
  return tabs.map(({ title, trouble }, index) => {
    const isCurrent = index === tab
    const shown = names?.[index] ?? (isCurrent ? title : '')
    const mark = trouble ? '!' : ' '
    const label = `${isCurrent ? `[${shown}]` : ` ${shown}${shown === '' ? '' : mark}`}${gap}`
    const key = keys[index] ?? ''
    const from = at
    at += key.length + label.length
    return { index, key, label, isCurrent, from, to: at }
  })
}
