import { inspect } from 'node:util'
import { pictureOf } from '../../../present/html/chart-hand.js'
import type { Html } from '../../../present/html/markup.js'
import { framed } from '../../../present/html/style.js'
import { displayMethod } from './mime.js'

/** Something to look at: a picture or a table, and the same in plain text for where no HTML is shown. */
export class View {
  readonly #text: () => string
  readonly #html: () => Html
  readonly #title: string | undefined

  /** `title` is put into the picture of a chart that is shown alone. */
  constructor(text: () => string, html: () => Html, title?: string) {
    this.#text = text
    this.#html = html
    this.#title = title
  }

  /** What it is without a frame, to be put into something larger. */
  get html(): Html {
    return this.#html()
  }

  get text(): string {
    return this.#text()
  }

  toString(): string {
    return this.text
  }

  [displayMethod](): Record<string, string> {
    const { html } = this
    const picture = pictureOf(html, this.#title)
    const formats = { 'text/plain': this.text, 'text/html': framed(html).text }
    return picture === undefined ? formats : { ...formats, 'image/svg+xml': picture }
  }

  [inspect.custom](): string {
    return this.text
  }
}
