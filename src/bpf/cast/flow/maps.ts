import type { Knowledge } from './knowledge.js'
import { type Value, ValueKind } from './values.js'

/** The structs that declare the maps that a value may be; undefined when it may be another. */
export function mapDefinitions(knowledge: Knowledge, value: Value): number[] | undefined {
  const { values } = knowledge
  const found: number[] = []
  for (const member of values.members(value)) {
    let at = member
    for (let next = knowledge.general(at); next !== at; next = knowledge.general(at)) at = next
    if (values.kind(at) !== ValueKind.map || values.ref(at) === 0) return undefined
    found.push(values.ref(at))
  }
  return found
}

/** The type of a map's values by its declaration (`__type(value, …)`); 0 when it has none. */
export function mapValueType(knowledge: Knowledge, definition: number): number {
  const type = memberType(knowledge, definition, 'value')
  const shape = type === undefined ? undefined : knowledge.types.of(type)
  return shape?.kind === 'pointer' ? shape.target : 0
}

/** The declaration of the maps that a map of maps holds (`__array(values, …)`); 0 when it holds none. */
export function innerMapDefinition(knowledge: Knowledge, definition: number): number {
  const { types } = knowledge
  const type = memberType(knowledge, definition, 'values')
  const shape = type === undefined ? undefined : types.of(type)
  const element = shape?.kind === 'array' ? types.of(shape.element) : undefined
  const inner = element?.kind === 'pointer' ? element.target : 0
  return inner !== 0 && types.of(inner).kind === 'struct' ? inner : 0
}

function memberType(knowledge: Knowledge, definition: number, name: string): number | undefined {
  const shape = knowledge.types.of(definition)
  return shape.kind === 'struct' ? shape.parts.find((part) => part.name === name)?.typeId : undefined
}
