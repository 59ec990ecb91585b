import type { TextProps } from 'ink'

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

/** How Ink's Text draws a tone. */
export type TextStyle = Pick<
  TextProps,
  'color' | 'backgroundColor' | 'bold' | 'dimColor' | 'underline' | 'inverse'
>

export type Theme = Readonly<Record<Tone, TextStyle>>

/** A colour of the 256 that xterm has; where there are fewer, the nearest is taken. */
const colour = (number: number): string => `ansi256(${number})`

const dark: Theme = {
  plain: {},
  dim: { color: colour(245) },
  heading: { bold: true },
  accent: { bold: true, color: colour(80) },
  name: { color: colour(152) },
  type: { color: colour(245) },
  number: {},
  pointer: { color: colour(110) },
  changed: { bold: true, color: colour(215) },
  good: { color: colour(114) },
  warning: { color: colour(215) },
  problem: { bold: true, color: colour(203) },
  selected: { backgroundColor: colour(24), color: colour(231) },
  unfocused: { backgroundColor: colour(237) },
  bar: { backgroundColor: colour(236), color: colour(252) },
}

const light: Theme = {
  plain: {},
  dim: { color: colour(243) },
  heading: { bold: true },
  accent: { bold: true, color: colour(24) },
  name: { color: colour(24) },
  type: { color: colour(243) },
  number: {},
  pointer: { color: colour(25) },
  changed: { bold: true, color: colour(130) },
  good: { color: colour(28) },
  warning: { color: colour(130) },
  problem: { bold: true, color: colour(160) },
  selected: { backgroundColor: colour(153), color: colour(16) },
  unfocused: { backgroundColor: colour(254) },
  bar: { backgroundColor: colour(254), color: colour(235) },
}

/** Blue against orange: both are told apart with any of the common deficiencies. */
const colourBlind: Theme = {
  ...dark,
  good: { color: colour(75) },
  changed: { bold: true, color: colour(214) },
  warning: { color: colour(214) },
  problem: { bold: true, inverse: true, color: colour(214) },
  pointer: { underline: true, color: colour(75) },
}

/** Weight and inversion only. */
const none: Theme = {
  plain: {},
  dim: { dimColor: true },
  heading: { bold: true },
  accent: { bold: true },
  name: {},
  type: { dimColor: true },
  number: {},
  pointer: { underline: true },
  changed: { bold: true },
  good: {},
  warning: { bold: true },
  problem: { bold: true },
  selected: { inverse: true },
  unfocused: { underline: true },
  bar: { inverse: true },
}

export const themes = { dark, light, 'colour-blind': colourBlind, none } as const

export const tones = Object.keys(none) as readonly Tone[]

export type ThemeName = keyof typeof themes

export type Colours = Partial<Readonly<Record<Tone, string>>>

/** A theme with other colours for some tones; that without colours stays without. */
export function withColours(theme: Theme, colours: Colours): Theme {
  if (theme === none) return theme
  const changed = Object.entries(colours).map(([tone, color]) => [tone, { ...theme[tone as Tone], color }])
  return changed.length === 0 ? theme : { ...theme, ...Object.fromEntries(changed) }
}

/** What was asked for, where the terminal can show it: NO_COLOR and terminals without colours count first. */
export function themeFor({ NO_COLOR, TERM = '' }: NodeJS.ProcessEnv, wanted: ThemeName = 'dark'): ThemeName {
  return NO_COLOR || /^(?:vt\d|dumb$)/.test(TERM) ? 'none' : wanted
}
