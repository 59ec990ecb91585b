import { Box } from 'ink'
import type { ReactNode } from 'react'
import type { Cockpit } from '../model/cockpit.js'
import type { Theme } from '../style/theme.js'
import { Breadcrumbs } from './frame/Breadcrumbs.js'
import { HintBar } from './frame/HintBar.js'
import { MessageLine } from './frame/MessageLine.js'
import { Tabs } from './frame/Tabs.js'
import { TimeLine } from './frame/TimeLine.js'
import { TitleBar } from './frame/TitleBar.js'
import { Tour } from './frame/Tour.js'
import { VcpuStrip } from './frame/VcpuStrip.js'
import { Part } from './Guard.js'
import { CockpitContext, useCockpit } from './hooks/use-cockpit.js'
import { useKeymap } from './hooks/use-keymap.js'
import { useTerminalSize } from './hooks/use-terminal-size.js'
import { Body } from './pane/Body.js'

export interface AppProps {
  readonly cockpit: Cockpit
}

/** The whole terminal UI. */
export function App({ cockpit }: AppProps): ReactNode {
  return (
    <CockpitContext value={cockpit}>
      <Screen />
    </CockpitContext>
  )
}

const themeOf = ({ settings }: Cockpit): Theme => settings.theme

function Screen(): ReactNode {
  const { columns, rows } = useTerminalSize()
  const theme = useCockpit(themeOf)
  useKeymap()
  return (
    // Colours are in every part: another theme is another screen.
    <Box key={JSON.stringify(theme)} flexDirection="column" width={columns} height={rows}>
      <Part>
        <TitleBar />
        <TimeLine />
        <VcpuStrip />
        <Tabs />
      </Part>
      <Part>
        <Tour />
      </Part>
      <Part grow>
        <Breadcrumbs />
        <Body />
      </Part>
      <Part>
        <MessageLine />
        <HintBar />
      </Part>
    </Box>
  )
}
