import { inspect } from 'node:util'
import type { Html } from '../../../present/html/markup.js'
import { framed } from '../../../present/html/style.js'
import { displayMethod } from './mime.js'

/** Something to look at: a picture or a table, and the same in plain text for where no HTML is shown. */
export class View {
  readonly #text: () => string
  readonly #html: () => Html

  constructor(text: () => string, html: () => Html) {
    this.#text = text
    this.#html = html
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
    return { 'text/plain': this.text, 'text/html': framed(this.html).text }
  }

  [inspect.custom](): string {
    return this.text
  }
}
