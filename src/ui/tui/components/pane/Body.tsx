import { Box } from 'ink'
import type { ReactNode } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import { useCockpit } from '../hooks/use-cockpit.js'
import { Overlay } from '../overlay/Overlay.js'
import { Detail } from './Detail.js'
import { Pane } from './Pane.js'

interface Places {
  readonly rows: number
  readonly isBeside: boolean
  readonly hasList: boolean
  readonly hasDetail: boolean
  readonly overlay: 'menu' | 'reading' | undefined
}

function placesOf(cockpit: Cockpit): Places {
  const { page, panes, layout, overlay } = cockpit
  const hasDetail = page.detail !== undefined && panes.detailRows > 0
  return {
    rows: layout.bodyRows,
    isBeside: layout.beside && !page.zoomed,
    hasList: !(hasDetail && page.zoomed),
    hasDetail,
    overlay: overlay?.kind === 'prompt' ? undefined : overlay?.kind,
  }
}

/** The list and the detail of what is under the cursor; menus and texts to be read lie over them. */
export function Body(): ReactNode {
  const { rows, isBeside, hasList, hasDetail, overlay } = useCockpit(placesOf)
  if (overlay !== undefined) return <Overlay rows={rows} />
  return (
    <Box flexDirection={isBeside ? 'row' : 'column'} height={rows} flexShrink={0}>
      {hasList ? <Pane /> : null}
      {hasDetail ? <Detail isBeside={isBeside} /> : null}
    </Box>
  )
}
