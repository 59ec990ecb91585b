/** What the published specification says of one model. */
export interface ModelSpec {
  readonly model: ModuleName & { readonly name: string }
  readonly view: ModuleName & { readonly name: string | null }
  /** What ipywidgets 6 calls the model; null where it has none. */
  readonly six: string | null
  readonly defaults: Readonly<Record<string, unknown>>
  /** Attributes that hold a new widget of their own, by the name of its class. */
  readonly references: Readonly<Record<string, string>>
}

interface ModuleName {
  readonly module: string
  readonly version: string
}

/**
 * The protocol that a front end speaks: 8 for `@jupyter-widgets/*` (ipywidgets 7 and 8, JupyterLab, Notebook 7), 6 for
 * `jupyter-js-widgets` (ipywidgets 6, the classic Notebook of Debian 12).
 */
export type Generation = 6 | 8

/** What attributes are called in cells, where the specification has another name. */
export const publicNames: Readonly<Record<string, string>> = {
  classes: '_dom_classes',
  options: '_options_labels',
}
