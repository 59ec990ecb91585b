import { Text } from 'ink'
import { memo, type ReactNode, useContext } from 'react'
import { CockpitContext } from '../hooks/use-cockpit.js'
import { type Pieces, samePieces } from './pieces.js'

export interface LineProps {
  readonly pieces: Pieces
}

/**
 * A line whose parts differ in tone, as one element: a Box for each part would make every frame twice as dear. What is
 * too wide is cut at its end.
 */
export const Line = memo(
  function Line({ pieces }: LineProps): ReactNode {
    const { theme } = useContext(CockpitContext).settings
    return (
      <Text wrap="truncate-end">
        {pieces.length === 0
          ? ' '
          : pieces.map(({ text, tone }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a part of a line is its place
              <Text key={i} {...theme[tone]}>
                {text}
              </Text>
            ))}
      </Text>
    )
  },
  (before, after) => samePieces(before.pieces, after.pieces),
)
