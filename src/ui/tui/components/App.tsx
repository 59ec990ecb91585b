import { Box, Transform } from 'ink'
import { Component, type ReactNode, useSyncExternalStore } from 'react'
import { bodyLines } from '../lines/body-lines.js'
import { failureLines } from '../lines/failure-lines.js'
import { crumbLine, hintLine, messageLine, stripLines, tabLine, titleLine } from '../lines/frame-lines.js'
import { tourLines } from '../lines/tour-lines.js'
import type { Cockpit } from '../model/cockpit.js'
import type { LineFrames } from '../terminal/line-frames.js'

type Draw = (cockpit: Cockpit) => readonly string[]

const drawHead: Draw = (cockpit) => [titleLine(cockpit), ...stripLines(cockpit), tabLine(cockpit)]
const drawBody: Draw = (cockpit) => [crumbLine(cockpit), ...bodyLines(cockpit)]
const drawFoot: Draw = (cockpit) => [messageLine(cockpit), hintLine(cockpit)]

interface AppProps {
  readonly cockpit: Cockpit
  readonly frames: LineFrames
}

/** The whole screen. */
export function App({ cockpit, frames }: AppProps): ReactNode {
  useSyncExternalStore(cockpit.subscribe, () => cockpit.version)
  return (
    <Box flexDirection="column" height={cockpit.rows} overflow="hidden">
      <Part cockpit={cockpit} frames={frames} part={0} draw={drawHead} />
      <Part cockpit={cockpit} frames={frames} part={1} draw={tourLines} />
      <Part cockpit={cockpit} frames={frames} part={2} draw={drawBody} />
      <Part cockpit={cockpit} frames={frames} part={3} draw={drawFoot} />
    </Box>
  )
}

interface PartProps extends AppProps {
  /** Its number among the parts. */
  readonly part: number
  readonly draw: Draw
}

/** A part of the screen; when it cannot be drawn it says so, and the others go on. Another tab is another try. */
function Part(props: PartProps): ReactNode {
  return (
    <Guard key={props.cockpit.tab} {...props}>
      <Drawn {...props} />
    </Guard>
  )
}

function Drawn({ cockpit, frames, part, draw }: PartProps): ReactNode {
  return <Lines frames={frames} part={part} lines={draw(cockpit)} />
}

interface LinesProps {
  readonly frames: LineFrames
  readonly part: number
  readonly lines: readonly string[]
}

/** Lines that are ready for the terminal; what Ink lays out stands for them. */
function Lines({ frames, part, lines }: LinesProps): ReactNode {
  frames.put(part, lines)
  if (lines.length === 0) return null
  return (
    <Box height={lines.length} flexShrink={0}>
      <Transform
        transform={(_, index) => frames.token(part, index)}
      >{`${' \n'.repeat(lines.length - 1)} `}</Transform>
    </Box>
  )
}

interface GuardProps extends PartProps {
  readonly children: ReactNode
}

class Guard extends Component<GuardProps, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    const { cockpit, frames, part } = this.props
    return <Lines frames={frames} part={part} lines={failureLines(cockpit, error)} />
  }
}
