import { inspect } from 'node:util'
import { CryoscopeError } from '../../errors.js'
import { Session } from '../../session/session.js'
import type { Control, Target } from '../../session/target.js'
import type { AnyGuest } from '../../session/untyped.js'
import { currentSignal } from './cell-scope.js'

type Listener = (session: Session) => void

/** Sessions that cells opened and that are not closed: they end with the kernel. */
const opened = new Set<Session>()
const listeners = new WeakMap<Session, Set<Listener>>()
const everywhere = new Set<Listener>()
/** Where the options are in a call of control that can take long. */
const optionsAt: Readonly<Record<string, number>> = { freeze: 0, advance: 1, runUntil: 1, trace: 2, dump: 2 }

/**
 * The same session, but known to the notebook: interrupting a cell stops what it waits for, views hear when the guest
 * has run, and the kernel closes it when it ends.
 */
export function adopt(session: Session): AnyGuest {
  const { control } = session.target
  if (control === undefined) return keep(session)
  const tell = () => {
    for (const listener of [...(listeners.get(adopted) ?? []), ...everywhere]) listener(adopted)
  }
  const target: Target = { ...session.target, control: observed(control, tell, () => opened.delete(adopted)) }
  const adopted = new Session(target)
  // Going elsewhere in a record is none of what control does.
  session.target.record?.onStateChange((state) => {
    if (state === 'frozen') tell()
  })
  return keep(adopted)
}

/** Calls back after each stop and thaw of the guest. Returns what ends that. */
export function onChange(session: Session, listener: Listener): () => void {
  const all = listeners.get(session) ?? new Set()
  listeners.set(session, all.add(listener))
  return () => all.delete(listener)
}

/** The same for every session: for views of values, which do not know their session. */
export function onAnyChange(listener: Listener): () => void {
  everywhere.add(listener)
  return () => everywhere.delete(listener)
}

/** Ends every guest that cells started and lets go of the others. Never waits longer than a moment. */
export async function closeSessions(): Promise<void> {
  const sessions = [...opened]
  opened.clear()
  await Promise.allSettled(sessions.map((session) => session.close()))
}

function keep(session: Session): AnyGuest {
  opened.add(session)
  return session as AnyGuest
}

function observed(control: Control, tell: () => void, forget: () => void): Control {
  return new Proxy(control, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const result: unknown = member.apply(target, interruptible(name, given))
        if (name === 'close' || name === 'stop') forget()
        return result instanceof Promise ? result.finally(tell) : result
      }
    },
  })
}

/** The arguments with the running cell's signal, unless they have one. */
function interruptible(name: string | symbol, given: readonly unknown[]): unknown[] {
  const at = typeof name === 'string' ? optionsAt[name] : undefined
  const signal = currentSignal()
  if (at === undefined || signal === undefined) return [...given]
  const words = [...given]
  while (words.length < at) words.push(undefined)
  words[at] = { signal, ...(words[at] as object | undefined) }
  return words
}

const hint = "no target is open: vm = await demo(), vm = await boot({ … }) or vm = await open('vmcore')"

/** What `vm` is before a target is open: any use says how to open one. */
export function unopened(): Session {
  const refuse = (): never => {
    throw new CryoscopeError('usage', hint)
  }
  return new Proxy({ [inspect.custom]: () => hint } as unknown as Session, {
    get: (_target, name) => (typeof name === 'symbol' || name === 'then' ? undefined : refuse()),
    set: refuse,
    has: () => false,
  })
}
