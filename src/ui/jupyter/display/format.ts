import { inspect } from 'node:util'
import { Allocator } from '../../../bpf/allocators/allocator.js'
import { Container } from '../../../bpf/containers/container.js'
import { BpfMap } from '../../../bpf/map.js'
import { Program } from '../../../bpf/programs/program-object.js'
import { Frame } from '../../../frame/frame.js'
import { catalogueOf } from '../../../present/columns/catalogues.js'
import { arePlainRows, plainColumns } from '../../../present/columns/plain-rows.js'
import { framed } from '../../../present/html/style.js'
import { Diff } from '../../../report/diff/diff.js'
import type { Story } from '../../../report/story.js'
import { Sched } from '../../../sched/sched.js'
import { Session } from '../../../session/session.js'
import { Vcpu } from '../../../session/vcpu.js'
import type { ObjectValue } from '../../../value/types.js'
import { catalogueView } from './catalogues.js'
import { frameView } from './frame-view.js'
import { mapView } from './map-view.js'
import { displayMethod, isDisplayable, type MimeBundle } from './mime.js'
import {
  allocatorView,
  bytesView,
  containerView,
  diffView,
  explanationView,
  programView,
  schedView,
  sessionView,
  stackView,
  storyView,
  valueView,
  vcpuView,
} from './objects.js'
import { View } from './view.js'

/** How the value of a cell is shown: always as plain text, and as HTML where it is one of ours. */
export function formatValue(value: unknown): MimeBundle {
  if (isDisplayable(value)) return { data: value[displayMethod]() }
  const view = viewOf(value)
  if (view === undefined) return { data: { 'text/plain': plainText(value) } }
  return { data: { 'text/plain': view.text, 'text/html': framed(view.html).text } }
}

/** The picture of a value of ours; undefined for any other. */
export function viewOf(value: unknown): View | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof View) return value
  if (isObjectValue(value)) return valueView(value)
  if (value instanceof BpfMap) return mapView(value)
  if (value instanceof Program) return programView(value)
  if (value instanceof Allocator) return allocatorView(value)
  if (value instanceof Container) return containerView(value)
  if (value instanceof Sched) return schedView(value)
  if (value instanceof Vcpu) return vcpuView(value)
  if (value instanceof Session) return sessionView(value)
  if (value instanceof Frame) return frameView(value)
  if (value instanceof Diff) return diffView(value)
  if ('sentences' in value && Array.isArray(value.sentences)) return storyView(value as Story)
  if (value instanceof Uint8Array) return bytesView(value)
  if ('verdict' in value && 'reasons' in value) return explanationView(value as never)
  if ('frames' in value && 'method' in value) return stackView(value as never)
  if (Array.isArray(value)) {
    const catalogue = catalogueOf(value)
    if (catalogue !== undefined) return catalogueView(value, catalogue)
    return arePlainRows(value)
      ? catalogueView(value, { plural: 'rows', columns: plainColumns(value) })
      : undefined
  }
  return undefined
}

function isObjectValue(value: object): value is ObjectValue {
  const kind: unknown = '$kind' in value ? value.$kind : undefined
  return kind === 'struct' || kind === 'pointer' || kind === 'array'
}

/** What Node's prompt would print. */
export function plainText(value: unknown): string {
  return inspect(value, { colors: false })
}
