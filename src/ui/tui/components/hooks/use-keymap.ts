import { type Key, useInput } from 'ink'
import { useCallback, useContext, useRef } from 'react'
import { type InputState, inputsOf } from '../../terminal/input.js'
import { CockpitContext } from './use-cockpit.js'

/** Hands what is typed, pasted and clicked to the cockpit, by the names of the key table. */
export function useKeymap(): void {
  const cockpit = useContext(CockpitContext)
  const state = useRef<InputState>({ pasted: undefined })
  const handle = useCallback(
    (text: string, key: Key) => {
      for (const input of inputsOf(text, key, state.current)) cockpit.input(input)
    },
    [cockpit],
  )
  useInput(handle)
}
