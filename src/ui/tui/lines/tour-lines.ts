import type { Cockpit } from '../model/cockpit.js'
import { StyledLine } from './styled.js'

/** The step of the tour that is shown, if one is. */
export function tourLines({ tourLines, columns, settings }: Cockpit): string[] {
  const { theme } = settings
  return tourLines.map((line) =>
    new StyledLine(theme).add(' ').add(line, 'warning', columns).pad(columns).toString(),
  )
}
