/** What a piece of text is, for the theme to say how it looks. */
export type Tone =
  | 'plain'
  | 'dim'
  | 'heading'
  | 'accent'
  | 'name'
  | 'type'
  | 'number'
  | 'pointer'
  | 'changed'
  | 'good'
  | 'warning'
  | 'problem'
  | 'selected'
  | 'unfocused'
  | 'bar'
  | 'tab'

/** SGR parameters for each tone; '' is the terminal's own. */
export type Theme = Readonly<Record<Tone, string>>

const dark: Theme = {
  plain: '',
  dim: '38;5;245',
  heading: '1',
  accent: '1;38;5;80',
  name: '38;5;152',
  type: '38;5;245',
  number: '',
  pointer: '38;5;110',
  changed: '1;38;5;215',
  good: '38;5;114',
  warning: '38;5;215',
  problem: '1;38;5;203',
  selected: '48;5;24;38;5;231',
  unfocused: '48;5;237',
  bar: '48;5;236;38;5;252',
  tab: '1;4;38;5;80',
}

const light: Theme = {
  plain: '',
  dim: '38;5;243',
  heading: '1',
  accent: '1;38;5;24',
  name: '38;5;24',
  type: '38;5;243',
  number: '',
  pointer: '38;5;25',
  changed: '1;38;5;130',
  good: '38;5;28',
  warning: '38;5;130',
  problem: '1;38;5;160',
  selected: '48;5;153;38;5;16',
  unfocused: '48;5;254',
  bar: '48;5;254;38;5;235',
  tab: '1;4;38;5;24',
}

/** Blue against orange: both are told apart with any of the common deficiencies. */
const colourBlind: Theme = {
  ...dark,
  good: '38;5;75',
  changed: '1;38;5;214',
  warning: '38;5;214',
  problem: '1;7;38;5;214',
  pointer: '4;38;5;75',
}

/** Weight and inversion only. */
const none: Theme = {
  plain: '',
  dim: '2',
  heading: '1',
  accent: '1',
  name: '',
  type: '2',
  number: '',
  pointer: '4',
  changed: '1',
  good: '',
  warning: '1',
  problem: '1',
  selected: '7',
  unfocused: '4',
  bar: '7',
  tab: '1;4',
}

export const themes = { dark, light, 'colour-blind': colourBlind, none } as const

export type ThemeName = keyof typeof themes

/** The text in that tone. */
export function paint(theme: Theme, tone: Tone, text: string): string {
  const style = theme[tone]
  return style === '' || text === '' ? text : `\x1b[${style}m${text}\x1b[0m`
}
