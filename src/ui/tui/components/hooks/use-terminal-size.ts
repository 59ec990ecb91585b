import { useStdout } from 'ink'
import { useContext, useEffect, useLayoutEffect, useRef } from 'react'
import type { Cockpit } from '../../model/cockpit.js'
import type { Terminal } from '../../terminal/terminal.js'
import { CockpitContext, useCockpit } from './use-cockpit.js'

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

const sizeOf = ({ columns, rows }: Cockpit): TerminalSize => ({ columns, rows })

/** Columns and lines of the terminal, also when they change. */
export function useTerminalSize(): TerminalSize {
  const cockpit = useContext(CockpitContext)
  const stdout = useStdout().stdout as unknown as Terminal
  useEffect(() => {
    const resized = () => cockpit.resize(stdout.width, stdout.height)
    stdout.on('size', resized)
    return () => {
      stdout.off('size', resized)
    }
  }, [cockpit, stdout])
  const size = useCockpit(sizeOf)
  const drawn = useRef(size)
  // Ink has laid out the new size by now.
  useLayoutEffect(() => {
    if (drawn.current === size) return
    drawn.current = size
    stdout.redraw()
  }, [stdout, size])
  return size
}
