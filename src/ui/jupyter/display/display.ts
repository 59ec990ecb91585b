import { randomUUID } from 'node:crypto'
import { host } from '../host.js'
import { formatValue } from './format.js'
import type { MimeBundle } from './mime.js'

/** Shows values in the output of the running cell: `display(vm.maps)`. */
export interface Display {
  /** Shows each value as it would be shown as the result of a cell. */
  (...values: readonly unknown[]): void
  /** Text that is HTML already. */
  html(html: string): void
  markdown(text: string): void
  svg(svg: string): void
  png(bytes: Uint8Array): void
  /** Shows a value in the front end's pager, beside the notebook. */
  page(value: unknown): void
  /**
   * Shows a value that is replaced later, also from another cell: `const shown = display.handle(vm.sched); … shown.update(vm.sched)`.
   * What was shown under the same `id` changes with it.
   */
  handle(value: unknown, id?: string): DisplayHandle
  /** Any formats of one thing: `{ 'text/plain': …, 'application/json': … }`. */
  raw(data: Readonly<Record<string, unknown>>): void
}

/** Something that was shown and can be shown anew in its place. */
export interface DisplayHandle {
  readonly id: string
  update(value: unknown): void
}

function show(bundle: MimeBundle): void {
  host().display(bundle)
}

function handle(value: unknown, id: string = randomUUID()): DisplayHandle {
  const bundle = (shown: unknown): MimeBundle => ({ ...formatValue(shown), transient: { display_id: id } })
  show(bundle(value))
  return { id, update: (next) => host().display(bundle(next), true) }
}

export const display: Display = Object.assign(
  (...values: readonly unknown[]) => {
    for (const value of values) show(formatValue(value))
  },
  {
    html: (html: string) => show({ data: { 'text/html': html } }),
    markdown: (text: string) => show({ data: { 'text/markdown': text } }),
    svg: (svg: string) => show({ data: { 'image/svg+xml': svg } }),
    png: (bytes: Uint8Array) => show({ data: { 'image/png': Buffer.from(bytes).toString('base64') } }),
    page: (value: unknown) => host().page(formatValue(value)),
    handle,
    raw: (data: Readonly<Record<string, unknown>>) => show({ data }),
  },
)

/** Empties the output of the running cell; `wait` until something new is shown. */
export function clearOutput(wait = false): void {
  host().output.send({ type: 'clear_output', content: { wait } })
}

/**
 * Asks whoever sits at the notebook for a line of text.
 *
 * @example const pid = Number(await prompt('which pid?'))
 */
export async function prompt(question = '', options: { readonly password?: boolean } = {}): Promise<string> {
  return await host().ask(question, options.password === true)
}
