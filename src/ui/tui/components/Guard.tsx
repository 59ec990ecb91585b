import { types } from 'node:util'
import { Box, Text } from 'ink'
import { Component, type ReactNode } from 'react'
import { escapeText } from '../../../text.js'
import { CockpitContext, useCockpit } from './hooks/use-cockpit.js'

interface PartProps {
  readonly children: ReactNode
  readonly grow?: boolean
}

const tabOf = ({ tab }: { readonly tab: number }): number => tab

/** A part of the screen; when it cannot be drawn it says so, and the others go on. Another tab is another try. */
export function Part({ children, grow = false }: PartProps): ReactNode {
  const tab = useCockpit(tabOf)
  return (
    <Box flexDirection="column" flexShrink={0} flexGrow={grow ? 1 : 0}>
      <Guard key={tab}>{children}</Guard>
    </Box>
  )
}

class Guard extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  static override contextType = CockpitContext
  declare context: React.ContextType<typeof CockpitContext>
  override state: { readonly error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    const { theme } = this.context.settings
    const sentence = types.isNativeError(error) ? `${error.name}: ${error.message}` : String(error)
    const stack = types.isNativeError(error) ? (error.stack ?? '').split('\n').slice(1, 6) : []
    return (
      <>
        <Text wrap="truncate-end" {...theme.problem}>
          {' This part of the screen failed; that is a mistake in cryoscope. Another tab goes on.'}
        </Text>
        <Text wrap="truncate-end"> {escapeText(sentence)}</Text>
        {stack.map((line) => (
          <Text key={line} wrap="truncate-end" {...theme.dim}>
            {` ${escapeText(line)}`}
          </Text>
        ))}
      </>
    )
  }
}
