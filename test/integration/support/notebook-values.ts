/** Notebooks as they are kept: run, with what their cells showed, and whether another run shows the same. */

interface Output {
  readonly output_type: string
  readonly name?: string
  readonly text?: string | readonly string[]
  readonly data?: Readonly<Record<string, unknown>>
}

/** What of a cell's output is another at each run, besides addresses and times: kept in the cell's metadata. */
interface Varying {
  /** What is not compared. */
  readonly varies?: readonly string[]
  /** The lines that are compared, where most are others each time. */
  readonly keeps?: readonly string[]
  /** Lines come in any order, as those of a hash. */
  readonly unordered?: boolean
}

export interface Cell {
  readonly cell_type: string
  readonly id?: string
  readonly source: string | readonly string[]
  readonly metadata?: { readonly cryoscope?: Varying }
  readonly outputs?: readonly Output[]
  readonly execution_count?: number | null
}

export interface Notebook {
  readonly cells: readonly Cell[]
  readonly metadata: Readonly<Record<string, unknown>>
}

const widgetView = 'application/vnd.jupyter.widget-view+json'
const charts = 'image/svg+xml'
/** Where the programs of the examples were compiled: their line information has it. */
const compiledAt = /(?:\/[\w.-]+)+\/(?=examples\/scx_)/g

/**
 * The notebook for its file: widgets are of no use without their kernel, so their pictures stay and they go; where a chart has a
 * picture, it alone is kept, which hosts of code show, and no times of cells.
 */
export function kept(notebook: Notebook): Notebook {
  const { widgets: _, ...metadata } = notebook.metadata
  const cells = notebook.cells.map((cell) => {
    const { execution: __, ...rest } = (cell.metadata ?? {}) as Record<string, unknown>
    const outputs = cell.outputs?.map((output) => withoutPlaces({ ...output, ...keptData(output) }))
    return { ...cell, metadata: rest, ...(outputs === undefined ? {} : { outputs }) }
  })
  return { ...notebook, metadata, cells } as Notebook
}

function withoutPlaces(output: Output): Output {
  return JSON.parse(JSON.stringify(output).replace(compiledAt, '')) as Output
}

function keptData({ data }: Output): { readonly data?: Readonly<Record<string, unknown>> } {
  if (data === undefined) return {}
  const left = Object.entries(data).filter(
    ([type]) => type !== widgetView && !(type === 'text/html' && charts in data),
  )
  return {
    data: Object.fromEntries(
      left.map(([type, value]) => [
        type,
        type === 'text/html' ? splitText(textOf(value).replace(/cs-still-\w+/g, 'cs-still')) : value,
      ]),
    ),
  }
}

/** Addresses and times are those of a run, and so is how wide columns are because of them. */
const ofTheRun: readonly (readonly [RegExp, string])[] = [
  [/\b0x[0-9a-f]{5,16}\b/g, '0x…'],
  [/\b\d+(?:[.,]\d+)* ?(?:ns|µs|us|ms|s|min)\b/g, '… s'],
  [/[▀-▟]+/g, '…'],
  [/@[\w-]+/g, '@…'],
]

/** What a cell showed, as lines without what differs from run to run. */
export function valuesOf(cell: Cell): string[] {
  const { varies = [], keeps = [], unordered = false } = cell.metadata?.cryoscope ?? {}
  const kept = keeps.map((text) => new RegExp(text))
  const masks = [...varies.map((text) => [new RegExp(text, 'gm'), '…'] as const), ...ofTheRun]
  return (cell.outputs ?? []).flatMap((output) => {
    const { output_type: type, name, data } = output
    const formats = Object.keys(data ?? {}).filter((format) => format !== widgetView)
    const lines = textOf(output.text ?? data?.['text/plain'] ?? '')
      .split('\n')
      .filter((line) => kept.length === 0 || kept.some((pattern) => pattern.test(line)))
      .map((line) => masks.reduce((text, [pattern, word]) => text.replace(pattern, word), line))
      .map((line) => line.replace(/\s+/g, ' ').trim())
      .filter((line) => line !== '' && line !== '…')
    return [[type, name, ...formats.sort()].filter(Boolean).join(' '), ...(unordered ? lines.sort() : lines)]
  })
}

/** What a run showed that the kept notebook does not, or the other way round, by cell; empty when they say the same. */
export function differences(before: Notebook, now: Notebook): string[] {
  const code = (notebook: Notebook) => kept(notebook).cells.filter(({ cell_type: type }) => type === 'code')
  const [old, fresh] = [code(before), code(now)]
  return old.flatMap((cell, at) => {
    // Both by what the kept one says of itself.
    const other = { ...fresh[at], metadata: cell.metadata } as Cell
    const [a, b] = [valuesOf(cell), valuesOf(other)]
    const length = Math.max(a.length, b.length)
    for (let line = 0; line < length; line++) {
      if (a[line] !== b[line])
        return [
          `cell ${at + 1}, line ${line + 1}:\n  kept: ${a[line] ?? '(no more)'}\n  now:  ${b[line] ?? '(no more)'}`,
        ]
    }
    return []
  })
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join('') : String(value)
}

/** As notebooks keep text: a line each, so that a change is seen. */
function splitText(text: string): string[] {
  return text.split(/(?<=\n)/)
}
