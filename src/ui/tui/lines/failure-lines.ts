import { types } from 'node:util'
import { escapeText } from '../../../text.js'
import type { Cockpit } from '../model/cockpit.js'
import { StyledLine } from './styled.js'

/** In place of a part of the screen that could not be drawn. */
export function failureLines({ columns, settings }: Cockpit, error: unknown): string[] {
  const { theme } = settings
  const sentence = types.isNativeError(error) ? `${error.name}: ${error.message}` : String(error)
  const stack = types.isNativeError(error) ? (error.stack ?? '').split('\n').slice(1, 6) : []
  return [
    new StyledLine(theme).add(
      ' This part of the screen failed; that is a mistake in cryoscope. Another tab goes on.',
      'problem',
      columns,
    ),
    new StyledLine(theme).add(` ${escapeText(sentence)}`, 'plain', columns),
    ...stack.map((line) => new StyledLine(theme).add(` ${escapeText(line)}`, 'dim', columns)),
  ].map(String)
}
