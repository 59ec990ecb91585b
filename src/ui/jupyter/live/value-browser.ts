import { hexdumpOfValue } from '../../../present/html/hexdump.js'
import { type Html, html, join } from '../../../present/html/markup.js'
import { valueTree } from '../../../present/html/value-tree.js'
import type { ObjectValue, PointerValue, Value } from '../../../value/types.js'
import { isUnreadable } from '../../../value/unreadable.js'
import { type Go, LiveView } from './live-view.js'

/** A place on the way from the root: what it is called, and how to get there anew after the guest has run. */
interface Place {
  readonly name: string
  readonly read: () => Value
}

const treeLines = 500

/** Walks through values: a click on a pointer goes where it leads, the trail above leads back. */
export class ValueBrowser {
  readonly view: LiveView
  readonly #trail: Place[]
  #asBytes = false

  constructor(name: string, read: () => Value) {
    this.#trail = [{ name, read }]
    this.view = new LiveView({ draw: (go) => this.#draw(go), act: (action) => this.#act(action) })
  }

  #act(action: string): void {
    const [verb = '', ...path] = action.split('/')
    if (verb === 'bytes') this.#asBytes = !this.#asBytes
    if (verb === 'back') this.#trail.splice(Number(path[0]) + 1)
    if (verb !== 'follow') return
    const here = this.#trail.at(-1)
    if (here === undefined) return
    this.#trail.push({
      name: path.map((step) => (/^\d/.test(step) ? `[${step}]` : `.${step}`)).join(''),
      read: () => followed(here.read(), path),
    })
  }

  #draw(go: Go): Html {
    const crumbs = this.#trail.map(({ name }, at) =>
      at === this.#trail.length - 1
        ? html`<b>${name}</b>`
        : html`<span class="go"${go(`back/${at}`)}>${name}</span>`,
    )
    const value = this.#trail.at(-1)?.read()
    const toggle = html`<span class="go" style="float:right"${go('bytes')}>${this.#asBytes ? 'members' : 'bytes'}</span>`
    const trail = html`<div class="m">${toggle}${join(crumbs, ' → ')}</div>`
    if (typeof value !== 'object' || !('$kind' in value) || isUnreadable(value)) {
      return html`${trail}<div class="m">${String(value)}</div>`
    }
    const shown =
      value.$kind === 'pointer' && value.$members.length === 0 ? (value as PointerValue).$target : value
    if (typeof shown !== 'object' || !('$bytes' in shown) || isUnreadable(shown))
      return html`${trail}<div class="m">${String(shown)}</div>`
    const title = html`<div class="d m">${shown.$type} at 0x${shown.$address.toString(16)}, ${shown.$size} bytes</div>`
    const body = this.#asBytes
      ? hexdumpOfValue(shown)
      : valueTree(shown, { lines: treeLines, action: (path) => go(['follow', ...path].join('/')) })
    return html`${trail}${title}<div class="scroll">${body}</div>`
  }
}

/** The struct that the pointer at a path leads to. */
function followed(root: Value, path: readonly string[]): Value {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || !('$kind' in value)) return value
    value =
      value.$kind === 'array'
        ? value.$at(Number(step))
        : ((value as { [name: string]: Value })[step] as Value)
  }
  const pointer = value as ObjectValue
  return pointer.$kind === 'pointer' && !pointer.$isNull ? (pointer as PointerValue).$target : value
}
