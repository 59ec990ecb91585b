/**
 * Makes src/ui/jupyter/widgets/models.ts from the published specification of the Jupyter widgets (@jupyter-widgets/schema).
 * `node scripts/widget-models.js` writes it; a test holds the file to what this makes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const directory = dirname(createRequire(import.meta.url).resolve('@jupyter-widgets/schema/package.json'))
const target = new URL('../src/ui/jupyter/widgets/models.ts', import.meta.url)

/** Names of ipywidgets 6 that later became others. */
const formerNames = {
  IntProgressModel: 'ProgressModel',
  IntRangeSliderModel: 'IntSliderModel',
  FloatRangeSliderModel: 'FloatSliderModel',
}
/** State that front ends keep for themselves, but for these. */
const publicNames = { _dom_classes: 'classes', _options_labels: 'options' }

export function widgetModels() {
  const models = JSON.parse(readFileSync(join(directory, 'jupyterwidgetmodels.latest.json'), 'utf8'))
  const former = readFileSync(join(directory, 'jupyterwidgetmodels.v6.md'), 'utf8')
  const inSix = new Set([...former.matchAll(/_model_name`\s*\|[^|]*\|\s*`'(\w+)'/g)].map(([, name]) => name))
  const classes = new Set(models.map(({ model }) => className(model.name)))
  const parts = models.map((model) => modelText(model, classes, inSix))
  return `/** Made by scripts/widget-models.js from @jupyter-widgets/schema. */\nimport { define, Widget } from './widget.js'\n${parts.join('')}`
}

function className(model) {
  return model.replace(/Model$/, '')
}

function modelText({ model, view, attributes }, classes, inSix) {
  const name = className(model.name)
  const shown = attributes.filter(
    (attribute) => !attribute.name.startsWith('_') || attribute.name in publicNames,
  )
  const isNew = ({ type, default: value }) => type === 'reference' && value === 'reference to new instance'
  const defaults = shown
    .filter((attribute) => !isNew(attribute))
    .map((attribute) => [attribute.name, defaultOf(attribute)])
  const references = shown.filter(isNew).map((attribute) => [attribute.name, attribute.widget])
  const spec = {
    model,
    view,
    six: inSix.has(formerNames[model.name] ?? model.name) ? (formerNames[model.name] ?? model.name) : null,
    defaults: Object.fromEntries(defaults),
    references: Object.fromEntries(references),
  }
  const members = shown.map((attribute) => {
    const help = (attribute.help ?? '').replaceAll('*/', '').replace(/\s+/g, ' ').trim()
    const doc = help === '' ? '' : `  /** ${help} */\n`
    return `${doc}  ${publicNames[attribute.name] ?? attribute.name}: ${typeOf(attribute, classes)}\n`
  })
  return [
    `\nexport interface ${name}State {\n${members.join('')}}\n`,
    `export interface ${name} extends ${name}State {}\n`,
    `export class ${name} extends Widget<${name}State> {}\n`,
    `define('${name}', ${name}, ${JSON.stringify(spec)})\n`,
  ].join('')
}

function defaultOf({ type, default: value }) {
  return type === 'bytes' || value === "b''" ? null : value
}

function typeOf(attribute, classes) {
  const one = (type, of) => {
    if (type === 'string')
      return of.enum ? of.enum.map((value) => JSON.stringify(value)).join(' | ') : 'string'
    if (type === 'int' || type === 'float') return 'number'
    if (type === 'bool') return 'boolean'
    if (type === 'bytes') return 'Uint8Array | null'
    if (type === 'array') return `readonly (${of.items ? one(of.items.type, of.items) : 'unknown'})[]`
    if (type === 'reference') return classes.has(of.widget) ? of.widget : 'Widget'
    return 'unknown'
  }
  const types = [attribute.type].flat().map((type) => one(type, attribute))
  return [...types, ...(attribute.allow_none ? ['null'] : [])].join(' | ')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, widgetModels())
