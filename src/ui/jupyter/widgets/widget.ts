import { anyText } from '../../../contract/any.js'
import { type Comm, type CommMessage, newId } from '../comm.js'
import { displayMethod } from '../display/mime.js'
import { host } from '../host.js'
import { frontEnd } from './front-end.js'
import { type ModelSpec, publicNames } from './spec.js'
import {
  fromSix,
  identity,
  packState,
  type Referable,
  type State,
  toSix,
  unpackState,
  type WireState,
} from './state.js'

const specs = new Map<unknown, ModelSpec>()
const classes = new Map<string, new () => Widget>()
/** Widgets that front ends may speak of, by id. */
export const live = new Map<string, Widget>()

/** Gives a class its model. The generated file calls it for each. */
export function define(name: string, widget: new () => Widget, spec: ModelSpec): void {
  specs.set(widget, spec)
  classes.set(name, widget)
  const attributes = [...Object.keys(spec.defaults), ...Object.keys(spec.references)]
  for (const attribute of attributes) {
    const [shown] = Object.entries(publicNames).find(([, wire]) => wire === attribute) ?? [attribute]
    Object.defineProperty(widget.prototype, shown, {
      enumerable: true,
      configurable: true,
      get(this: Widget) {
        return this.state[attribute]
      },
      set(this: Widget, value: unknown) {
        this.set({ [shown]: value })
      },
    })
  }
}

/**
 * The kernel's half of a widget. Its attributes are properties: setting one changes what the browser shows, and what
 * a person changes there is read here, or heard of by `observe`.
 */
export class Widget<Attributes extends object = object> implements Referable {
  readonly id = newId()
  readonly spec: ModelSpec
  /** By the names of the protocol. */
  readonly state: State
  readonly #comm: Comm
  readonly #watchers = new Map<string, Set<(value: unknown, previous: unknown) => unknown>>()
  readonly #listeners = new Set<(content: State, buffers: readonly Uint8Array[]) => unknown>()

  constructor(attributes: Partial<Attributes> = {}) {
    const spec = specs.get(new.target)
    if (spec === undefined) throw new TypeError(`${new.target.name} is no widget by itself`)
    this.spec = spec
    this.state = structuredClone(spec.defaults) as State
    const given = renamed(attributes)
    for (const name of Object.keys(given)) {
      if (!(name in spec.defaults) && !(name in spec.references)) {
        throw new TypeError(`${new.target.name} has no attribute ${name}`)
      }
    }
    for (const [name, of] of Object.entries(spec.references)) this.state[name] = given[name] ?? made(of)
    Object.assign(this.state, given)
    live.set(this.id, this)
    this.#comm = this.#open()
    this.#comm.onMessage = (message) => this.#take(message)
    this.#comm.onClose = () => live.delete(this.id)
  }

  /** Changes several attributes at once. */
  set(attributes: Partial<Attributes>): void {
    const changed = this.#assign(renamed(attributes))
    if (changed.length > 0) this.sendState(changed.map(({ name }) => name))
    void this.#tell(changed)
  }

  /** Calls back when an attribute has changed, from here or in the browser. Returns what ends that. */
  observe<Name extends keyof Attributes & string>(
    name: Name,
    callback: (value: Attributes[Name], previous: Attributes[Name]) => unknown,
  ): () => void {
    const key = publicNames[name] ?? name
    const all = this.#watchers.get(key) ?? new Set()
    this.#watchers.set(key, all)
    all.add(callback as (value: unknown, previous: unknown) => unknown)
    return () => all.delete(callback as (value: unknown, previous: unknown) => unknown)
  }

  /** Calls back when a button is pressed. */
  onClick(callback: () => unknown): () => void {
    return this.onMessage((content) => (content.event === 'click' ? callback() : undefined))
  }

  /** Calls back for messages of the widget's own. */
  onMessage(callback: (content: State, buffers: readonly Uint8Array[]) => unknown): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  /** Shows it in the output of the running cell. */
  show(): void {
    host().display({ data: this[displayMethod]() })
  }

  /** Removes it everywhere. */
  close(): void {
    live.delete(this.id)
    this.#comm.close()
  }

  [displayMethod](): Record<string, unknown> {
    const six = frontEnd.generation === 6
    // ipywidgets 6 draws on this message; text in the bundle would appear below the widget.
    if (six) this.#comm.send({ method: 'display' })
    const view = { version_major: six ? 1 : 2, version_minor: 0, model_id: this.id }
    const name = this.spec.model.name.replace(/Model$/, '')
    const text = 'value' in this.state ? `${name}(${anyText(this.state.value).slice(0, 80)})` : name
    return { ...(six ? {} : { 'text/plain': text }), 'application/vnd.jupyter.widget-view+json': view }
  }

  /** The whole state, or some of it, as the front end wants it. */
  wireState(names?: readonly string[]): WireState {
    const part =
      names === undefined ? this.state : Object.fromEntries(names.map((name) => [name, this.state[name]]))
    const shaped = frontEnd.generation === 6 ? toSix(this.spec, this.state, part, isWidget) : part
    const whole = names === undefined ? { ...identity(this.spec, frontEnd.generation), ...shaped } : shaped
    return packState(whole, isWidget)
  }

  sendState(names?: readonly string[]): void {
    const { state, paths, buffers } = this.wireState(names)
    const data =
      frontEnd.generation === 6
        ? { method: 'update', state, buffers: paths.map(([name]) => name) }
        : { method: 'update', state, buffer_paths: paths }
    this.#comm.send(data, {}, buffers)
  }

  #open(): Comm {
    const { state, paths, buffers } = this.wireState()
    const { comms } = host()
    if (frontEnd.generation === 6) return comms.open('jupyter.widget', { id: this.id, data: state })
    const metadata = { version: '2.1.0' }
    const data = { state, buffer_paths: paths }
    return comms.open('jupyter.widget', { id: this.id, data, metadata, buffers })
  }

  async #take({ data, buffers }: CommMessage): Promise<void> {
    const { method } = data
    if (method === 'request_state') return this.sendState()
    if (method === 'custom') {
      for (const listener of this.#listeners) await listener((data.content ?? {}) as State, buffers)
      return
    }
    if (method === 'backbone') {
      const keys = (data.buffer_keys ?? []) as readonly unknown[]
      const state = this.#unpacked(
        data.sync_data,
        keys.map((key) => [key]),
        buffers,
      )
      return await this.#tell(this.#assign(fromSix(this.spec, this.state, state)))
    }
    if (method !== 'update') return
    const paths = (data.buffer_paths ?? []) as readonly unknown[]
    // Since protocol 2.1 every front end hears what one of them changed.
    this.#comm.send({ method: 'echo_update', state: data.state, buffer_paths: paths }, {}, buffers)
    await this.#tell(this.#assign(this.#unpacked(data.state, paths, buffers)))
  }

  #unpacked(state: unknown, paths: readonly unknown[], buffers: readonly Uint8Array[]): State {
    const copy = structuredClone(typeof state === 'object' && state !== null ? state : {}) as State
    return unpackState(copy, paths, buffers, (id) => live.get(id))
  }

  #assign(part: State): Change[] {
    const changed = Object.keys(part)
      .filter((name) => Object.hasOwn(this.state, name) && !Object.is(this.state[name], part[name]))
      .map((name) => ({ name, previous: this.state[name] }))
    for (const { name } of changed) this.state[name] = part[name]
    return changed
  }

  async #tell(changed: readonly Change[]): Promise<void> {
    for (const { name, previous } of changed) {
      for (const watcher of this.#watchers.get(name) ?? []) await watcher(this.state[name], previous)
    }
  }
}

interface Change {
  readonly name: string
  readonly previous: unknown
}

function isWidget(value: unknown): value is Widget {
  return value instanceof Widget
}

function made(of: string): Widget | null {
  const widget = classes.get(of)
  const isKnown = frontEnd.generation === 8 || specs.get(widget)?.six !== null
  return widget !== undefined && isKnown ? new widget() : null
}

function renamed(attributes: object): State {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [publicNames[name] ?? name, value]),
  )
}
