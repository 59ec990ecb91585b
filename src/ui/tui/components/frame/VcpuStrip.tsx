import { Box } from 'ink'
import type { ReactNode } from 'react'
import { placeText } from '../../../../present/columns/vcpus.js'
import { escapeText } from '../../../../text.js'
import type { Cockpit } from '../../model/cockpit.js'
import { useReading } from '../hooks/use-cockpit.js'
import { Line } from '../text/Line.js'
import { LineOfPieces, type Pieces } from '../text/pieces.js'

/** Where each vCPU stands and what it runs; marked when it has moved, or runs another task. */
export function VcpuStrip(): ReactNode {
  const { rows, height, width } = useReading(stripOf)
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      {rows.map((cells, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: vCPUs have their places
        <Box key={row}>
          {cells.map(({ index, pieces }) => (
            <Box key={index} width={width} flexShrink={0}>
              <Line pieces={pieces} />
            </Box>
          ))}
        </Box>
      ))}
    </Box>
  )
}

interface Strip {
  readonly height: number
  readonly width: number
  readonly rows: readonly (readonly { readonly index: number; readonly pieces: Pieces }[])[]
}

function stripOf(cockpit: Cockpit): Strip {
  const { layout, columns, isLive, vcpus } = cockpit
  const height = layout.stripRows
  if (isLive) {
    const pieces: Pieces = [{ text: ' vCPUs run: f freezes them', tone: 'dim' }]
    return { height, width: columns, rows: [[{ index: 0, pieces }]] }
  }
  const perRow = Math.max(1, Math.ceil(vcpus.length / height))
  const width = Math.floor(columns / perRow)
  const cells = vcpus.map((vcpu) => ({ index: vcpu.index, pieces: cellOf(cockpit, vcpu, width - 1) }))
  const rows = Array.from({ length: Math.min(height, Math.ceil(cells.length / perRow)) }, (_, row) =>
    cells.slice(row * perRow, (row + 1) * perRow),
  )
  return { height, width, rows }
}

function cellOf({ ledger, cpu: chosen }: Cockpit, vcpu: Cockpit['vcpus'][number], width: number): Pieces {
  const { index, cpu, task, halted } = vcpu
  const before = ledger.cellsBefore(`vcpus/${index}`)
  const place = escapeText(placeText(vcpu))
  const runs = task === undefined ? '' : escapeText(`${task.name} (${task.pid})`)
  const moved = before !== undefined && before[2] !== place
  const switched = before !== undefined && runs !== '' && before[3] !== runs
  const isChosen = index === chosen
  return new LineOfPieces(width)
    .add(isChosen ? '›' : ' ', 'accent')
    .add(moved || switched ? '~' : ' ', 'changed')
    .add(`${index}${cpu === index ? '' : `=${cpu ?? '?'}`} `, isChosen ? 'accent' : 'dim')
    .add(place, moved ? 'changed' : 'plain')
    .add('  ')
    .add(runs, switched ? 'changed' : 'pointer')
    .add(halted === true ? ' halted' : '', 'dim').pieces
}
