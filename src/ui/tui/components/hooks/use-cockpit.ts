import { isDeepStrictEqual } from 'node:util'
import { createContext, useCallback, useContext, useRef, useSyncExternalStore } from 'react'
import type { Cockpit } from '../../model/cockpit.js'

/** The store that the screen shows. */
export const CockpitContext = createContext<Cockpit>(undefined as unknown as Cockpit)

interface Seen<T> {
  readonly version: number
  readonly select: (cockpit: Cockpit) => T
  readonly value: T
}

/**
 * A part of what the cockpit knows; the component is drawn again only when that part differs. `select` should be the same
 * function each time (outside of the component, or useCallback).
 */
export function useCockpit<T>(select: (cockpit: Cockpit) => T): T {
  const cockpit = useContext(CockpitContext)
  const seen = useRef<Seen<T> | undefined>(undefined)
  const snapshot = useCallback((): T => {
    const last = seen.current
    const { version } = cockpit
    if (last?.version === version && last.select === select) return last.value
    const made = select(cockpit)
    const value = last !== undefined && isDeepStrictEqual(last.value, made) ? last.value : made
    seen.current = { version, select, value }
    return value
  }, [cockpit, select])
  return useSyncExternalStore(cockpit.subscribe, snapshot)
}

/** The same of what is read from the guest: it stays as it was while the record is on its way to another time. */
export function useReading<T>(select: (cockpit: Cockpit) => T): T {
  const last = useRef<{ readonly value: T } | undefined>(undefined)
  const still = useCallback(
    (cockpit: Cockpit): T => {
      if (!cockpit.isTravelling || last.current === undefined) last.current = { value: select(cockpit) }
      return last.current.value
    },
    [select],
  )
  return useCockpit(still)
}
