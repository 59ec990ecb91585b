import type { Generation, ModelSpec } from './spec.js'

export type State = Record<string, unknown>
type Path = (string | number)[]

/** A state as it travels: bytes are taken out, and where they were. */
export interface WireState {
  readonly state: State
  readonly paths: readonly Path[]
  readonly buffers: readonly Uint8Array[]
}

/** What refers to a widget inside a state. */
const reference = 'IPY_MODEL_'

export interface Referable {
  readonly id: string
  readonly spec: ModelSpec
}

/** Makes a state ready to travel; `isWidget` tells which of its values are widgets. */
export function packState(state: State, isWidget: (value: unknown) => value is Referable): WireState {
  const paths: Path[] = []
  const buffers: Uint8Array[] = []
  const pack = (value: unknown, path: Path): unknown => {
    if (isWidget(value)) return reference + value.id
    if (value instanceof Uint8Array) {
      paths.push(path)
      buffers.push(value)
      return undefined
    }
    if (Array.isArray(value)) return value.map((item, index) => pack(item, [...path, index]) ?? null)
    if (isPlain(value)) {
      const entries = Object.entries(value).map(([key, item]) => [key, pack(item, [...path, key])] as const)
      return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
    }
    return value
  }
  return { state: pack(state, []) as State, paths, buffers }
}

/** Puts bytes and widgets back into a state that a front end sent. Paths that lead nowhere are passed over. */
export function unpackState(
  state: State,
  paths: readonly unknown[],
  buffers: readonly Uint8Array[],
  find: (id: string) => unknown,
): State {
  for (const [index, path] of paths.entries()) {
    if (!Array.isArray(path) || path.length === 0) continue
    let holder: unknown = state
    for (const key of path.slice(0, -1)) {
      holder = typeof holder === 'object' && holder !== null ? (holder as State)[String(key)] : undefined
    }
    if (typeof holder === 'object' && holder !== null) {
      Object.defineProperty(holder, String(path.at(-1)), {
        value: buffers[index],
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
  }
  const join = (value: unknown): unknown => {
    if (typeof value === 'string' && value.startsWith(reference))
      return find(value.slice(reference.length)) ?? value
    if (Array.isArray(value)) return value.map(join)
    if (!isPlain(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, join(item)]))
  }
  return join(state) as State
}

function isPlain(value: unknown): value is State {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** What says which model and view a state is for. */
export function identity({ model, view, six }: ModelSpec, generation: Generation): State {
  const old = generation === 6
  return {
    _model_module: old ? sixModule : model.module,
    _model_module_version: old ? sixVersion : model.version,
    _model_name: old ? six : model.name,
    _view_module: view.name === null ? null : old ? sixModule : view.module,
    _view_module_version: view.name === null ? '' : old ? sixVersion : view.version,
    // Range sliders were sliders that had `_range` set.
    _view_name: old ? (view.name?.replace('RangeSlider', 'Slider') ?? null) : view.name,
  }
}

export const sixVersion = '~2.1.4'
const sixModule = 'jupyter-js-widgets'
/** Attributes that ipywidgets 6 does not know. */
const laterNames = new Set(['tabbable', 'tooltip', 'description_allow_html'])

/** The state of a model as ipywidgets 6 has it; `all` is the whole state, `part` what is to be sent. */
export function toSix(
  spec: ModelSpec,
  all: State,
  part: State,
  isWidget: (value: unknown) => value is Referable,
): State {
  const result: State = {}
  for (const [name, value] of Object.entries(part)) {
    if (laterNames.has(name) || (value === null && name in spec.references)) continue
    if (isWidget(value) && value.spec.six === null) continue
    result[name] = value
  }
  if (isSelection(spec) && 'index' in result) {
    const labels = all._options_labels as readonly string[]
    const { index } = result
    result.value = Array.isArray(index)
      ? index.map((at) => labels[at as number])
      : (labels[index as number] ?? null)
    delete result.index
  }
  if (spec.model.name === 'ImageModel' && 'value' in result) {
    const bytes = result.value as Uint8Array | null
    result._b64value = bytes === null ? '' : Buffer.from(bytes).toString('base64')
    delete result.value
  }
  if (/RangeSlider/.test(spec.model.name)) result._range = true
  return result
}

/** The other way: what a front end of ipywidgets 6 changed. */
export function fromSix(spec: ModelSpec, all: State, part: State): State {
  if (!isSelection(spec) || !('value' in part)) return part
  const labels = all._options_labels as readonly string[]
  const { value, ...rest } = part
  const at = (label: unknown) => labels.indexOf(String(label))
  return { ...rest, index: Array.isArray(value) ? value.map(at) : at(value) }
}

/** Models that choose among labels. */
function isSelection({ defaults }: ModelSpec): boolean {
  return '_options_labels' in defaults && 'index' in defaults
}
